import { Session } from 'node:inspector/promises';
import type { Readable } from 'node:stream';
import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { Encoded } from '../../src/hls/encoded.js';
import { Presentation } from '../../src/hls/presentation.js';
import { SegmentArchive } from '../../src/live/segment-archive.js';
import type { MediaStore, Pieces } from '../../src/storage/media-store.js';
import { never, start, timing } from '../helpers/filled.js';
import { fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';
import { turns } from '../live/fake-studio.js';

const [windowHours, hours, segmentsAnHour] = [2, 6, 1800];
const mostAnHour = 10 * 1024 * 1024;

/** A disk of any size: it knows what it has, and gives as many bytes of nothing. */
class EndlessStore implements MediaStore {
  readonly sizes = new Map<string, number>();
  reads = 0;

  async put(name: string, { byteLength }: Pieces): Promise<void> {
    this.sizes.set(name, byteLength);
  }

  async open(name: string): Promise<Readable> {
    throw new Error(`expected ${name} to be read in one go`);
  }

  async read(name: string, range: { readonly byteLength: number }): Promise<{ bytes: Buffer; letGo: () => void }> {
    if (!this.sizes.has(name)) throw new Error(`there is no ${name}`);
    this.reads += 1;
    return { bytes: Buffer.alloc(range.byteLength), letGo: () => undefined };
  }

  async remove(name: string): Promise<void> {
    this.sizes.delete(name);
  }

  async append(): Promise<void> {}

  async clear(): Promise<void> {
    this.sizes.clear();
  }
}

/** Half a second at 0.3 Mbit/s: all of the media of an hour is 144 MB, and could not be missed. */
function halfASecond(number: number): Fragment {
  const sample = { track: videoTrack, startSeconds: number / 2, durationSeconds: 0.5, keyframe: number % 4 === 0 };
  const [event] = new FragmentReader().push(fragmentBytes([sample], Buffer.alloc(20_000, number)));
  if (event?.type !== 'fragment') throw new Error('expected a fragment');
  return event.fragment;
}

t.test(`memory stays within 10 MB from one hour of a broadcast to the next, with ${windowHours} hours to go back to and somebody who does`, async (t) => {
  const store = new EndlessStore();
  const failures: Error[] = [];
  const onFailure = (error: Error): void => void failures.push(error);
  const keeper = new SegmentArchive({ store, onWriteFailure: onFailure, onReadFailure: onFailure });
  const presentation = new Presentation({ listedSegments: 6, rewindSeconds: windowHours * 3600, broadcast: 'run1', keeper, startTimer: () => () => undefined });
  presentation.startTimeline({ init: readInitSegment(initSegment([videoTrack])), captureTimeMs: start });
  presentation.freeze(timing, undefined);
  const session = new Session();
  session.connect();
  t.teardown(() => session.disconnect());
  const inUse = async (): Promise<number> => {
    await session.post('HeapProfiler.collectGarbage');
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  const goBack = async (segment: number): Promise<void> => {
    const { lead } = presentation;
    const playlist = await lead.rewindPlaylist('dvr', segment % 200 === 0 ? {} : { _HLS_skip: 'YES' }, never);
    if (!(playlist.body instanceof Encoded)) throw new Error(`expected the longer playlist, got "${playlist.outcome}"`);
    t.ok(playlist.body.gzip.length > 0);
    const { body } = await lead.media(`${Math.max(0, segment - segmentsAnHour)}.m4s`, never);
    if (body && 'open' in body) (await body.read?.(0, body.byteLength))?.letGo();
  };
  const used: number[] = [];
  for (let hour = 0; hour < hours; hour++) {
    for (let segment = hour * segmentsAnHour; segment < (hour + 1) * segmentsAnHour; segment++) {
      for (let part = segment * 4; part < (segment + 1) * 4; part++) {
        presentation.appendPart({ type: 'part', fragments: [halfASecond(part)], startSeconds: part / 2, durationSeconds: 0.5, independent: part % 4 === 0 });
      }
      presentation.endSegment();
      await turns(4);
      if (segment % 20 === 0) await goBack(segment);
    }
    used.push(await inUse());
  }
  const megabytes = used.map((bytes) => (bytes / 1048576).toFixed(1)).join(', ');
  for (let hour = 1; hour < hours; hour++) t.ok(Math.abs((used[hour] ?? 0) - (used[hour - 1] ?? 0)) < mostAnHour, `MB after each hour: ${megabytes}`);
  // A segment that left the list stays for as long as the list is long; from then on as much goes as comes.
  t.ok(Math.abs((used.at(-1) ?? 0) - (used[2 * windowHours] ?? 0)) < mostAnHour / 2, `MB after each hour: ${megabytes}`);
  t.comment(`MB after each hour: ${megabytes}`);
  t.ok(store.reads > (hours - 2) * (segmentsAnHour / 20), `${store.reads} segments were read from the store`);
  t.ok(store.sizes.size < 2.1 * windowHours * segmentsAnHour, `${store.sizes.size} segments are in the store`);
  t.strictSame(failures, []);
});
