import { readdir } from 'node:fs/promises';
import type { Test } from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import type { WholeSegment } from '../../src/hls/whole-segment.js';
import { RecordWishes } from '../../src/live/record-wishes.js';
import { indexName } from '../../src/live/recording-index.js';
import { Recordings, type RecordingsOptions } from '../../src/live/recordings.js';
import { Semaphore } from '../../src/live/semaphore.js';
import type { JsonFile } from '../../src/storage/json-file.js';
import { Filled } from '../helpers/filled.js';
import { initSegment, videoTrack } from '../helpers/media-builder.js';
import { temporaryDirectory } from '../helpers/programs.js';
import { until } from './fake-studio.js';

export const recordedInit = readInitSegment(initSegment([videoTrack]));
export const recordedFacts = { stream: 'cam', broadcast: 'run', startedAt: '2026-01-02T03:04:05.000Z', targetDurationSeconds: 2 };

/** So many segments of 2 s, as a rendition closes them. */
export function wholeSegments(count: number): WholeSegment[] {
  const segments: WholeSegment[] = [];
  new Filled({ keeper: undefined, onSegment: (segment) => segments.push(segment) }).segments(count);
  return segments;
}

export const recordWishes = (file: JsonFile | undefined, byDefault = false): RecordWishes =>
  new RecordWishes({
    file,
    byDefault,
    onFailure: (error) => {
      throw error;
    },
  });

/** Recordings in a folder of the test. */
export async function openRecordings(t: Test, options: Partial<RecordingsOptions> = {}): Promise<Recordings & { directory: string }> {
  const directory = options.directory ?? (await temporaryDirectory(t));
  const recordings = new Recordings({ directory, turns: new Semaphore(1), wishes: recordWishes(undefined), maxAgeDays: 0, maxBytes: 0, ...options });
  await recordings.open();
  t.teardown(() => recordings.close());
  return Object.assign(recordings, { directory });
}

/** One of so many segments that is over; answers its id. */
export async function keepRecording(recordings: Recordings, segments: number, { title = 'A show', ...facts }: Partial<typeof recordedFacts> & { title?: string } = {}): Promise<string> {
  const { id, recorder } = recordings.begin({ ...recordedFacts, ...facts }, { title }, () => undefined);
  for (const segment of wholeSegments(segments)) recorder.segment(segment, recordedInit);
  // The end waits for a disk for a moment only.
  await until(() => recorder.sums.durationSeconds === 2 * segments);
  await recordings.finish(id);
  return id;
}

/** What lies there beside the index of all. */
export async function foldersIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name !== indexName).sort();
}
