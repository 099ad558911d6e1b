import type { Readable } from 'node:stream';

/** Media that does not lie in memory. */
export interface StoredMedia {
  readonly byteLength: number;
  /**
   * Reads some of its bytes.
   * @throws {Error} when whoever keeps it does not give them
   */
  open(start: number, byteLength: number): Promise<Readable>;
  /** The same in one go, where that is cheaper. Whoever asks bounds how much that is. */
  readonly read?: ((start: number, byteLength: number) => Promise<HeldBytes>) | undefined;
}

/** Bytes in memory that is used again once all who have them let go. Whoever never does leaves them to the garbage collector. */
export interface HeldBytes {
  readonly bytes: Buffer;
  /** They are not looked at any more. Idempotent. */
  readonly letGo: () => void;
}

/** Media in memory, in pieces: one after another they are the whole. */
export interface MediaPieces {
  readonly byteLength: number;
  readonly pieces: readonly Buffer[];
}

/** Where whole segments lie beside memory. Nothing in it throws or makes anybody wait. */
export interface SegmentKeeper {
  /** An init segment, which stays in memory as well. */
  keepInit(uri: string, bytes: Buffer): void;
  /** Resolves once it lies there, with how to read it; with undefined when it does not get there. */
  keep(uri: string, media: MediaPieces): Promise<StoredMedia | undefined>;
  /** Nobody can ask for it any more: a segment or an init segment. */
  remove(uri: string): void;
  /** Whether what was read came back so far: only then memory can do without. */
  readonly reliable: boolean;
}

/** Some of the bytes of stored media: a part of a segment. */
export function rangeOf(media: StoredMedia, start: number, byteLength: number): StoredMedia {
  const { read } = media;
  return { byteLength, open: (from, length) => media.open(start + from, length), read: read && ((from, length) => read(start + from, length)) };
}
