/** A part is asked for several times a second, a segment every few seconds. */
const nothingAskedMs = 15_000;
const segmentsMissed = 4;

/**
 * Notices that hls.js (1.7.4) asks for nothing any more although its playlists grow: seen once in some twenty kills of a server on a busy machine, behind the joint at
 * which another one went on. It reports no error then, and stays so for good.
 */
export class HlsStandstill {
  #askedAtMs: number;
  #endSn = -1;

  constructor(nowMs: number) {
    this.#askedAtMs = nowMs;
  }

  /** Media was asked for, or is on its way, or there is a reason to ask for none. */
  asked(nowMs: number): void {
    this.#askedAtMs = nowMs;
    this.#endSn = -1;
  }

  /** A live playlist came. @param endSn the number of its last segment @returns whether it is time to begin anew */
  listed(nowMs: number, endSn: number): boolean {
    if (this.#endSn < 0) this.#endSn = endSn;
    return endSn - this.#endSn >= segmentsMissed && nowMs - this.#askedAtMs >= nothingAskedMs;
  }
}
