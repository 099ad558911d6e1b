import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from '../hls/manifest.js';
import type { FoundObject, ObjectStore } from '../storage/object-store.js';
import { chatName } from './recorded-chat.js';
import { manifestName } from './recorder.js';

/** What is known of the manifest in the store, beside the local one. */
export const stateName = 'uploaded.json';

/** Something that was said of a recording, by whichever server. */
export interface Told {
  readonly id: string;
  /** Another one each time. */
  readonly tag: string;
}

const idPattern = /^[A-Za-z0-9_-]{1,120}$/;
/** No recording is called so. */
const toldFolder = '.changed/';
/** Whoever was away for longer finds what is new and what is gone, and may show an old title. */
const toldForMs = 7 * 86_400_000;

/**
 * What servers that share a store tell each other of recordings that are over: an object for each that was kept, changed or deleted in the last days, written anew
 * each time. One list says all of them, where asking for the manifest of each recording would be a question for each.
 */
export class ArchiveSurvey {
  readonly #store: ObjectStore;
  readonly #seen = new Map<string, string>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @throws {ObjectStoreError} */
  async tell(id: string): Promise<void> {
    this.#seen.set(id, await this.#store.put(`${toldFolder}${id}`, Buffer.from(randomUUID()), { contentType: 'text/plain' }));
  }

  /** What others told and was not `seen()` yet. What is old is removed. @throws {ObjectStoreError} */
  async told(): Promise<Told[]> {
    const told: Told[] = [];
    const there = new Set<string>();
    for await (const { key, etag, lastModified } of this.#store.objects(toldFolder)) {
      const id = key.slice(toldFolder.length);
      if (!idPattern.test(id)) continue;
      if (Date.now() - Date.parse(lastModified) > toldForMs) await this.#store.remove(key);
      else if (this.#seen.get(id) !== etag) told.push({ id, tag: etag });
      there.add(id);
    }
    for (const id of this.#seen.keys()) if (!there.has(id)) this.#seen.delete(id);
    return told;
  }

  /** What was told is known here from now on. */
  seen({ id, tag }: Told): void {
    this.#seen.set(id, tag);
  }

  /** All of which there is anything. @throws {ObjectStoreError} */
  async ids(): Promise<Set<string>> {
    const ids = new Set<string>();
    for await (const id of this.#store.folders()) if (idPattern.test(id)) ids.add(id);
    return ids;
  }

  /**
   * Puts its manifest, as it is there, into its folder here. `growing`: another server goes on with it, and nothing is put there.
   * @param makeFolder answers where it is
   * @throws {ObjectStoreError}
   */
  async fetch(id: string, makeFolder: () => Promise<string>): Promise<'here' | 'growing' | 'missing'> {
    const object = await this.#store.read(`${id}/${manifestName}`);
    if (!object) return 'missing';
    const { bytes, etag } = object;
    if (!readManifest(bytes.toString()).end && !isLeft(object)) return 'growing';
    const folder = await makeFolder();
    // Whoever plays it reads one or the other.
    await writeFile(join(folder, `${manifestName}.new`), bytes);
    await rename(join(folder, `${manifestName}.new`), join(folder, manifestName));
    await writeFile(join(folder, stateName), JSON.stringify({ etag, uploadedBytes: bytes.length, verified: true }));
    // It is read from the store then: somebody may have taken away what was said.
    await rm(join(folder, chatName), { force: true });
    return 'here';
  }
}

/** Nobody has written to it for a day: its server is gone. */
function isLeft({ lastModified }: FoundObject): boolean {
  return lastModified !== undefined && Date.now() - Date.parse(lastModified) > 86_400_000;
}
