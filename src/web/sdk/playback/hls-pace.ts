import { beginChase, chase, lowestDelay, type ChaserSettings, type ChaserState } from './edge-chaser.js';

/** Parts come whole: when one comes, so much of the distance to the edge is used up, and a little is on its way. */
const usedParts = 1.1;
/** In the slowest it can take a quarter of a minute to catch up with by rate; more is left out. */
const seekBeyondSeconds = 1.5;

/**
 * Keeps what hls.js plays as far behind the edge as it is wanted. By itself hls.js speeds up only with more than a second in hand, so
 * that what was once lost stays as delay; and it keeps a longer distance for good after each stall, also where one recording follows
 * another, where no distance helps.
 */
export class HlsPace {
  readonly #settings: ChaserSettings;
  #state: ChaserState;
  #timeline: number | undefined;
  #isStalled = false;
  #isJoint = false;

  /** @param partsBehind how far behind the edge it is wanted */
  constructor(partSeconds: number, partsBehind: number, nowMs: number) {
    this.#settings = { minCushionSeconds: partSeconds * (partsBehind - usedParts), maxCushionSeconds: Math.max(2, partSeconds * partsBehind), seekBeyondSeconds, fastestRate: lowestDelay.fastestRate };
    this.#state = beginChase(this.#settings, nowMs);
  }

  /** The picture stands for want of media. */
  stalled(): void {
    this.#isStalled = true;
  }

  /** Media came. @param timeline which run of media under one init segment it is of */
  came(timeline: number): void {
    this.#isJoint ||= this.#timeline !== undefined && this.#timeline !== timeline;
    this.#timeline = timeline;
  }

  /** Call a few times a second, and when media came, before it is in the buffer. */
  look(nowMs: number, forwardSeconds: number): { readonly rate: number; readonly seekAheadSeconds: number } {
    const { state, rate, seekAheadSeconds } = chase(this.#state, { nowMs, forwardSeconds, stalled: this.#isStalled, joined: this.#isJoint, resumed: false }, this.#settings);
    this.#state = state;
    this.#isStalled = false;
    this.#isJoint = false;
    return { rate, seekAheadSeconds };
  }
}
