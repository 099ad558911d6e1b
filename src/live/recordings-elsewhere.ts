import type { ObjectArchive } from './object-archive.js';

export interface RecordingsElsewhereOptions {
  readonly archive: Pick<ObjectArchive, 'survey' | 'isSettled'>;
  /** Whether it is listed here. */
  readonly isKnown: (id: string) => boolean;
  /** Those listed here that are over. */
  readonly over: () => string[];
  readonly makeFolder: (id: string) => Promise<string>;
  /** Lists it as its folder says now. */
  readonly read: (id: string) => Promise<void>;
  /** It is not listed any more, and its folder goes. */
  readonly forget: (id: string) => Promise<void>;
  readonly onFailure: (error: Error) => void;
}

/** What others told is looked for so often. */
const tellingMs = 5000;
/** Every so many looks at what there is in all: what somebody could not tell. */
const looksForAll = 12;
/** So many manifests are read at a time. */
const readAtATime = 16;

/** Recordings of other servers that use the same archive: found, changed and forgotten here as they are there. */
export class RecordingsElsewhere {
  readonly #options: RecordingsElsewhereOptions;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** The last look failed, which was told. */
  #isAway = false;

  constructor(options: RecordingsElsewhereOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#closed) return;
    void this.look({ all: true });
    let looks = 0;
    this.#timer = setInterval(() => void this.look({ all: ++looks % looksForAll === 0 }), tellingMs).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** One at a time. @param all compares with all that there is, also what nobody told of */
  look({ all }: { readonly all: boolean }): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look(all)).then(
      () => void (this.#isAway = false),
      (error: unknown) => this.#failed(error as Error),
    );
    return this.#looking;
  }

  #failed(error: Error): void {
    if (!this.#isAway) this.#options.onFailure(error);
    this.#isAway = true;
  }

  async #look(all: boolean): Promise<void> {
    const { archive, isKnown, over, forget } = this.#options;
    const { survey } = archive;
    // Before the store is asked: what gets there meanwhile is not missing from what it says.
    const settled = new Set(over().filter((id) => archive.isSettled(id)));
    const told = await survey.told();
    const work = told.map((each) => async (): Promise<void> => {
      // What waits to go up is merged with what is there when it does.
      const isOurs = isKnown(each.id) && !settled.has(each.id);
      if (!isOurs) await this.#take(each.id);
      if (!isOurs) survey.seen(each);
    });
    if (all) {
      const there = await survey.ids();
      const isTold = new Set(told.map(({ id }) => id));
      for (const id of there) if (!isKnown(id) && !isTold.has(id)) work.push(() => this.#take(id));
      for (const id of settled) if (!there.has(id)) work.push(() => forget(id));
    }
    const takers = Array.from({ length: readAtATime }, async () => {
      for (let next = work.shift(); next; next = work.shift()) await next();
    });
    await Promise.all(takers);
  }

  async #take(id: string): Promise<void> {
    const { archive, isKnown, makeFolder, read, forget } = this.#options;
    const found = await archive.survey.fetch(id, () => makeFolder(id));
    if (found === 'here') await read(id);
    else if (found === 'missing' && isKnown(id)) await forget(id);
  }
}
