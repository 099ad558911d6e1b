import { appendFile, mkdir, open, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { FileRange, readRange } from './file-range.js';
import type { ByteRange, MediaStore, Pieces } from './media-store.js';
import type { ReadBytes } from './read-memory.js';
import { SharedReads } from './shared-reads.js';
import { inTurn, type Turns } from './turns.js';

export interface DiskMediaStoreOptions {
  /** A folder of its own; made when the first object comes, and again should it have gone. */
  readonly directory: string;
  /** Above it: stays, while folders in between are removed with the last thing in them. */
  readonly root: string;
  /** Who may use the disk now, of all who do. */
  readonly turns: Turns;
  /** Where several are made for one folder: what they share. Default: one of its own. */
  readonly reads?: SharedReads | undefined;
}

/** A file for each object. */
export class DiskMediaStore implements MediaStore {
  readonly #directory: string;
  readonly #root: string;
  readonly #turns: Turns;
  readonly #reads: SharedReads;

  constructor({ directory, root, turns, reads = new SharedReads() }: DiskMediaStoreOptions) {
    this.#directory = directory;
    this.#root = root;
    this.#turns = turns;
    this.#reads = reads;
  }

  put(name: string, { byteLength, pieces }: Pieces): Promise<void> {
    const path = join(this.#directory, name);
    return inTurn(this.#turns, () => this.#inFolder(() => writePieces(path, pieces, byteLength)));
  }

  open(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return FileRange.open(join(this.#directory, name), { range, turns: this.#turns, signal });
  }

  read(name: string, range: ByteRange, signal?: AbortSignal): Promise<ReadBytes> {
    const path = join(this.#directory, name);
    return this.#reads.read(`${path} ${range.start} ${range.byteLength}`, (givenUp) => readRange(path, range, { turns: this.#turns, signal: givenUp }), signal);
  }

  remove(name: string): Promise<void> {
    return inTurn(this.#turns, () => unlink(join(this.#directory, name)).catch(unlessMissing));
  }

  append(name: string, text: string): Promise<void> {
    return inTurn(this.#turns, () => this.#inFolder(() => appendFile(join(this.#directory, name), text)));
  }

  clear(): Promise<void> {
    return inTurn(this.#turns, async () => {
      await rm(this.#directory, { recursive: true, force: true });
      // A folder in which something else lies is not empty, and stays, as do those above it.
      await removeEmptyFolders(dirname(this.#directory), this.#root).catch(() => undefined);
    });
  }

  async #inFolder(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      unlessMissing(error);
      await mkdir(this.#directory, { recursive: true });
      await write();
    }
  }
}

async function removeEmptyFolders(directory: string, root: string): Promise<void> {
  for (let path = directory; path !== root && path !== dirname(path); path = dirname(path)) await rmdir(path);
}

async function writePieces(path: string, pieces: readonly Buffer[], byteLength: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    const { bytesWritten } = await file.writev(pieces);
    // A full disk takes a part; only with the rest it says why.
    if (bytesWritten < byteLength) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  } catch (error) {
    // What a full disk took of it is room for what comes next.
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

function unlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
