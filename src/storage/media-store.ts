import type { Readable } from 'node:stream';
import type { ReadBytes } from './read-memory.js';

/** Some bytes of an object, the first of which has number `start`. */
export interface ByteRange {
  readonly start: number;
  readonly byteLength: number;
}

/** Bytes in pieces: one after another they are the whole. */
export interface Pieces {
  readonly byteLength: number;
  readonly pieces: readonly Buffer[];
}

/**
 * Where objects are kept under plain names that the server made, never a client. Every promise may reject, and in a store that hangs it
 * never settles: `WriteBehind` is what writes without waiting for it.
 */
export interface MediaStore {
  /** Resolves when the object is there, whole. What was broken off may have left a part of it. An object is never put twice. */
  put(name: string, bytes: Pieces): Promise<void>;
  /**
   * The object's bytes, or some of them. What is removed while it is read is read to its end.
   * @param signal gives up waiting for a turn
   * @throws {Error} when there is no such object, or when it is shorter than that
   */
  open(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;
  /** The same in one go, where that is cheaper. Whoever asks bounds how much that is. */
  read?(name: string, range: ByteRange, signal?: AbortSignal): Promise<ReadBytes>;
  /** An object that is not there counts as removed. */
  remove(name: string): Promise<void>;
  /** Adds to the end of an object, which is made if need be; never changes what is there. */
  append(name: string, text: string): Promise<void>;
  /** Removes everything. */
  clear(): Promise<void>;
}
