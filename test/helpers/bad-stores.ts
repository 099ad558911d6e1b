import type { Readable } from 'node:stream';
import type { ByteRange, MediaStore, Pieces } from '../../src/storage/media-store.js';
import { MemoryMediaStore } from '../../src/storage/memory-media-store.js';

const never = (): Promise<never> => new Promise(() => undefined);

/** It never answers. */
export const hungStore: MediaStore = { put: never, open: never, remove: never, append: never, clear: never };

/** A store in memory that can be made to fail, to hang or to forget. */
export class MoodyStore extends MemoryMediaStore {
  /** What each call waits for, and fails with. */
  mood: () => Promise<void> = async () => undefined;
  /** The same for reading alone. */
  readMood: () => Promise<void> = async () => undefined;

  fails(message = 'no space left'): void {
    this.mood = () => Promise.reject(new Error(message));
  }

  override async put(name: string, bytes: Pieces): Promise<void> {
    await this.mood();
    await super.put(name, bytes);
  }

  override async open(name: string, range?: ByteRange): Promise<Readable> {
    await this.readMood();
    return super.open(name, range);
  }

  override async append(name: string, text: string): Promise<void> {
    await this.mood();
    await super.append(name, text);
  }
}
