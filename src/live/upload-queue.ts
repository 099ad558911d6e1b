export interface Upload {
  /** What belongs together. */
  readonly group: string;
  readonly byteLength: number;
  /** What is there once it is done. */
  readonly name?: string | undefined;
  /** Again and again until it does not reject. */
  readonly run: () => Promise<void>;
}

export interface UploadQueueOptions {
  /** Told of the first failure in a row, and with undefined when it is over. */
  readonly onState: (failure: Error | undefined) => void;
  /** After the first failure; doubled for each further one. */
  readonly retryMs?: number | undefined;
}

interface Waiting extends Upload {
  /** It runs when nothing of its group that came before is left. */
  readonly last: boolean;
}

const atATime = 4;
/** What a full spool has no room for is lost for as long as nobody finds out that the store is back, and to ask is one request. */
const longestRetryMs = 5000;
/** No store is heard that asks for more. */
const longestAskedMs = 30_000;

/** What is to be done with a store that may refuse, hang or be away: a few at a time, in order, each until it is done. */
export class UploadQueue {
  readonly #options: UploadQueueOptions;
  #waiting: Waiting[] = [];
  readonly #running = new Set<Waiting>();
  readonly #runs = new Set<Promise<void>>();
  #failures = 0;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: UploadQueueOptions) {
    this.#options = options;
  }

  get waitingBytes(): number {
    return [...this.#waiting, ...this.#running].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** What of a group is not done. */
  namesOf(group: string): ReadonlySet<string> {
    return new Set([...this.#waiting, ...this.#running].flatMap((each) => (each.group === group ? (each.name ?? []) : [])));
  }

  add(upload: Upload): void {
    this.#waiting.push({ ...upload, last: false });
    this.#begin();
  }

  /** Once all of its group that is there now is done. */
  addLast(upload: Upload): void {
    this.#waiting.push({ ...upload, last: true });
    this.#begin();
  }

  /** What waits of a group is not wanted any more. */
  forget(group: string): void {
    this.#waiting = this.#waiting.filter((each) => each.group !== group);
  }

  /** Nothing more is begun. Resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pause);
    await Promise.all(this.#runs);
  }

  #begin(): void {
    if (this.#closed || this.#pause) return;
    // After a failure one alone finds out whether it is over.
    const most = this.#failures > 0 ? 1 : atATime;
    for (let index = 0; index < this.#waiting.length && this.#running.size < most; ) {
      const upload = this.#waiting[index];
      if (upload && this.#mayRun(upload, index)) {
        this.#waiting.splice(index, 1);
        const run = this.#run(upload).finally(() => this.#runs.delete(run));
        this.#runs.add(run);
      } else index++;
    }
  }

  #mayRun({ group, last }: Waiting, index: number): boolean {
    const isBefore = (other: Waiting): boolean => other.group === group && (last || other.last);
    return ![...this.#running].some(isBefore) && !this.#waiting.slice(0, index).some(isBefore);
  }

  async #run(upload: Waiting): Promise<void> {
    this.#running.add(upload);
    try {
      await upload.run();
      this.#running.delete(upload);
      if (this.#failures > 0) this.#options.onState(undefined);
      this.#failures = 0;
    } catch (error) {
      this.#running.delete(upload);
      this.#waiting.unshift(upload);
      this.#failed(error as Error & { retryAfterSeconds?: number });
    }
    this.#begin();
  }

  #failed(error: Error & { retryAfterSeconds?: number }): void {
    const { onState, retryMs = 1000 } = this.#options;
    if (this.#failures === 0) onState(error);
    this.#failures += 1;
    const ownMs = Math.min(longestRetryMs, retryMs * 2 ** Math.min(this.#failures - 1, 10));
    const waitMs = Math.max(ownMs, Math.min(longestAskedMs, (error.retryAfterSeconds ?? 0) * 1000));
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#begin();
    }, waitMs).unref();
  }
}
