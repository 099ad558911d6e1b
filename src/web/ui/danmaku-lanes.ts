export interface Flight {
  readonly stageWidth: number;
  readonly width: number;
  readonly nowMs: number;
}

interface Taken extends Flight {
  readonly endsAtMs: number;
}

/** Room between one comment's end and the next one's beginning, of the stage's width. */
const gap = 0.04;

/** Which comment flies where, so that none runs into another: all take the same time, so longer ones are faster. */
export class DanmakuLanes {
  readonly #durationMs: number;
  readonly #lanes: (Taken | undefined)[] = [];

  constructor({ durationMs }: { durationMs: number }) {
    this.#durationMs = durationMs;
  }

  /** The highest lane of so many that is free, or undefined: then there is no room for now. */
  take(flight: Flight, lanes: number): number | undefined {
    for (let lane = 0; lane < lanes; lane++) {
      const before = this.#lanes[lane];
      if (before !== undefined && !this.#follows(before, flight)) continue;
      this.#lanes[lane] = { ...flight, endsAtMs: flight.nowMs + this.#durationMs };
      return lane;
    }
    return undefined;
  }

  #follows(before: Taken, { stageWidth, width, nowMs }: Flight): boolean {
    if (nowMs >= before.endsAtMs) return true;
    // All of the one before has come in, and it has left before this one's beginning reaches the other side.
    const speed = (before.stageWidth + before.width) / this.#durationMs;
    const hasComeIn = (nowMs - (before.endsAtMs - this.#durationMs)) * speed >= before.width + gap * before.stageWidth;
    const reachesEndAtMs = nowMs + (this.#durationMs * stageWidth) / (stageWidth + width);
    return hasComeIn && reachesEndAtMs >= before.endsAtMs;
  }
}
