import type { ManifestEnd, ManifestStart } from '../hls/manifest.js';
import type { StreamDescription } from '../protocol/stream-description.js';
import type { RecordedChat } from './recorded-chat.js';
import type { Recorder } from './recorder.js';
import { searchable, type Listed } from './recording-catalogue.js';

/** One recording, as it is listed. */
export interface Recording {
  readonly id: string;
  readonly start: ManifestStart;
  readonly description: StreamDescription;
  /** `recording` while it grows; `interrupted` when its server died, complete up to the last segment. */
  readonly state: 'recording' | 'complete' | 'interrupted';
  readonly sums: Omit<ManifestEnd, 'type'>;
  /** Shown to nobody but whom the stream's key shows it. */
  readonly private: boolean;
}

/** A new id, which tells what it is of, and since when. @param random letters and digits */
export function recordingId(stream: string, startedAt: string, random: string): string {
  return `${stream}-${startedAt.replace(/\.\d+|[-:]/g, '')}-${random}`;
}

/** The stream of a recording that is not known here; undefined: it is no recording's id. */
export function streamOfRecording(id: string): string | undefined {
  return /^([\w-]{1,64})-\d{8}T\d{6}Z-[0-9a-f]{8}$/.exec(id)?.[1];
}

/** What is known of it. */
export interface KeptRecording extends Listed {
  readonly start: ManifestStart;
  description: StreamDescription;
  words: string;
  /** undefined while it grows. */
  end: Omit<ManifestEnd, 'type'> | undefined;
  recorder: Recorder | undefined;
  /** Of those that this process recorded, or took a message away from. */
  chat: RecordedChat | undefined;
  /** When somebody last read of its media. */
  readAtMs: number;
  /** Since when it is to be removed, and was spared for those who watch it. */
  dueSinceMs: number | undefined;
}

/** How lists have it: their order, and what can be looked for. */
export function listedAs({ id, start: { stream, startedAt }, description }: Pick<Recording, 'id' | 'start' | 'description'>): Listed {
  return { id, stream, startedAtMs: Date.parse(startedAt), words: wordsOf(stream, description) };
}

/** What is searched for words. */
export function wordsOf(stream: string, { title, description }: StreamDescription): string {
  return searchable(stream, title, description);
}

/** Of one that grows: what there is so far. */
export function sumsNow(end: KeptRecording['end'], recorder: Recorder | undefined): Recording['sums'] {
  return end ?? recorder?.sums ?? { durationSeconds: 0, byteLength: 0 };
}

/** What all of them weigh, and how much of them is missing. */
export interface SumsOfAll {
  readonly byteLength: number;
  readonly missingSeconds: number;
}

export function sumsOfAll(all: readonly Pick<KeptRecording, 'end' | 'recorder'>[]): SumsOfAll {
  const sums = all.map(({ end, recorder }) => sumsNow(end, recorder));
  return { byteLength: sums.reduce((sum, { byteLength }) => sum + byteLength, 0), missingSeconds: sums.reduce((sum, { missingSeconds = 0 }) => sum + missingSeconds, 0) };
}
