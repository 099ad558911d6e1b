export interface OutputWatchOptions {
  /** How long a transcoder that gave output before may take input and give none, or take none. */
  readonly hungAfterMs: number;
  /** How long the first output may take. */
  readonly firstOutputTimeoutMs?: number;
  /** Called once, at most, in words. */
  readonly onSilent: (reason: 'no-first-output' | 'no-output' | 'no-input', bytes: number) => void;
}

/** Fewer bytes than this may just not hold a frame yet. */
const enoughBytes = 16 * 1024;
/** The same in frames, where they are known: a large picture may take long to come in over a slow line. */
const enoughFrames = 4;
/** Silence is counted in this many steps, so that a machine that slept is not taken for a transcoder that did. */
const steps = 5;

/** Notices a transcoder that takes bytes and gives nothing, or takes nothing any more. */
export class OutputWatch {
  readonly #options: OutputWatchOptions;
  readonly #ticks: NodeJS.Timeout;
  #firstOutputTimer: NodeJS.Timeout | undefined;
  #waitedLongEnough = false;
  #begun = false;
  #bytes = 0;
  /** Offered since the last output. */
  #owedBytes = 0;
  #framesAtOutput = 0;
  #frames: number | undefined;
  #isWriting = false;
  #silentSteps = 0;
  #done = false;

  constructor(options: OutputWatchOptions) {
    this.#options = options;
    this.#ticks = setInterval(() => this.#tick(), options.hungAfterMs / steps);
  }

  /** Bytes are about to be written. @param frames seen in the take so far; undefined where nobody can tell */
  offered(bytes: number, frames: number | undefined): void {
    this.#bytes += bytes;
    this.#owedBytes += bytes;
    this.#frames = frames;
    this.#isWriting = true;
    if (this.#done || this.#begun) return;
    this.#firstOutputTimer ??= setTimeout(() => {
      this.#waitedLongEnough = true;
      this.#judgeFirst();
    }, this.#options.firstOutputTimeoutMs ?? 4000);
    this.#judgeFirst();
  }

  /** They were taken. */
  taken(): void {
    this.#isWriting = false;
    this.#silentSteps = this.#isOwed ? this.#silentSteps : 0;
  }

  /** Something came out. */
  gave(): void {
    this.#begun = true;
    this.#owedBytes = 0;
    this.#framesAtOutput = this.#frames ?? 0;
    this.#silentSteps = 0;
    clearTimeout(this.#firstOutputTimer);
  }

  /** Nothing is expected any more. */
  stop(): void {
    this.#done = true;
    clearTimeout(this.#firstOutputTimer);
    clearInterval(this.#ticks);
  }

  get #isOwed(): boolean {
    if (this.#frames === undefined) return this.#owedBytes >= enoughBytes;
    return this.#frames - this.#framesAtOutput >= enoughFrames;
  }

  #judgeFirst(): void {
    if (this.#done || this.#begun || !this.#waitedLongEnough || this.#bytes < enoughBytes) return;
    this.#tell('no-first-output');
  }

  #tick(): void {
    if (!this.#begun) return;
    if (!this.#isWriting && !this.#isOwed) {
      this.#silentSteps = 0;
      return;
    }
    this.#silentSteps++;
    if (this.#silentSteps > steps) this.#tell(this.#isWriting ? 'no-input' : 'no-output');
  }

  #tell(reason: Parameters<OutputWatchOptions['onSilent']>[0]): void {
    this.stop();
    this.#options.onSilent(reason, this.#bytes);
  }
}
