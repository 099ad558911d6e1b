import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import type { ManifestDescription, ManifestEnd, ManifestStart } from '../hls/manifest.js';
import { inTurn, type Turns } from '../storage/turns.js';
import type { ManifestEnds, RecordingFolders } from './recording-folders.js';
import { settledWithin } from './settled-within.js';

/** What the manifest of a recording that is over said when it was so long. */
export interface IndexedRecording {
  readonly id: string;
  readonly byteLength: number;
  readonly start: ManifestStart;
  readonly description: ManifestDescription | undefined;
  readonly end: ManifestEnd;
}

export interface RecordingIndexOptions {
  readonly folders: Pick<RecordingFolders, 'path' | 'ends' | 'manifestBytes'>;
  readonly turns: Turns;
}

/** A name that no recording has. */
export const indexName = '.catalogue.jsonl';
/** So many lines that count no longer are left in it. */
const staleLines = 64;
const closeTimeoutMs = 1500;

/**
 * The ends of all manifests in one file, so that a start does not look into ten thousand folders before it answers. It holds only what is over and, where there is an
 * object store, what is whole there. It is a memory, not a truth: what is not in it is read from its folder, what has no folder does not count, and what grew since
 * it was noted is read again. So a line that was lost, or that could not be written, costs the next start some time and nothing else.
 */
export class RecordingIndex {
  readonly #options: RecordingIndexOptions;
  readonly #path: string;
  /** What stands there as it is now. */
  readonly #noted = new Set<string>();
  #noting: Promise<void> = Promise.resolve();
  #waiting = '';
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: RecordingIndexOptions) {
    this.#options = options;
    this.#path = options.folders.path(indexName);
  }

  /** What is known of these without looking. A line that is half written or none of ours counts as not there. */
  async open(ids: readonly string[]): Promise<ReadonlyMap<string, IndexedRecording>> {
    const there = new Set(ids);
    const lines = (await readFile(this.#path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    const found = new Map<string, IndexedRecording>();
    for (const line of lines) {
      const { id, indexed } = readLine(line);
      if (indexed && there.has(indexed.id)) found.set(indexed.id, indexed);
      else if (id !== undefined) found.delete(id);
    }
    for (const id of found.keys()) this.#noted.add(id);
    if (lines.length > 2 * found.size + staleLines) await this.#writeAnew(found);
    return found;
  }

  /** Looks whether those have changed since, one after another, and has what did read again. @param gone told of what has no manifest any more */
  async compare(indexed: Iterable<IndexedRecording>, { read, gone }: { read: (id: string) => Promise<void>; gone: (id: string) => void }): Promise<void> {
    const { folders, turns } = this.#options;
    for (const { id, byteLength } of indexed) {
      if (this.#closed) return;
      const size = await inTurn(turns, () => folders.manifestBytes(id)).catch(() => byteLength);
      if (size === byteLength) continue;
      void this.changed(id);
      if (size === undefined) gone(id);
      else await read(id).catch(() => undefined);
    }
  }

  /** More is about to be written to its manifest: resolves when nobody takes what was noted for true any more, or when the disk does not say so. */
  async changed(id: string): Promise<void> {
    if (this.#noted.delete(id)) await this.#append({ id });
  }

  /** What was read of it; one that goes on is not noted. */
  note(id: string, { byteLength, start, description, end }: ManifestEnds): void {
    if (!start || !end) return;
    const indexed: IndexedRecording = { id, byteLength, start, description, end };
    this.#noted.add(id);
    void this.#append(indexed);
  }

  /** Notes those that are not, as their manifests are now. After all that was asked before: when it resolves, these are noted. */
  noteAll(ids: readonly string[]): Promise<void> {
    this.#noting = this.#noting.then(() => this.#noteAll(ids));
    return this.#noting;
  }

  async #noteAll(ids: readonly string[]): Promise<void> {
    const { folders, turns } = this.#options;
    for (const id of ids) {
      if (this.#noted.has(id)) continue;
      this.#noted.add(id); // from here on a change counts
      const ends = await inTurn(turns, () => folders.ends(id)).catch(() => undefined);
      if (ends?.end && this.#noted.has(id)) this.note(id, ends);
      else this.#noted.delete(id);
    }
  }

  /** Resolves when all is written that was noted, or when the disk is not waited for any longer. */
  async close(): Promise<void> {
    this.#closed = true;
    await settledWithin(this.#writing ?? Promise.resolve(), closeTimeoutMs);
  }

  /** @param line an id alone takes back what was said of it */
  async #append(line: IndexedRecording | Pick<IndexedRecording, 'id'>): Promise<void> {
    // The line before may be half written.
    this.#waiting += `\n${JSON.stringify(line)}`;
    await (this.#writing ??= this.#write().finally(() => (this.#writing = undefined)));
  }

  async #write(): Promise<void> {
    while (this.#waiting !== '') {
      const text = this.#waiting;
      this.#waiting = '';
      await inTurn(this.#options.turns, () => appendFile(this.#path, text)).catch(() => undefined);
    }
  }

  /** Whole or not at all. */
  async #writeAnew(found: ReadonlyMap<string, IndexedRecording>): Promise<void> {
    const draft = `${this.#path}.new`;
    try {
      await writeFile(draft, [...found.values()].map((indexed) => `${JSON.stringify(indexed)}\n`).join(''));
      await rename(draft, this.#path);
    } catch {
      // It only stays longer than it need be.
    }
  }
}

function readLine(line: string): { id?: string | undefined; indexed?: IndexedRecording } {
  try {
    const { id, byteLength, start, description, end } = JSON.parse(line) as Partial<IndexedRecording>;
    const isOurs = typeof id === 'string' && typeof byteLength === 'number' && typeof start?.stream === 'string' && !Number.isNaN(Date.parse(start.startedAt)) && typeof end?.durationSeconds === 'number' && typeof end.byteLength === 'number';
    return isOurs ? { id, indexed: { id, byteLength, start, description, end } } : { id };
  } catch {
    return {};
  }
}
