import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { manifestLine, readManifest, readManifestEnds, sumsOf, type Manifest } from '../hls/manifest.js';
import type { StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import { DiskMediaStore } from '../storage/disk-media-store.js';
import type { MediaStore } from '../storage/media-store.js';
import { readEnds } from '../storage/file-ends.js';
import { SharedReads } from '../storage/shared-reads.js';
import type { Turns } from '../storage/turns.js';
import type { ObjectArchive } from './object-archive.js';
import { chatName, type ChatFile } from './recorded-chat.js';
import { manifestName } from './recorder.js';
import { isServerRunning } from './segment-folders.js';

export interface RecordingFoldersOptions {
  /** A folder for each recording. */
  readonly directory: string;
  /** Who may use that disk now. */
  readonly turns: Turns;
  /** Where they go from there; undefined: they stay. */
  readonly archive?: ObjectArchive | undefined;
}

/** What a list needs of a manifest. */
export interface ManifestEnds extends Pick<Manifest, 'start' | 'description' | 'end'> {
  /** How long all of it was. */
  readonly byteLength: number;
}

const deletedPrefix = '.deleted-';
const idPattern = /^[A-Za-z0-9_-]{1,120}$/;

/** Where recordings lie: a folder for each, with its media, its manifest and its chat. */
export class RecordingFolders {
  readonly #directory: string;
  readonly #turns: Turns;
  readonly #archive: ObjectArchive | undefined;
  readonly #reads = new SharedReads();

  constructor({ directory, turns, archive }: RecordingFoldersOptions) {
    this.#directory = directory;
    this.#turns = turns;
    this.#archive = archive;
  }

  /** What is there, whole or not; what was deleted half is deleted whole. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) if (name.startsWith(deletedPrefix)) await this.#removeRest(name.slice(deletedPrefix.length));
    return names.filter((name) => idPattern.test(name));
  }

  path(id: string): string {
    return join(this.#directory, id);
  }

  store(id: string): MediaStore {
    const disk = new DiskMediaStore({ directory: this.path(id), root: this.#directory, turns: this.#turns, reads: this.#reads });
    return this.#archive?.spooled(id, disk) ?? disk;
  }

  /** As its manifest says, where it says so at its ends; nothing is done about it. */
  async ends(id: string): Promise<ManifestEnds> {
    const { text: said, byteLength } = await readEnds(join(this.path(id), manifestName));
    const { start, description, end } = readManifestEnds(said);
    return { start, description, end, byteLength };
  }

  /** How long its manifest is; undefined where there is none. */
  async manifestBytes(id: string): Promise<number | undefined> {
    return (await stat(join(this.path(id), manifestName)).catch(unlessMissing))?.size;
  }

  /** What a list needs of one. What a server that is gone left open is closed, and what it did not get into the archive goes on. */
  async read(id: string): Promise<ManifestEnds> {
    const ends = await this.ends(id);
    const manifest = ends.end ? undefined : await this.manifest(id);
    const { start, description } = manifest ?? ends;
    if (start) await this.#archive?.resume(id);
    if (!manifest) return ends;
    let { end } = manifest;
    let { byteLength } = ends;
    if (start && !end && !isServerRunning(start.server)) {
      end = { type: 'end', ...sumsOf(manifest), interrupted: true };
      // As `Recorder` ends one: whoever lists recordings reads the ends of a manifest alone.
      await this.store(id).append(manifestName, `\n${[...(description ? [description] : []), end].map(manifestLine).join('')}`);
      byteLength = (await this.manifestBytes(id)) ?? byteLength;
    }
    return { start, description, end, byteLength };
  }

  /** For one that is in the archive alone. */
  async make(id: string): Promise<string> {
    await mkdir(this.path(id), { recursive: true });
    return this.path(id);
  }

  /** It is not in the archive any more. */
  async forget(id: string): Promise<void> {
    await rm(this.path(id), { recursive: true, force: true, maxRetries: 3 });
  }

  async manifest(id: string): Promise<Manifest> {
    return readManifest(await text(await this.store(id).open(manifestName)));
  }

  /** An init segment or a segment. @throws {LiveError} not-found | unavailable */
  async media(id: string, name: string): Promise<StoredMedia> {
    const size = await this.#sizeOf(id, name);
    if (size === undefined) return (await this.#archive?.media(id, name)) ?? noSuchMedia();
    const store = this.store(id);
    /** It may have gone up this moment. */
    const orArchived = async <T>(asked: Promise<T>, ask: (archived: StoredMedia) => Promise<T>): Promise<T> => {
      try {
        return await asked;
      } catch (cause) {
        const archived = await this.#archive?.media(id, name);
        if (archived) return ask(archived);
        throw new LiveError('unavailable', 'the store does not give back this segment; try again', { cause });
      }
    };
    return {
      byteLength: size,
      open: (start, byteLength) => orArchived(store.open(name, { start, byteLength }), (archived) => archived.open(start, byteLength)),
      read: store.read && ((start, byteLength) => orArchived(store.read!(name, { start, byteLength }), async (archived) => ({ bytes: await buffer(await archived.open(start, byteLength)), letGo: () => undefined }))),
    };
  }

  /** Where a viewer finds that media; undefined: here. */
  async addressOf(id: string, name: string, isPrivate: boolean): Promise<string | undefined> {
    if (!this.#archive || (await this.#sizeOf(id, name)) !== undefined) return undefined;
    return this.#archive.addressOf(id, name, isPrivate);
  }

  /**
   * All of these in one folder: its own, or that one, where some are in the archive.
   * @param signal ends it at once
   * @param onGathered told of each that has come
   * @throws {LiveError} unavailable
   */
  async gather(id: string, names: readonly string[], directory: string, { signal, onGathered }: { signal?: AbortSignal; onGathered?: (count: number) => void } = {}): Promise<string> {
    if (!this.#archive) return this.path(id);
    await mkdir(directory, { recursive: true });
    for (const [index, name] of names.entries()) {
      const opening = this.media(id, name).then((media) => media.open(0, media.byteLength));
      await pipeline(await unlessAborted(opening, signal), createWriteStream(join(directory, name)), { signal });
      onGathered?.(index + 1);
    }
    return directory;
  }

  async #sizeOf(id: string, name: string): Promise<number | undefined> {
    return (await stat(join(this.path(id), name)).catch(() => undefined))?.size;
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
        this.#archive?.changed(id, true);
      },
    };
  }

  /** undefined when nothing was said. */
  async openChat(id: string): Promise<Readable | undefined> {
    try {
      return await this.store(id).open(chatName);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const archived = await this.#archive?.chat(id);
      return archived && Readable.from([archived], { objectMode: false });
    }
  }

  /**
   * One step takes it away; what is left then is only work.
   * @param onRest told when some of that work is left to the next start
   * @throws {Error} when it does not go, and then it is still there
   */
  async remove(id: string, onRest?: (error: Error) => void): Promise<void> {
    await this.#archive?.withdraw(id);
    await rename(this.path(id), this.path(`${deletedPrefix}${id}`)).catch(async (error: unknown) => {
      await this.#archive?.putBack(id);
      throw error;
    });
    await this.#removeRest(id).catch((error: unknown) => onRest?.(error as Error));
  }

  /** The folder stays for as long as there is something of it in the archive: a later start goes on with that. */
  async #removeRest(id: string): Promise<void> {
    const removeFolder = (): Promise<void> => rm(this.path(`${deletedPrefix}${id}`), { recursive: true, force: true, maxRetries: 3 });
    if (!this.#archive) return removeFolder();
    void this.#archive.clear(id).then(removeFolder).catch(() => undefined);
  }
}

function noSuchMedia(): never {
  throw new LiveError('not-found', 'there is no such segment in this recording');
}

/** A store that hangs is not waited for once nobody wants it; what comes late is let go of. */
async function unlessAborted(opening: Promise<Readable>, signal: AbortSignal | undefined): Promise<Readable> {
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(new Error('nobody wants it any more'));
  });
  signal?.addEventListener('abort', giveUp);
  try {
    if (signal?.aborted) giveUp();
    return await Promise.race([opening, aborted]);
  } catch (error) {
    void opening.then((late) => late.destroy(), () => undefined);
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
