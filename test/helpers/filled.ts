import { readInitSegment } from '../../src/fmp4/init-segment.js';
import type { Answer } from '../../src/hls/answer.js';
import { Encoded } from '../../src/hls/encoded.js';
import { Presentation, type PresentationOptions, type Timeline } from '../../src/hls/presentation.js';
import type { Rendition } from '../../src/hls/rendition.js';
import type { SegmentKeeper } from '../../src/hls/stored-media.js';
import { fragment, initSegment, videoTrack } from './media-builder.js';
import { readMediaPlaylist, type ReadPlaylist } from './playlist-reader.js';

export const timing = { targetDurationSeconds: 2, partTargetSeconds: 0.5 };
export const start = Date.UTC(2026, 0, 2, 3, 4, 5);
export const never = () => () => undefined;

/** A presentation whose lead is filled part by part, with a clock of its own. */
export class Filled {
  readonly gone: string[] = [];
  readonly inits: string[] = [];
  readonly timeouts: { timeoutMs: number; fire: () => void }[] = [];
  readonly presentation: Presentation;
  #seconds = 0;
  #parts = 0;

  constructor(options: Partial<PresentationOptions> = {}) {
    this.presentation = new Presentation({
      listedSegments: 6,
      broadcast: 'run1',
      keeper: this.#forgetful(),
      startTimer: (fire, timeoutMs) => {
        this.timeouts.push({ timeoutMs, fire });
        return () => undefined;
      },
      ...options,
    });
    this.presentation.startTimeline(this.timeline());
    this.presentation.freeze(timing, undefined);
  }

  /** It takes nothing, and writes down what it is asked to let go of. */
  #forgetful(): SegmentKeeper {
    return { reliable: true, keepInit: (uri) => this.inits.push(uri), keep: async () => undefined, remove: (uri) => this.gone.push(uri) };
  }

  get rendition(): Rendition {
    return this.presentation.lead;
  }

  timeline(captureTimeMs = start): Timeline {
    return { init: readInitSegment(initSegment([videoTrack])), captureTimeMs };
  }

  part(durationSeconds = 0.5): void {
    const sample = { track: videoTrack, startSeconds: this.#seconds, durationSeconds, keyframe: true };
    this.presentation.appendPart({
      type: 'part',
      fragments: [fragment([sample], this.#parts++)],
      startSeconds: this.#seconds,
      durationSeconds,
      independent: true,
    });
    this.#seconds += durationSeconds;
  }

  segments(count: number): void {
    for (let index = 0; index < count; index++) {
      for (let part = 0; part < 4; part++) this.part();
      this.presentation.endSegment();
    }
  }

  restart(captureTimeMs: number): void {
    this.#seconds = 0;
    this.presentation.startTimeline(this.timeline(captureTimeMs));
  }

  async playlist(): Promise<ReadPlaylist> {
    return readMediaPlaylist(textOf(await this.rendition.mediaPlaylist({}, never)));
  }
}

export function textOf({ body }: Answer): string {
  if (!(body instanceof Encoded)) throw new Error('expected a playlist');
  return body.identity.toString();
}
