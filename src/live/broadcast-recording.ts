import type { InitSegment } from '../fmp4/init-segment.js';
import type { WholeSegment } from '../hls/whole-segment.js';
import type { ChatEntry } from '../protocol/chat-messages.js';
import type { StreamDescription } from '../protocol/stream-description.js';
import type { BroadcastOptions, RecordingShape } from './broadcast-options.js';
import type { TellOfGap } from './recorder.js';
import type { BegunRecording, Recordings } from './recordings.js';

export interface BroadcastRecordingOptions extends RecordingShape {
  readonly recordings: Recordings;
  readonly stream: string;
  readonly broadcast: string;
  readonly describe: () => StreamDescription;
  readonly onGap: TellOfGap;
  /** Told of each that is over and has gaps. */
  readonly onMissing?: ((id: string, missingSeconds: number) => void) | undefined;
}

const defaultShape: RecordingShape = { renditions: true, longestSeconds: 12 * 3600 };

/** What is kept of one broadcast: nothing, one recording, or several where somebody switched it off and on again. */
export class BroadcastRecording {
  readonly #options: BroadcastRecordingOptions;
  #current: BegunRecording | undefined;
  /** Of this broadcast, also those that are over. */
  readonly #begun: BegunRecording[] = [];
  /** The number of its first segment. */
  #first = 0;
  /** Where the last whole segment ends, in the recording and by the clock. */
  #edge = { atSeconds: 0, timeMs: 0, longestSeconds: 0 };
  #lastId: string | undefined;
  /** What those before it wait for. */
  #finishing: Promise<void> = Promise.resolve();

  constructor(options: BroadcastRecordingOptions) {
    this.#options = options;
  }

  /** The last one; undefined when nothing was recorded. */
  get id(): string | undefined {
    return this.#lastId;
  }

  segment(segment: WholeSegment, init: InitSegment, targetDurationSeconds: number): void {
    const { recordings, stream } = this.#options;
    if (!recordings.wishFor(stream).record) return void this.end();
    // What goes on for days is several recordings: nobody has to read the manifest of all of them.
    if (this.#edge.atSeconds >= this.#options.longestSeconds) void this.end();
    this.#current ??= this.#begin(segment, targetDurationSeconds);
    this.#current.recorder.segment(segment, init);
    const { durationSeconds, programDateTimeMs } = segment;
    this.#edge = { atSeconds: this.#edge.atSeconds + durationSeconds, timeMs: programDateTimeMs + durationSeconds * 1000, longestSeconds: 2 * targetDurationSeconds };
  }

  /** The same of a rendition beside the best, where all of them are kept. */
  renditionSegment(rendition: string, segment: WholeSegment, init: InitSegment): void {
    if (this.#options.renditions && segment.mediaSequence >= this.#first) this.#current?.recorder.segment(segment, init, rendition);
  }

  /** Kept with the picture that was captured when it was said. What was said before the recording began is not in it. */
  said(entry: ChatEntry): void {
    const { atSeconds, timeMs, longestSeconds } = this.#edge;
    // Behind the edge comes the segment in the making; a source that pauses has it begin later.
    const behindSeconds = Math.min(Math.max(0, (entry.sentAtMs - timeMs) / 1000), longestSeconds);
    this.#current?.chat.say({ ...entry, atSeconds: Math.round((atSeconds + behindSeconds) * 1000) / 1000 });
  }

  /** Also from what is over: whoever said it, it is gone. */
  deleted(id: number): void {
    // What fails was told.
    for (const { chat } of this.#begun) void chat.delete(id).catch(() => undefined);
  }

  /** Resolves when the recording is whole, or its store is not waited for any longer. */
  end(): Promise<void> {
    const { id } = this.#current ?? {};
    this.#current = undefined;
    if (id !== undefined) this.#finishing = this.#finishing.then(() => this.#finish(id));
    return this.#finishing;
  }

  async #finish(id: string): Promise<void> {
    const { recordings, onMissing } = this.#options;
    await recordings.finish(id);
    const { missingSeconds = 0 } = recordings.find(id)?.sums ?? {};
    if (missingSeconds > 0) onMissing?.(id, missingSeconds);
  }

  #begin({ programDateTimeMs, mediaSequence }: WholeSegment, targetDurationSeconds: number): BegunRecording {
    const { recordings, stream, broadcast, describe, onGap } = this.#options;
    const startedAt = new Date(Math.round(programDateTimeMs)).toISOString();
    const begun = recordings.begin({ stream, broadcast, startedAt, targetDurationSeconds }, describe(), onGap);
    this.#begun.push(begun);
    this.#lastId = begun.id;
    this.#first = mediaSequence;
    this.#edge = { atSeconds: 0, timeMs: 0, longestSeconds: 0 };
    return begun;
  }
}

/**
 * Records a broadcast where and when it is wanted, with what is logged and counted when that fails.
 * @param warn tells the publisher
 */
export function recordBroadcast({ recordings, stream, id: broadcast, recordingShape = defaultShape, descriptions, log, onEvent }: BroadcastOptions, warn: (message: string) => void): BroadcastRecording | undefined {
  if (!recordings) return undefined;
  const onGap: TellOfGap = (err, missingSeconds) => {
    if (!err) {
      log.info({ stream, broadcast, missingSeconds }, 'the disk takes the recording again; what is missing is a gap in it');
      return warn(`The server’s disk takes the recording again. ${missingWords(missingSeconds)}`);
    }
    onEvent?.('recording-failed');
    log.warn({ stream, broadcast, missingSeconds, err }, 'the recording has a gap: its disk does not take all that is written');
    warn(`The server’s disk does not take all of the recording (${err.message}). The live stream goes on; what is missing from the recording is a gap in it.`);
  };
  const onMissing = (recording: string, missingSeconds: number): void => log.warn({ stream, broadcast, recording, missingSeconds }, 'a recording is over, and some of it is missing');
  return new BroadcastRecording({ ...recordingShape, recordings, stream, broadcast, describe: () => descriptions.get(stream), onGap, onMissing });
}

function missingWords(seconds: number): string {
  if (seconds === 0) return 'Nothing of the picture is missing from it.';
  return `${seconds.toFixed(1)} seconds are missing from it, as a gap.`;
}
