import { mkdir, open, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface SegmentStoreOptions {
  /** A folder of this broadcast's own; made when the first file comes. */
  readonly directory: string;
  /** Told once, when the disk does not take what is written: the live stream goes on from memory. */
  readonly onFailure: (error: Error) => void;
}

/** Writes a broadcast's window through to disk, in order, and prunes it. It never delays or fails the broadcast. */
export class SegmentStore {
  readonly #directory: string;
  readonly #onFailure: (error: Error) => void;
  #work: Promise<void>;
  #failed = false;

  constructor({ directory, onFailure }: SegmentStoreOptions) {
    this.#directory = directory;
    this.#onFailure = onFailure;
    this.#work = Promise.resolve();
    this.#enqueue(async () => {
      await mkdir(directory, { recursive: true });
    });
  }

  /** @param name a plain file name made by the packager, never by a client */
  write(name: string, pieces: readonly Buffer[]): void {
    this.#enqueue(() => writePieces(join(this.#directory, name), pieces));
  }

  remove(name: string): void {
    this.#enqueue(() => unlink(join(this.#directory, name)).catch(unlessMissing));
  }

  /** Removes the folder; resolves when nothing of it is left, or when the disk does not let go of it. */
  async clear(): Promise<void> {
    await this.#work;
    await rm(this.#directory, { recursive: true, force: true }).catch((error: unknown) => this.#fail(error));
    // The stream's folder goes with its last broadcast; while another one lies there it stays.
    await rmdir(dirname(this.#directory)).catch(() => undefined);
  }

  #enqueue(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failed) return;
      try {
        await step();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}

/** In one go, whatever the number of pieces. */
async function writePieces(path: string, pieces: readonly Buffer[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    const { bytesWritten } = await file.writev(pieces);
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    // A full disk takes a part; only with the rest it says why.
    if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  } finally {
    await file.close();
  }
}

/** What somebody else removed needs not be removed. */
function unlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Where broadcasts lie below the segments folder: nothing else in there is ever touched. */
export function broadcastDirectory(segmentsDirectory: string, stream: string, broadcast: string): string {
  return join(segmentsDirectory, liveFolder, stream, broadcast);
}

/** Removes what an earlier run of the server left behind: nothing of it can be watched any more. */
export async function clearSegmentStores(segmentsDirectory: string): Promise<void> {
  await rm(join(segmentsDirectory, liveFolder), { recursive: true, force: true });
}

const liveFolder = 'live';
