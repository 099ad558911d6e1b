/** Keyframes further apart than this make segments too long to be copied. */
const longestGroupSeconds = 4;

/** Watches how far the keyframes of a source lie apart: what decides whether its picture can be copied. */
export class GroupWatch {
  /** Resolves when the first group of pictures is whole, is known to be too long, or won't be known. */
  readonly firstKnown: Promise<void>;
  #know!: () => void;
  #groupStart: number | undefined;
  #longestSeconds = 0;

  constructor() {
    this.firstKnown = new Promise((resolve) => (this.#know = resolve));
  }

  add({ timeSeconds, keyframe }: { timeSeconds: number; keyframe: boolean }): void {
    if (this.#groupStart !== undefined) {
      this.#longestSeconds = Math.max(this.#longestSeconds, timeSeconds - this.#groupStart);
      if (keyframe || this.tooLong) this.#know();
    }
    if (keyframe) this.#groupStart = timeSeconds;
  }

  /** Nothing more will be known. */
  end(): void {
    this.#know();
  }

  /** Why the picture can't be copied; undefined when it can. */
  get obstacle(): string | undefined {
    return this.tooLong ? `Its keyframes are more than ${longestGroupSeconds} s apart, too far to start or cut at` : undefined;
  }

  get tooLong(): boolean {
    return this.#longestSeconds > longestGroupSeconds;
  }
}
