import * as fs from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { ByteRange } from './media-store.js';
import { ReadMemory, type ReadBytes } from './read-memory.js';
import { inTurn, type Turns } from './turns.js';

/** A client that is slow holds so much of a file in memory, and not the file. */
const pieceBytes = 262_144;

export interface FileRangeOptions {
  /** Default: all of it. */
  readonly range?: ByteRange | undefined;
  readonly turns: Turns;
  /** Gives up waiting for a turn. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each piece that somebody reads. */
  readonly onPiece?: (() => void) | undefined;
}

// Those of `node:fs/promises` cost half as much again for each call.
const [openFile, readFile] = [promisify(fs.open), promisify(fs.read)];

/** Of the whole process. */
const memory = new ReadMemory();

/**
 * A run of bytes of a file in one go and one turn: a third of what a stream of them costs, for what is small enough to be held in memory.
 * @throws {Error} when there is no such file, or when it is shorter than that
 */
export function readRange(path: string, { start, byteLength }: ByteRange, { turns, signal }: Pick<FileRangeOptions, 'turns' | 'signal'>): Promise<ReadBytes> {
  const read = async (): Promise<ReadBytes> => {
    const file = await openFile(path, 'r');
    try {
      return await memory.fill(byteLength, async (bytes) => {
        const { bytesRead } = await readFile(file, bytes, 0, byteLength, start);
        if (bytesRead < byteLength) throw new RangeError(`expected ${start + byteLength} bytes in ${path}, there are ${start + bytesRead}`);
      });
    } finally {
      // Nothing was written, so that there is nothing to wait for: it takes a microsecond, and a thread's turn fifty.
      fs.closeSync(file);
    }
  };
  return inTurn(turns, read, signal);
}

/**
 * Reads a run of bytes of a file. It is opened before, so that a file that is not there is told while it can still be said, and
 * one that is removed meanwhile is read to its end. Each call waits for its turn.
 */
export class FileRange extends Readable {
  readonly #file: FileHandle;
  readonly #turns: Turns;
  readonly #onPiece: (() => void) | undefined;
  readonly #destroyed = new AbortController();
  #position: number;
  #left: number;

  /** @throws {Error} when there is no such file, or when it is shorter than that */
  static async open(path: string, { range, turns, signal, onPiece }: FileRangeOptions): Promise<FileRange> {
    const opened = async (): Promise<FileRange> => {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        const whole = range ?? { start: 0, byteLength: size };
        if (whole.start + whole.byteLength > size) throw new RangeError(`expected ${whole.start + whole.byteLength} bytes in ${path}, there are ${size}`);
        return new FileRange(file, whole, turns, onPiece);
      } catch (error) {
        await file.close();
        throw error;
      }
    };
    return inTurn(turns, opened, signal);
  }

  private constructor(file: FileHandle, { start, byteLength }: ByteRange, turns: Turns, onPiece: (() => void) | undefined) {
    super({ highWaterMark: pieceBytes });
    this.#file = file;
    this.#turns = turns;
    this.#onPiece = onPiece;
    this.#position = start;
    this.#left = byteLength;
  }

  override _read(): void {
    if (this.#left === 0) {
      this.push(null);
      return;
    }
    this.#next().then((piece) => this.push(piece), (error: unknown) => this.destroy(error as Error));
  }

  async #next(): Promise<Buffer> {
    const length = Math.min(pieceBytes, this.#left);
    const read = () => this.#file.read(Buffer.allocUnsafeSlow(length), 0, length, this.#position);
    const { buffer, bytesRead } = await inTurn(this.#turns, read, this.#destroyed.signal);
    if (bytesRead === 0) throw new RangeError(`expected ${this.#left} more bytes of a file, there are none`);
    this.#position += bytesRead;
    this.#left -= bytesRead;
    this.#onPiece?.();
    return buffer.subarray(0, bytesRead);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#destroyed.abort();
    this.#file.close().then(() => done(error), (failure: unknown) => done(error ?? (failure as Error)));
  }
}
