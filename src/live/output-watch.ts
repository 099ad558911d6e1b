/** How long a transcoder may take bytes before its first fragment; the publisher is to know within 5 s. */
const firstOutputTimeoutMs = 4000;
/** Fewer bytes than this may just not hold a frame yet. */
const enoughBytes = 16 * 1024;

/** Notices a transcoder that takes bytes and gives nothing: what follows a good header may still be noise. */
export class OutputWatch {
  readonly #onSilent: (bytesTaken: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #waitedLongEnough = false;
  #done = false;

  /** @param onSilent called once, at most */
  constructor(onSilent: (bytesTaken: number) => void) {
    this.#onSilent = onSilent;
  }

  took(bytes: number): void {
    this.#bytes += bytes;
    if (this.#done) return;
    this.#timer ??= setTimeout(() => {
      this.#waitedLongEnough = true;
      this.#judge();
    }, firstOutputTimeoutMs);
    this.#judge();
  }

  /** Something came out, or nothing is expected any more. */
  stop(): void {
    this.#done = true;
    clearTimeout(this.#timer);
  }

  #judge(): void {
    if (this.#done || !this.#waitedLongEnough || this.#bytes < enoughBytes) return;
    this.stop();
    this.#onSilent(this.#bytes);
  }
}
