/** Between the parts of a `multipart/x-mixed-replace` body. */
const boundary = 'onair-picture';

export const multipartType = `multipart/x-mixed-replace; boundary=${boundary}`;

const betweenParts = `--${boundary}\r\nContent-Type: image/jpeg\r\n\r\n`;

/** What such a body begins with. */
export const multipartStart = Buffer.from(betweenParts);

const multipartNext = Buffer.from(`\r\n${betweenParts}`);

/** One JPEG picture; what is sent of it is built once, for all viewers. */
export class Picture {
  readonly jpeg: Buffer;
  #multipart: Buffer | undefined;

  constructor(jpeg: Buffer) {
    this.jpeg = jpeg;
  }

  /** The picture and the head of the next part: only with that does Chromium show the picture, not when its bytes are there. */
  get multipart(): Buffer {
    return (this.#multipart ??= Buffer.concat([this.jpeg, multipartNext]));
  }
}

/** Longer ones are a sign of lost structure. */
const maxHeadBytes = 1024;
const maxPictureBytes = 32 * 1024 * 1024;

/** Takes apart what ffmpeg's muxer `mpjpeg` writes: heads with `Content-length`, each with a picture. */
export class PictureReader {
  #bytes: Buffer = Buffer.alloc(0);
  #wanted: number | undefined;

  /**
   * The pictures that are whole now.
   * @throws {RangeError} when it is no such stream
   */
  push(chunk: Buffer): Picture[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const pictures: Picture[] = [];
    for (;;) {
      this.#wanted ??= this.#readHead();
      if (this.#wanted === undefined || this.#bytes.length < this.#wanted) return pictures;
      // A copy, so that a small picture does not keep the whole chunk in memory.
      pictures.push(new Picture(Buffer.from(this.#bytes.subarray(0, this.#wanted))));
      this.#bytes = this.#bytes.subarray(this.#wanted);
      this.#wanted = undefined;
    }
  }

  #readHead(): number | undefined {
    const end = this.#bytes.subarray(0, maxHeadBytes).indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#bytes.length < maxHeadBytes) return undefined;
      throw new RangeError('expected the head of a picture, got something else');
    }
    const length = Number(/content-length: *(\d+)/i.exec(this.#bytes.toString('latin1', 0, end))?.[1]);
    if (!(length <= maxPictureBytes)) throw new RangeError(`expected the length of a picture of at most ${maxPictureBytes} bytes, got ${length}`);
    this.#bytes = this.#bytes.subarray(end + 4);
    return length;
  }
}
