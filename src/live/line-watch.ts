interface Mark {
  readonly sentBytes: number;
  readonly atMs: number;
}

/** Often enough to see within a third of a second that a line got slow; and so that what it has room for is known as soon, when it is. */
const markIntervalMs = { free: 150, clogged: 50 };
/** A server that stood still must not take its viewers for late: longer than this between two looks is no time that passed. */
const longestStepMs = 500;
/** Below this, answers say how far away somebody is, not how much the line carries. */
const cloggedSeconds = 0.15;
/** With so much on its way a line is never idle: more of it would only wait. */
const fullSeconds = 0.3;
/** Arrivals of so long say what the line carries. */
const rateWindowMs = 2000;

/** What one viewer's line carries, seen from the server: marks between the bytes, which the other end answers. Pure. */
export class LineWatch {
  #sentBytes = 0;
  #nowMs: number | undefined;
  /** Time that passed while something was sent. */
  #activeMs = 0;
  #markedAtMs = -Infinity;
  #markedBytes = 0;
  #shortestTripMs = Infinity;
  #marks: Mark[] = [];
  /** Marks that came back over a line that was full, by when they did. */
  #arrivals: Mark[] = [];

  /**
   * So many bytes more were sent.
   * @returns whether a mark should follow them
   */
  sent(bytes: number, nowMs: number): boolean {
    this.#pass(nowMs);
    this.#sentBytes += bytes;
    // Who has answered none so far is not asked again and again.
    const mayAsk = this.#answers || this.#marks.length === 0;
    return mayAsk && this.#sentBytes > this.#markedBytes && this.#activeMs - this.#markedAtMs >= markIntervalMs[this.lagSeconds < cloggedSeconds ? 'free' : 'clogged'];
  }

  /** A mark follows what was sent. The returned function is to be called when the other end has got it. */
  mark(): (nowMs: number) => void {
    const mark: Mark = { sentBytes: this.#sentBytes, atMs: this.#activeMs };
    this.#markedAtMs = mark.atMs;
    this.#markedBytes = mark.sentBytes;
    this.#marks.push(mark);
    return (nowMs) => {
      this.#pass(nowMs);
      this.#marks.splice(0, this.#marks.indexOf(mark) + 1);
      this.#shortestTripMs = Math.min(this.#shortestTripMs, this.#activeMs - mark.atMs);
      if (this.#activeMs - mark.atMs - this.#shortestTripMs < cloggedSeconds * 1000) this.#arrivals = [];
      this.#arrivals.push({ sentBytes: mark.sentBytes, atMs: this.#activeMs });
      while ((this.#arrivals[1]?.atMs ?? Infinity) < this.#activeMs - rateWindowMs) this.#arrivals.shift();
    };
  }

  /** How much longer than on a free line the oldest mark has been on its way. 0 for those who never answer. */
  get lagSeconds(): number {
    const [oldest] = this.#marks;
    return this.#answers && oldest ? Math.max(0, this.#activeMs - oldest.atMs - this.#shortestTripMs) / 1000 : 0;
  }

  /** Whether what is sent now would only wait: answers are late, and what is on its way keeps the line busy until they come. */
  isFull(nowMs: number): boolean {
    this.#pass(nowMs);
    if (this.lagSeconds < cloggedSeconds) return false;
    const rate = this.bitsPerSecond;
    const arrivedBytes = this.#arrivals.at(-1)?.sentBytes ?? 0;
    return rate === undefined || (this.#sentBytes - arrivedBytes) * 8 >= rate * fullSeconds;
  }

  /** What the line carries at most; undefined while it carries all that it is given. */
  get bitsPerSecond(): number | undefined {
    const [first] = this.#arrivals;
    const last = this.#arrivals.at(-1);
    const [awaited] = this.#marks;
    if (!first || !last || this.lagSeconds < cloggedSeconds) return undefined;
    // What has not come yet took at least until now.
    const reached = awaited ? { sentBytes: awaited.sentBytes, atMs: this.#activeMs } : last;
    const ms = reached.atMs - first.atMs;
    return ms > 0 ? ((reached.sentBytes - first.sentBytes) * 8000) / ms : undefined;
  }

  /** How long the line takes for what is on its way, at least. */
  get drainSeconds(): number {
    const rate = this.bitsPerSecond;
    const last = this.#arrivals.at(-1);
    if (rate === undefined || !last) return 0;
    const sinceSeconds = (this.#activeMs - last.atMs) / 1000;
    return Math.max(0, ((this.#sentBytes - last.sentBytes) * 8) / rate - sinceSeconds);
  }

  get #answers(): boolean {
    return this.#shortestTripMs < Infinity;
  }

  #pass(nowMs: number): void {
    this.#activeMs += Math.min(Math.max(0, nowMs - (this.#nowMs ?? nowMs)), longestStepMs);
    this.#nowMs = nowMs;
  }
}
