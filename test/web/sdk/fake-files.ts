/** A disk that takes so many bytes, and no more. */
export class FakeDisk {
  room = Infinity;
  /** How often somebody put what was written in its place. */
  commits = 0;

  take(bytes: number): void {
    if (bytes > this.room) throw new DOMException('no room', 'QuotaExceededError');
    this.room -= bytes;
  }
}

/** A file whose content is what was closed last, as browsers have it. */
export class FakeFile {
  readonly kind = 'file';
  readonly name: string;
  content = Buffer.alloc(0);
  readonly #disk: FakeDisk;

  constructor(name: string, disk: FakeDisk) {
    this.name = name;
    this.#disk = disk;
  }

  async createWritable({ keepExistingData = false }: { keepExistingData?: boolean } = {}): Promise<unknown> {
    let written = keepExistingData ? this.content : Buffer.alloc(0);
    let place = 0;
    let isBroken = false;
    const usable = (): void => {
      if (isBroken) throw new TypeError('this stream is broken');
    };
    return {
      seek: async (to: number) => void (place = to),
      write: async (data: Uint8Array | Blob) => {
        usable();
        const bytes = Buffer.from(data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data);
        try {
          this.#disk.take(bytes.length);
        } catch (error) {
          isBroken = true;
          throw error;
        }
        written = Buffer.concat([written.subarray(0, place), bytes]);
        place += bytes.length;
      },
      close: async () => {
        usable();
        isBroken = true;
        this.#disk.commits += 1;
        this.content = written;
      },
    };
  }

  async getFile(): Promise<Blob> {
    return new Blob([this.content]);
  }
}

export class FakeFolder {
  readonly kind = 'directory';
  readonly #entries = new Map<string, FakeFile | FakeFolder>();
  readonly #disk: FakeDisk;

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<FakeFolder> {
    return this.#get(name, create, () => new FakeFolder(this.#disk)) as FakeFolder;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<FakeFile> {
    return this.#get(name, create, () => new FakeFile(name, this.#disk)) as FakeFile;
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.#entries.delete(name)) throw new DOMException('there is none', 'NotFoundError');
  }

  async *entries(): AsyncGenerator<[string, FakeFile | FakeFolder]> {
    // In no order that means anything.
    for (const entry of [...this.#entries].reverse()) yield entry;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  #get(name: string, create: boolean, make: () => FakeFile | FakeFolder): FakeFile | FakeFolder {
    const entry = this.#entries.get(name) ?? (create ? make() : undefined);
    if (!entry) throw new DOMException('there is none', 'NotFoundError');
    this.#entries.set(name, entry);
    return entry;
  }
}

/** Locks of one browser, for all its pages. */
export class FakeLocks {
  readonly #held = new Set<string>();

  async request(name: string, options: unknown, use?: unknown): Promise<unknown> {
    const run = (use ?? options) as (lock: object | null) => unknown;
    if (this.#held.has(name)) return run(null);
    this.#held.add(name);
    try {
      return await run({ name });
    } finally {
      this.#held.delete(name);
    }
  }

  /** A page is gone, and all that it held. */
  pageGone(): void {
    this.#held.clear();
  }
}
