import { setTimeout as delay } from 'node:timers/promises';

/** Keyframes further apart than this make segments too long to be copied. */
const longestGroupSeconds = 4;
/** No frame for this long after the header: what follows it is damaged, or frames are rare. */
const firstFrameTimeoutMs = 1000;
/** The first group is not known by then: frames come too rarely to wait for them. */
const firstGroupTimeoutMs = (longestGroupSeconds + 1) * 1000;

/** Watches how far the keyframes of a source lie apart: what decides whether its picture can be copied. */
export class GroupWatch {
  readonly #firstKnown: Promise<void>;
  #know!: () => void;
  #groupStart: number | undefined;
  #longestSeconds = 0;

  constructor() {
    this.#firstKnown = new Promise((resolve) => (this.#know = resolve));
  }

  /** Resolves when the first group of pictures is whole, is known to be too long, or is not worth waiting for. */
  async whenFirstKnown(): Promise<void> {
    const patience = new AbortController();
    const { signal } = patience;
    const timeout = async (): Promise<void> => {
      await delay(firstFrameTimeoutMs, undefined, { signal });
      if (this.#groupStart !== undefined) await delay(firstGroupTimeoutMs - firstFrameTimeoutMs, undefined, { signal });
    };
    await Promise.race([this.#firstKnown, timeout().catch(() => undefined)]);
    patience.abort();
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
