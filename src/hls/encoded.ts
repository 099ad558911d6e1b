import { gzipSync } from 'node:zlib';

/** A body that is made once and sent to everybody; its other forms are made when the first client asks for them. */
export class Encoded {
  readonly identity: Buffer;
  readonly #writeJoined: (() => Encoded) | undefined;
  #gzip: Buffer | undefined;
  #joined: Encoded | undefined;

  /** @param writeJoined the same for players that lose media at discontinuities, where that is another text: see `encodeList` */
  constructor(text: string, writeJoined?: () => Encoded) {
    this.identity = Buffer.from(text);
    this.#writeJoined = writeJoined;
  }

  get gzip(): Buffer {
    return (this.#gzip ??= gzipSync(this.identity));
  }

  /** Whether some are given another. */
  get hasJoined(): boolean {
    return this.#writeJoined !== undefined;
  }

  /** For those; undefined where everybody is given the same. */
  get joined(): Encoded | undefined {
    return (this.#joined ??= this.#writeJoined?.());
  }
}
