const windowMs = 4000;

/** How many bits a second went by lately. */
export class ThroughputMeter {
  readonly #now: () => number;
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now;
  }

  add(bytes: number): void {
    this.#samples.push({ atMs: this.#now(), bytes });
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
