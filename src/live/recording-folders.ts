import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readManifest, type Manifest } from '../hls/manifest.js';
import type { StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import { DiskMediaStore } from '../storage/disk-media-store.js';
import { readEnds } from '../storage/file-ends.js';
import type { Turns } from '../storage/turns.js';
import { chatName, type ChatFile } from './recorded-chat.js';
import { manifestName } from './recorder.js';

export interface RecordingFoldersOptions {
  /** A folder for each recording. */
  readonly directory: string;
  /** Who may use that disk now. */
  readonly turns: Turns;
}

const deletedPrefix = '.deleted-';
const idPattern = /^[A-Za-z0-9_-]{1,120}$/;

/** Where recordings lie: a folder for each, with its media, its manifest and its chat. */
export class RecordingFolders {
  readonly #directory: string;
  readonly #turns: Turns;

  constructor({ directory, turns }: RecordingFoldersOptions) {
    this.#directory = directory;
    this.#turns = turns;
  }

  /** What is there, whole or not; what was deleted half is deleted whole. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) if (name.startsWith(deletedPrefix)) await rm(join(this.#directory, name), { recursive: true, force: true });
    return names.filter((name) => idPattern.test(name));
  }

  path(id: string): string {
    return join(this.#directory, id);
  }

  store(id: string): DiskMediaStore {
    return new DiskMediaStore({ directory: this.path(id), root: this.#directory, turns: this.#turns });
  }

  /** The beginning and the end of a manifest: all that a list needs of a recording that is over. */
  async ends(id: string): Promise<Manifest> {
    return readManifest(await readEnds(join(this.path(id), manifestName)));
  }

  async manifest(id: string): Promise<Manifest> {
    return readManifest(await text(await this.store(id).open(manifestName)));
  }

  /** An init segment or a segment. @throws {LiveError} not-found | unavailable */
  async media(id: string, name: string): Promise<StoredMedia> {
    const { size } = await stat(join(this.path(id), name)).catch(() => {
      throw new LiveError('not-found', 'there is no such segment in this recording');
    });
    return {
      byteLength: size,
      open: (start, byteLength) =>
        this.store(id)
          .open(name, { start, byteLength })
          .catch((cause: unknown) => {
            throw new LiveError('unavailable', 'the store does not give back this segment; try again', { cause });
          }),
    };
  }

  /** What was said beside it. */
  chat(id: string): ChatFile {
    const store = this.store(id);
    const draft = `${chatName}.new`;
    return {
      append: (line) => store.append(chatName, line),
      read: async () => {
        const said = await this.openChat(id);
        return said ? text(said) : '';
      },
      replace: async (all) => {
        await store.put(draft, { byteLength: Buffer.byteLength(all), pieces: [Buffer.from(all)] });
        await rename(join(this.path(id), draft), join(this.path(id), chatName));
      },
    };
  }

  /** undefined when nothing was said. */
  async openChat(id: string): Promise<Readable | undefined> {
    try {
      return await this.store(id).open(chatName);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * One step takes it away; what is left then is only work.
   * @param onRest told when some of that work is left to the next start
   */
  async remove(id: string, onRest?: (error: Error) => void): Promise<void> {
    const deleted = join(this.#directory, `${deletedPrefix}${id}`);
    await rename(this.path(id), deleted);
    await rm(deleted, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => onRest?.(error as Error));
  }
}
