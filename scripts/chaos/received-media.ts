import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { placeQuery, type ViewerPlace } from '../../src/protocol/viewer-place.js';

/** As the player has it: sound and pictures do not come quite in the order of their times. */
const overlapSeconds = 0.1;
const sameSeconds = 0.0005;

interface Part {
  readonly bytes: Buffer;
  /** Where its first sample is decoded. */
  readonly startSeconds: number;
}

interface Run {
  readonly init: Buffer;
  readonly clock: string | undefined;
  parts: Part[];
}

/** What a viewer by WebSocket was sent, over all its connections, as Media Source Extensions keep it: what comes again at the same media time takes the place of what is there. */
export class ReceivedMedia {
  readonly #runs: Run[] = [];
  #reader = new FragmentReader();
  #init: InitSegment | undefined;
  #clock: string | undefined;
  #newestSeconds = -Infinity;
  /** Decode times that came last, in seconds, by track. */
  #reached = new Map<number, number>();

  /** An `init` message has come. */
  begin(clock: string | undefined): void {
    if (clock === undefined || clock !== this.#clock) {
      this.#reached = new Map();
      this.#newestSeconds = -Infinity;
    }
    this.#clock = clock;
    this.#reader = new FragmentReader();
  }

  /** @returns whether it is something new */
  push(bytes: Uint8Array): boolean {
    let isNew = false;
    for (const event of this.#reader.push(Buffer.from(bytes))) {
      if (event.type === 'init') {
        this.#init = event.init;
        if (this.#runs.at(-1)?.init.equals(event.init.bytes) === true) continue;
        // Decoded anew from its first keyframe on.
        this.#runs.push({ init: event.init.bytes, clock: this.#clock, parts: [] });
        this.#reached = new Map();
        continue;
      }
      const starts = event.fragment.runs.map(({ trackId, baseMediaDecodeTime }) => ({ trackId, seconds: baseMediaDecodeTime / (this.#init?.tracks.find((each) => each.trackId === trackId)?.timescale ?? 1) }));
      if (starts.every(({ trackId, seconds }) => seconds <= (this.#reached.get(trackId) ?? -Infinity) + sameSeconds)) continue;
      for (const { trackId, seconds } of starts) this.#reached.set(trackId, seconds);
      isNew = this.#keep({ bytes: event.fragment.bytes, startSeconds: Math.min(...starts.map(({ seconds }) => seconds)) }) || isNew;
    }
    return isNew;
  }

  /** @returns whether it is later than all that was there */
  #keep(part: Part): boolean {
    const [before, run] = [this.#runs.at(-2), this.#runs.at(-1)];
    if (before && run?.parts.length === 0 && before.clock === run.clock) before.parts = before.parts.filter(({ startSeconds }) => startSeconds < part.startSeconds - sameSeconds);
    run?.parts.push(part);
    const isNew = part.startSeconds > this.#newestSeconds;
    if (isNew) this.#newestSeconds = part.startSeconds;
    return isNew;
  }

  /** As the player says it when it comes back. */
  address(url: string): string {
    if (this.#clock === undefined || this.#reached.size === 0) return url;
    const place: ViewerPlace = { clock: this.#clock, seconds: Math.max(0, Math.min(...this.#reached.values()) - overlapSeconds) };
    return `${url}?${new URLSearchParams(placeQuery(place)).toString()}`;
  }

  /** One file for each init segment that differs from the one before. */
  get files(): Buffer[] {
    return this.#runs.map(({ init, parts }) => Buffer.concat([init, ...parts.map(({ bytes }) => bytes)]));
  }
}
