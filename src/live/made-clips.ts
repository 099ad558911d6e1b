import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface MadeClip {
  readonly recording: string;
  readonly byteLength: number;
}

/** Files of clips in a folder of their own: the last that were asked for, within so many bytes. Nothing of it outlives the server. */
export class MadeClips {
  readonly directory: string;
  readonly #maxBytes: number;
  /** By file name, the one that was asked for last at the end. */
  readonly #made = new Map<string, MadeClip>();

  constructor({ directory, maxBytes }: { directory: string; maxBytes: number }) {
    this.directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Removes what an earlier run left. */
  async clear(): Promise<void> {
    this.#made.clear();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Before a clip is made. */
  async makeRoom(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** How large it is; undefined when it is not there. */
  sizeOf(name: string): number | undefined {
    const clip = this.#made.get(name);
    if (!clip) return undefined;
    this.#made.delete(name);
    this.#made.set(name, clip);
    return clip.byteLength;
  }

  /** It was made; those that were asked for longest ago go, but never itself. */
  async add(name: string, recording: string): Promise<void> {
    const { size: byteLength } = await stat(this.path(name));
    this.#made.set(name, { recording, byteLength });
    let bytes = [...this.#made.values()].reduce((sum, clip) => sum + clip.byteLength, 0);
    for (const [oldest, clip] of this.#made) {
      if (bytes <= this.#maxBytes || oldest === name) break;
      bytes -= clip.byteLength;
      await this.#remove(oldest);
    }
  }

  /** Those of a recording that goes. */
  async removeOf(recording: string): Promise<void> {
    for (const [name, clip] of this.#made) if (clip.recording === recording) await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    this.#made.delete(name);
    await rm(this.path(name), { force: true });
  }
}
