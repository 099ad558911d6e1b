import { Readable } from 'node:stream';
import type { ByteRange, MediaStore, Pieces } from './media-store.js';

/** For tests, and for whoever wants no files. */
export class MemoryMediaStore implements MediaStore {
  readonly #objects = new Map<string, Buffer>();

  /** In the order in which they came. */
  get names(): string[] {
    return [...this.#objects.keys()];
  }

  async put(name: string, { pieces }: Pieces): Promise<void> {
    this.#objects.set(name, Buffer.concat(pieces));
  }

  async open(name: string, range?: ByteRange): Promise<Readable> {
    const whole = this.#objects.get(name);
    if (!whole) throw new Error(`expected an object named ${name}, there is none`);
    const { start, byteLength } = range ?? { start: 0, byteLength: whole.length };
    if (start + byteLength > whole.length) throw new RangeError(`expected ${start + byteLength} bytes in ${name}, there are ${whole.length}`);
    return Readable.from([whole.subarray(start, start + byteLength)], { objectMode: false });
  }

  async remove(name: string): Promise<void> {
    this.#objects.delete(name);
  }

  async append(name: string, text: string): Promise<void> {
    this.#objects.set(name, Buffer.concat([this.#objects.get(name) ?? Buffer.alloc(0), Buffer.from(text)]));
  }

  async clear(): Promise<void> {
    this.#objects.clear();
  }
}
