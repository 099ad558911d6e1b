import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { manifestLine, readManifest, sumsOf, type Manifest, type ManifestEnd, type ManifestStart } from '../hls/manifest.js';
import type { StoredMedia } from '../hls/stored-media.js';
import type { DescriptionChange, StreamDescription } from '../protocol/stream-description.js';
import { LiveError } from '../protocol/live-error.js';
import { DiskMediaStore } from '../storage/disk-media-store.js';
import type { Turns } from '../storage/turns.js';
import { readEnds } from '../storage/file-ends.js';
import type { RecordWishes } from './record-wishes.js';
import { changedDescription } from './stream-descriptions.js';
import { manifestName, Recorder } from './recorder.js';
import { isServerRunning, serverName } from './segment-folders.js';

export interface RecordingsOptions {
  /** A folder for each recording. */
  readonly directory: string;
  /** Who may use that disk now. */
  readonly turns: Turns;
  /** Which streams are recorded. */
  readonly wishes: RecordWishes;
  /** Older ones are removed; 0: none for its age. */
  readonly maxAgeDays: number;
  /** The oldest are removed while all together weigh more; 0: none for its weight. */
  readonly maxBytes: number;
}

/** One recording, as it is listed. */
export interface Recording {
  readonly id: string;
  readonly start: ManifestStart;
  readonly description: StreamDescription;
  /** `recording` while it grows; `interrupted` when its server died, complete up to the last segment. */
  readonly state: 'recording' | 'complete' | 'interrupted';
  readonly sums: Omit<ManifestEnd, 'type'>;
}

interface Kept {
  readonly start: ManifestStart;
  description: StreamDescription;
  /** undefined while it grows. */
  end: Omit<ManifestEnd, 'type'> | undefined;
  recorder: Recorder | undefined;
}

const deletedPrefix = '.deleted-';
const idPattern = /^[A-Za-z0-9_-]{1,120}$/;
/** So many folders are read at a time when the server starts. */
const readAtATime = 16;
const dayMs = 86_400_000;

/** All that was kept. The manifests on disk are the truth; what is listed was read from them at start, and follows what happens since. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** Reads what is there; what a server that is gone left open is closed. Must be called once, before the first broadcast. */
  async open(): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory).catch(() => []);
    const readers = Array.from({ length: readAtATime }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        if (name.startsWith(deletedPrefix)) await rm(join(directory, name), { recursive: true, force: true });
        else if (idPattern.test(name)) await this.#read(name).catch(() => undefined); // a folder without a manifest is none of ours
      }
    });
    await Promise.all(readers);
    await this.sweep();
  }

  async #read(id: string): Promise<void> {
    const path = join(this.#options.directory, id, manifestName);
    const ends = readManifest(await readEnds(path));
    const manifest = ends.end ? ends : await this.manifest(id);
    const { start, description } = manifest;
    if (!start) return;
    let { end } = manifest;
    if (!end && !isServerRunning(start.server)) {
      end = { type: 'end', ...sumsOf(manifest), interrupted: true };
      await this.store(id).append(manifestName, `\n${manifestLine(end)}`);
    }
    if (end?.durationSeconds === 0) return this.#removeFolder(id);
    this.#kept.set(id, { start, description: textsOf(description), end: end && sumsIn(end), recorder: undefined });
  }

  /** Newest first. */
  list(stream?: string): Recording[] {
    const ids = [...this.#kept.keys()].filter((id) => stream === undefined || this.#kept.get(id)?.start.stream === stream);
    return ids.map((id) => this.get(id)).sort((a, b) => Date.parse(b.start.startedAt) - Date.parse(a.start.startedAt));
  }

  /** @throws {LiveError} not-found */
  get(id: string): Recording {
    const { start, description, end, recorder } = this.#require(id);
    const sums = end ?? recorder?.sums ?? { durationSeconds: 0, byteLength: 0 };
    return { id, start, description, sums, state: !end ? 'recording' : end.interrupted ? 'interrupted' : 'complete' };
  }

  /** Its media and its manifest. */
  store(id: string): DiskMediaStore {
    const { directory: root, turns } = this.#options;
    return new DiskMediaStore({ directory: this.folder(id), root, turns });
  }

  folder(id: string): string {
    return join(this.#options.directory, id);
  }

  /** An init segment or a segment. @throws {LiveError} not-found | unavailable */
  async media(id: string, name: string): Promise<StoredMedia> {
    this.#require(id);
    const { size } = await stat(join(this.folder(id), name)).catch(() => {
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

  async manifest(id: string): Promise<Manifest> {
    return readManifest(await text(await this.store(id).open(manifestName)));
  }

  /** Whether this stream is to be recorded. */
  wants(stream: string): boolean {
    return this.#options.wishes.wants(stream);
  }

  /** From the next segment on, and until somebody says otherwise. */
  wish(stream: string, record: boolean): void {
    this.#options.wishes.set(stream, record);
  }

  /** Begins one. @param onGap see `Recorder` */
  begin(facts: Omit<ManifestStart, 'type' | 'version' | 'server'>, description: StreamDescription, onGap: (error: Error) => void): { id: string; recorder: Recorder } {
    const id = `${facts.stream}-${facts.startedAt.replace(/\.\d+|[-:]/g, '')}-${randomBytes(4).toString('hex')}`;
    const start: ManifestStart = { type: 'start', version: 1, ...facts, server: serverName };
    const recorder = new Recorder({ store: this.store(id), start, description, onGap });
    this.#kept.set(id, { start, description, end: undefined, recorder });
    return { id, recorder };
  }

  /** Nothing more comes to it. */
  async finish(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (!kept?.recorder) return;
    await kept.recorder.end();
    kept.end = kept.recorder.sums;
    kept.recorder = undefined;
    await this.sweep();
  }

  /** @throws {LiveError} not-found | malformed | unavailable */
  async describe(id: string, change: DescriptionChange): Promise<Recording> {
    const kept = this.#require(id);
    const description = changedDescription(kept.description, change);
    if (kept.recorder) kept.recorder.describe(description);
    else await this.store(id).append(manifestName, manifestLine({ type: 'description', ...description }));
    kept.description = description;
    return this.get(id);
  }

  /** Removes it at once and whole; who reads a part of it reads that to its end. @throws {LiveError} not-found */
  async remove(id: string): Promise<void> {
    const { recorder } = this.#require(id);
    if (recorder) throw new LiveError('malformed', 'this is being recorded; end the recording or the broadcast first');
    this.#kept.delete(id);
    await this.#removeFolder(id);
  }

  /** Removes what is too old, and the oldest while all weigh too much. */
  async sweep(): Promise<void> {
    const { maxAgeDays, maxBytes } = this.#options;
    const oldestFirst = this.list().reverse();
    let bytes = oldestFirst.reduce((sum, { sums }) => sum + sums.byteLength, 0);
    for (const { id, state, start, sums } of oldestFirst) {
      const isTooOld = maxAgeDays > 0 && Date.now() - Date.parse(start.startedAt) > maxAgeDays * dayMs;
      if (state === 'recording' || !(isTooOld || (maxBytes > 0 && bytes > maxBytes))) continue;
      bytes -= sums.byteLength;
      await this.remove(id).catch(() => undefined);
    }
  }

  /** One step takes it away; what is left then is only work. */
  async #removeFolder(id: string): Promise<void> {
    const { directory } = this.#options;
    const deleted = join(directory, `${deletedPrefix}${id}`);
    await rename(join(directory, id), deleted);
    await rm(deleted, { recursive: true, force: true });
  }

  #require(id: string): Kept {
    const kept = this.#kept.get(id);
    if (!kept) throw new LiveError('not-found', 'there is no such recording, or no longer');
    return kept;
  }
}

function sumsIn({ type: _type, ...sums }: ManifestEnd): Omit<ManifestEnd, 'type'> {
  return sums;
}

function textsOf(described: DescriptionChange | undefined): StreamDescription {
  const { title, description } = described ?? {};
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}
