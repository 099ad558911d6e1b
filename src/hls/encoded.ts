import { gzipSync } from 'node:zlib';

/** A body that is made once and sent to everybody; its compressed form is made when the first client asks for it. */
export class Encoded {
  readonly identity: Buffer;
  #gzip: Buffer | undefined;

  constructor(text: string) {
    this.identity = Buffer.from(text);
  }

  get gzip(): Buffer {
    return (this.#gzip ??= gzipSync(this.identity));
  }
}
