import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestLine, readManifest, sumsOf } from '../hls/manifest.js';
import { isKeptMedia } from '../hls/media-address.js';
import type { StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import { ObjectStoreError, type ObjectStore } from '../storage/object-store.js';
import { ArchiveSurvey, stateName } from './archive-survey.js';
import { manifestWithout, mergeManifests } from './manifest-merge.js';
import { chatName } from './recorded-chat.js';
import { manifestName } from './recorder.js';
import { settledWithin } from './settled-within.js';
import type { MediaStore } from '../storage/media-store.js';
import { UploadQueue } from './upload-queue.js';

export interface ObjectArchiveOptions {
  readonly store: ObjectStore;
  /** The folder of a recording on the disk: what is not in the store yet lies there. */
  readonly folder: (id: string) => string;
  /** So much may wait there. */
  readonly maxSpoolBytes: number;
  /** What viewers are sent to instead of being served; undefined: they are served here. */
  readonly deliver: ((key: string, isPrivate: boolean) => Promise<string>) | undefined;
  /** Told once in a row of failures, and when it is over: undefined. */
  readonly onState: (failure: Error | undefined) => void;
  /** Segments that the store took and does not have any more, and how much of the recording is missing by now. */
  readonly onLost: (id: string, names: readonly string[], missingSeconds: number) => void;
  /** How long manifests of what grows may be behind. */
  readonly manifestIntervalMs?: number | undefined;
  /** How long a viewer waits for the store. */
  readonly readTimeoutMs?: number | undefined;
  /** After a failure; doubled up to five seconds. */
  readonly retryMs?: number | undefined;
}

interface Kept {
  /** Of the manifest in the store; undefined: there is none yet. */
  etag: string | undefined;
  /** So much of the local one is in the store. */
  uploadedBytes: number;
  changed: boolean;
  /** Nothing more comes, or somebody waits for it. */
  urgent: boolean;
  /** Not yet, or not needed: what the store has was compared with what it should have. */
  verified: boolean;
  uploadedAtMs: number;
}

const mediaType = 'video/mp4';
const jsonLines = 'application/jsonl';

/** Recordings in an object store: each segment goes up as it is closed, from a bounded spool on the disk, and the manifest when all it lists is there. */
export class ObjectArchive {
  readonly #options: ObjectArchiveOptions;
  /** What other servers that use the store did to recordings there. */
  readonly survey: ArchiveSurvey;
  readonly #queue: UploadQueue;
  readonly #kept = new Map<string, Kept>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ObjectArchiveOptions) {
    this.#options = options;
    this.survey = new ArchiveSurvey(options.store);
    this.#queue = new UploadQueue({ onState: options.onState, retryMs: options.retryMs });
    this.#timer = setInterval(() => this.#queueManifests(), 1000).unref();
  }

  /** What waits on the disk. */
  get spoolBytes(): number {
    return this.#queue.waitingBytes;
  }

  /** What is put and appended there goes up behind the back of whoever writes; a spool that is full takes no more. */
  spooled(id: string, disk: MediaStore): MediaStore {
    const { maxSpoolBytes } = this.#options;
    return {
      put: async (name, bytes) => {
        const isMedia = isKeptMedia(name);
        if (isMedia && this.spoolBytes + bytes.byteLength > maxSpoolBytes) throw new Error(`${this.spoolBytes} bytes wait for the object store, and there is no room for more`);
        await disk.put(name, bytes);
        if (isMedia) this.#add(id, name, bytes.byteLength);
      },
      append: async (name, text) => {
        await disk.append(name, text);
        this.changed(id, text.includes('"type":"end"'));
      },
      open: (name, range, signal) => disk.open(name, range, signal),
      ...(disk.read && { read: (name, range, signal) => disk.read!(name, range, signal) }),
      remove: (name) => disk.remove(name),
      clear: () => disk.clear(),
    };
  }

  #add(id: string, name: string, byteLength: number): void {
    const path = join(this.#options.folder(id), name);
    this.#queue.add({
      ...{ group: id, name, byteLength },
      run: async () => {
        const bytes = await readFile(path).catch(unlessMissing);
        if (!bytes) return; // its recording was removed
        await this.#options.store.put(`${id}/${name}`, bytes, { contentType: mediaType });
        await unlink(path).catch(unlessMissing);
      },
    });
  }

  /** Its manifest or its chat says more. @param isWhole nothing more comes, or not soon */
  changed(id: string, isWhole: boolean): void {
    const kept = this.#stateOf(id);
    kept.changed = true;
    kept.urgent ||= isWhole;
    if (isWhole) this.#queueManifests();
  }

  /** Goes on with what an earlier run left in the folder. */
  async resume(id: string): Promise<void> {
    const folder = this.#options.folder(id);
    const names = await readdir(folder);
    const kept = this.#stateOf(id);
    if (names.includes(stateName)) Object.assign(kept, JSON.parse(await readFile(join(folder, stateName), 'utf8')) as Partial<Kept>);
    for (const name of names) if (isKeptMedia(name)) this.#add(id, name, (await stat(join(folder, name))).size);
    const { size } = await stat(join(folder, manifestName));
    if (size !== kept.uploadedBytes) this.changed(id, true);
    else if (kept.verified) this.#kept.delete(id);
  }

  /** undefined where the store has none. @throws {LiveError} unavailable */
  async media(id: string, name: string): Promise<StoredMedia | undefined> {
    const { store } = this.#options;
    const key = `${id}/${name}`;
    const byteLength = await this.#patiently(store.sizeOf(key));
    if (byteLength === undefined) return undefined;
    return {
      byteLength,
      open: async (start, length) => {
        const opening = store.open(key, { start, byteLength: length });
        const body = await this.#patiently(opening).catch((error: unknown) => {
          // Nobody reads it any more, should it come after all.
          void opening.then((late) => late?.destroy(), () => undefined);
          throw error;
        });
        return body ?? notThere();
      },
    };
  }

  /** Where a viewer gets it; undefined where it is served here. */
  async addressOf(id: string, name: string, isPrivate: boolean): Promise<string | undefined> {
    return this.#options.deliver?.(`${id}/${name}`, isPrivate);
  }

  /** undefined when nothing was said. @throws {LiveError} unavailable */
  async chat(id: string): Promise<Buffer | undefined> {
    return (await this.#patiently(this.#options.store.read(`${id}/${chatName}`)))?.bytes;
  }

  /** Whether the store has all that is known of it here. */
  isSettled(id: string): boolean {
    return !this.#kept.has(id);
  }

  /** Nobody finds it in the store any more. @throws {LiveError} unavailable, and then nothing is gone */
  async withdraw(id: string): Promise<void> {
    await this.#patiently(this.#options.store.remove(`${id}/${manifestName}`));
    this.#queue.forget(id);
    this.#kept.delete(id);
    // Who is not told finds out with the next look at all that there is.
    void this.survey.tell(id).catch(() => undefined);
  }

  /** It was withdrawn, and stays after all. */
  async putBack(id: string): Promise<void> {
    await this.resume(id);
    Object.assign(this.#stateOf(id), { etag: undefined });
    this.changed(id, true);
  }

  /** Resolves when nothing is left of it there, however long the store is away. */
  clear(id: string): Promise<void> {
    return new Promise((resolve) => this.#queue.addLast({ group: id, byteLength: 0, run: () => this.#removeRest(id).then(resolve) }));
  }

  /** What waits goes up when the server starts again. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await settledWithin(this.#queue.close(), 2000);
  }

  async #removeRest(id: string): Promise<void> {
    const { store } = this.#options;
    for await (const { key } of store.objects(`${id}/`)) await store.remove(key);
  }

  #stateOf(id: string): Kept {
    const known = this.#kept.get(id);
    if (known) return known;
    const kept = { etag: undefined, uploadedBytes: 0, changed: false, urgent: false, verified: false, uploadedAtMs: -Infinity };
    this.#kept.set(id, kept);
    return kept;
  }

  /** Those of which all is there that they list. */
  #queueManifests(): void {
    const { manifestIntervalMs = 15_000 } = this.#options;
    for (const [id, kept] of this.#kept) {
      const isDue = kept.urgent || performance.now() - kept.uploadedAtMs > manifestIntervalMs;
      if (!kept.changed || !isDue) continue;
      kept.changed = false;
      this.#queue.addLast({ group: id, byteLength: 0, run: () => this.#putManifest(id, kept) });
    }
  }

  /** All that waited of its group when it was asked for is in the store by now; what came since is listed when it is there, too. */
  async #putManifest(id: string, kept: Kept): Promise<void> {
    const { store, folder } = this.#options;
    const [path, chat] = [manifestName, chatName].map((name) => join(folder(id), name)) as [string, string];
    const said = await readFile(chat).catch(unlessMissing);
    if (said) await store.put(`${id}/${chatName}`, said, { contentType: jsonLines });
    const own = (await readFile(path).catch(unlessMissing))?.toString();
    if (own === undefined) return;
    const there = manifestWithout(this.#queue.namesOf(id), own);
    if (there !== own) kept.changed = true;
    const bytes = Buffer.from(there);
    try {
      kept.etag = await store.put(`${id}/${manifestName}`, bytes, { contentType: jsonLines, condition: kept.etag === undefined ? 'absent' : { etag: kept.etag } });
    } catch (error) {
      if (!(error instanceof ObjectStoreError) || !error.isConflict) throw error;
      return this.#merge(id, kept, own);
    }
    Object.assign(kept, { uploadedBytes: bytes.length, uploadedAtMs: performance.now() });
    const isOver = readManifest(there).end !== undefined;
    if (isOver && !kept.verified) await this.#verify(id, kept, own);
    await writeState(folder(id), kept);
    if (isOver) await this.survey.tell(id);
    if (isOver && !kept.changed) this.#kept.delete(id);
  }

  /** Another server said something of it, or an answer of the store was lost: nobody's lines are. */
  async #merge(id: string, kept: Kept, own: string): Promise<void> {
    const there = await this.#options.store.read(`${id}/${manifestName}`);
    if (!there) throw new ObjectStoreError('the object store says that there is a manifest, and has none');
    const { added } = mergeManifests(own, there.bytes.toString());
    if (added !== '') await writeFile(join(this.#options.folder(id), manifestName), added, { flag: 'a' });
    kept.etag = there.etag;
    return this.#putManifest(id, kept);
  }

  /** A store may forget what it took: what is missing is said in the manifest, so that players pass over it. */
  async #verify(id: string, kept: Kept, own: string): Promise<void> {
    const { store, folder, onLost } = this.#options;
    const sizes = new Map<string, number>();
    for await (const { key, byteLength } of store.objects(`${id}/`)) sizes.set(key.slice(id.length + 1), byteLength);
    const { segments: best, renditions } = readManifest(own);
    const segments = [best, ...renditions.values()].flat();
    const lost = segments.filter(({ uri, byteLength, gap }) => !gap && sizes.get(uri) !== byteLength).map(({ uri }) => uri);
    kept.verified = true;
    if (lost.length === 0) return;
    const line = manifestLine({ type: 'lost', uris: lost });
    const manifest = readManifest(own + line);
    const sums = sumsOf(manifest);
    // The sums once more: whoever lists recordings reads the ends of a manifest alone.
    await writeFile(join(folder(id), manifestName), `${line}${manifest.end ? manifestLine({ ...manifest.end, ...sums }) : ''}`, { flag: 'a' });
    kept.changed = true;
    onLost(id, lost, sums.missingSeconds ?? 0);
  }

  async #patiently<T>(asked: Promise<T>): Promise<T> {
    const { readTimeoutMs = 5000 } = this.#options;
    try {
      if (await settledWithin(asked, readTimeoutMs)) return await asked;
      asked.catch(() => undefined);
    } catch (cause) {
      throw new LiveError('unavailable', 'the object store does not answer as it should; try again', { cause });
    }
    throw new LiveError('unavailable', 'the object store does not answer in time; try again');
  }
}

async function writeState(folder: string, { etag, uploadedBytes, verified }: Pick<Kept, 'etag' | 'uploadedBytes' | 'verified'>): Promise<void> {
  await writeFile(join(folder, stateName), JSON.stringify({ etag, uploadedBytes, verified })).catch(unlessMissing);
}

function notThere(): never {
  throw new LiveError('unavailable', 'the object store does not have this segment any more');
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
