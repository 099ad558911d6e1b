import { OnairError } from '../../errors.js';
import { Listeners } from '../../listeners.js';
import type { Publisher } from '../../publisher.js';
import { pickedPlace, piecesPlace, type ClosedCopy, type CopyPlace, type OpenCopy } from './copy-places.js';
import { privatePieces } from './private-files.js';

export interface LocalCopyOptions {
  /** What files are called, without what follows the dot: letters, digits, spaces, `-`, `_` and dots. */
  readonly name: string;
  /** What somebody picked with `showSaveFilePicker()`, for the first file; without it the browser keeps all of them until they are saved. */
  readonly file?: FileSystemFileHandle | undefined;
}

/** A file of a copy, when nothing more comes to it. */
export interface CopiedFile extends ClosedCopy {
  readonly name: string;
}

export interface LocalCopyEvents {
  /** A file begins; the first has number 1. Another follows where one recording can't go on: another device, size, quality or encoder. */
  file: { readonly name: string; readonly number: number };
  /** It ended before the broadcast, and why, in words. What was written before is kept. */
  failed: OnairError;
}

export type CopiedPublisher = Pick<Publisher, 'on' | 'closed'>;

/** Where copies go, unless a test has other places. */
export interface CopyPlaces {
  readonly first: CopyPlace;
  readonly next: CopyPlace;
}

/** A disk that is so far behind will not catch up. */
const mostWaiting = 64 * 1024 * 1024;
const endings: readonly (readonly [RegExp, string])[] = [[/^audio\/mp4/, 'm4a'], [/\/mp4/, 'mp4'], [/\/ogg/, 'ogg'], [/webm(?!.*(?:h264|avc1))/, 'webm']];

/** What a Publisher sends, written to files while it is sent. Never in the way of the broadcast: a disk that refuses ends the copy alone. */
export class LocalCopy extends Listeners<LocalCopyEvents> {
  readonly #name: string;
  readonly #places: CopyPlaces;
  readonly #unfollow: readonly (() => void)[];
  readonly #files: CopiedFile[] = [];
  #file: OpenCopy | undefined;
  /** Of a recording that has given nothing yet: some never do. */
  #mimeType: string | undefined;
  #number = 0;
  #byteLength = 0;
  #waitingBytes = 0;
  #isOver = false;
  #hasFailed = false;
  #jobs: Promise<void> = Promise.resolve();
  #stop: Promise<readonly CopiedFile[]> | undefined;

  /** Follows from now on: before `start()` that is all of it; later, from the next recording on. */
  constructor(publisher: CopiedPublisher, name: string, places: CopyPlaces) {
    super();
    this.#name = name;
    this.#places = places;
    this.#unfollow = [
      publisher.on('recording', ({ mimeType }) => (this.#mimeType = mimeType)),
      publisher.on('chunk', (bytes) => this.#push(bytes)),
    ];
    void publisher.closed.then(() => this.stop());
  }

  /** Written so far, in all files. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Ends it, as the end of the broadcast does. Resolves, at every call, with all its files. */
  stop(): Promise<readonly CopiedFile[]> {
    this.#over();
    this.#stop ??= this.#jobs.then(() => this.#close()).catch((error: unknown) => this.#fail(error)).then(() => this.#files);
    return this.#stop;
  }

  #begin(mimeType: string): void {
    this.#mimeType = undefined;
    this.#number += 1;
    const number = this.#number;
    const ending = endings.find(([type]) => type.test(mimeType))?.[1] ?? 'mkv';
    this.#next(async () => {
      await this.#close();
      const name = `${this.#name}${number === 1 ? '' : `-${String(number)}`}.${ending}`;
      this.#file = await (number === 1 ? this.#places.first : this.#places.next).open(name);
      this.emit('file', { name: this.#file.name, number });
    });
  }

  #push(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#mimeType !== undefined) this.#begin(this.#mimeType);
    if (this.#number === 0) return;
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > mostWaiting) this.#fail(new Error(`the disk is ${Math.round(this.#waitingBytes / 1e6)} MB behind`));
    this.#next(async () => {
      this.#waitingBytes -= bytes.length;
      await this.#file?.write(bytes);
      this.#byteLength += bytes.length;
    });
  }

  /** One after the other; nothing of it once a job failed. */
  #next(job: () => Promise<void>): void {
    this.#jobs = this.#jobs.then(async () => {
      if (!this.#hasFailed) await job();
    }).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#over();
    const said = error instanceof Error || error instanceof DOMException ? error.message : String(error);
    const why = (error as { name?: unknown } | undefined)?.name === 'QuotaExceededError' ? 'The disk is full' : `The disk refuses (${said})`;
    this.emit('failed', new OnairError('copy-failed', `The copy on this computer has ended. ${why}. What was written before is kept, and the broadcast goes on.`, { cause: error }));
    void this.stop();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stop of this.#unfollow) stop();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    const closed = await file.close().catch(async (error: unknown) => {
      this.#fail(error);
      return file.close();
    });
    if (closed.byteLength > 0) this.#files.push({ name: file.name, ...closed });
  }
}

/** Into the picked file first, and where that can't go on, into files that the browser keeps. */
export async function browserPlaces(file: FileSystemFileHandle | undefined): Promise<CopyPlaces> {
  const kept = piecesPlace(await privatePieces());
  return { first: file ? pickedPlace(file) : kept, next: kept };
}
