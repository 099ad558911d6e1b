import type { InitSegment } from '../fmp4/init-segment.js';
import type { WholeSegment } from '../hls/whole-segment.js';
import type { StreamDescription } from '../protocol/stream-description.js';
import type { BroadcastOptions } from './broadcast-options.js';
import type { Recorder } from './recorder.js';
import type { Recordings } from './recordings.js';

export interface BroadcastRecordingOptions {
  readonly recordings: Recordings;
  readonly stream: string;
  readonly broadcast: string;
  readonly describe: () => StreamDescription;
  /** Told once a recording, when something is missing from it. */
  readonly onGap: (error: Error) => void;
}

/** What is kept of one broadcast: nothing, one recording, or several where somebody switched it off and on again. */
export class BroadcastRecording {
  readonly #options: BroadcastRecordingOptions;
  #current: { readonly id: string; readonly recorder: Recorder } | undefined;
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
    const { recordings, stream, broadcast, describe, onGap } = this.#options;
    if (!recordings.wishFor(stream).record) return void this.end();
    const startedAt = new Date(Math.round(segment.programDateTimeMs)).toISOString();
    this.#current ??= recordings.begin({ stream, broadcast, startedAt, targetDurationSeconds }, describe(), onGap);
    this.#lastId = this.#current.id;
    this.#current.recorder.segment(segment, init);
  }

  /** Resolves when the recording is whole, or its store is not waited for any longer. */
  end(): Promise<void> {
    const { id } = this.#current ?? {};
    this.#current = undefined;
    if (id !== undefined) this.#finishing = this.#finishing.then(() => this.#options.recordings.finish(id));
    return this.#finishing;
  }
}

/**
 * Records a broadcast where and when it is wanted, with what is logged and counted when that fails.
 * @param warn tells the publisher
 */
export function recordBroadcast({ recordings, stream, id: broadcast, descriptions, log, onEvent }: BroadcastOptions, warn: (message: string) => void): BroadcastRecording | undefined {
  if (!recordings) return undefined;
  const onGap = (err: Error): void => {
    onEvent?.('recording-failed');
    log.warn({ stream, broadcast, err }, 'the recording has a gap: its disk does not take all that is written');
    warn(`The server’s disk does not take all of the recording (${err.message}). The live stream goes on; what is missing from the recording is a gap in it.`);
  };
  return new BroadcastRecording({ recordings, stream, broadcast, describe: () => descriptions.get(stream), onGap });
}
