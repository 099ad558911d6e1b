const windowMs = 4000;
/** What comes within so short a time is one sample: a publisher of many tiny messages costs no more than another. */
const sampleMs = 50;

interface Sample {
  readonly atMs: number;
  bytes: number;
}

/** How many bits a second went by lately. */
export class ThroughputMeter {
  /** Monotonic, in ms. */
  readonly #now: () => number;
  readonly #samples: Sample[] = [];
  #bytes = 0;

  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now;
  }

  add(bytes: number): void {
    const atMs = this.#now();
    const last = this.#samples.at(-1);
    if (last && atMs - last.atMs < sampleMs) last.bytes += bytes;
    else this.#samples.push({ atMs, bytes });
    this.#bytes += bytes;
    this.#forgetOld();
  }

  get bitsPerSecond(): number {
    this.#forgetOld();
    return Math.round((this.#bytes * 8 * 1000) / windowMs);
  }

  #forgetOld(): void {
    const oldest = this.#now() - windowMs;
    while ((this.#samples[0]?.atMs ?? Infinity) < oldest) this.#bytes -= this.#samples.shift()?.bytes ?? 0;
  }
}
