import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { dirname, join } from 'node:path';
import { isStreamName } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import { faultOf } from '../storage/folder-fault.js';
import { JsonFile } from '../storage/json-file.js';
import type { SharedValues } from '../storage/shared-values.js';

/** What may be told of a key once it has been handed out. */
export interface StreamKeyFacts {
  readonly id: string;
  readonly stream: string;
  /** For whom it was made, in the operator's words. */
  readonly label: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

interface KeptKey extends StreamKeyFacts {
  /**
   * Hex. A slow hash would protect nothing here: these keys are 256 random bits, so that there is nothing to guess, and a
   * fast one keeps wrong keys from costing the server anything.
   */
  readonly sha256: string;
}

const maxKeysPerStream = 100;
const maxKeys = 10_000;

/** Keys that publish and end one stream each. The disk has only their hashes. */
export class StreamKeys {
  readonly #file: JsonFile;
  #keys: readonly KeptKey[];
  #saving: Promise<unknown> = Promise.resolve();
  #shared: SharedValues | undefined;

  /** @throws {Error} in one line, when the file is there but is not what was written */
  constructor({ dataDir }: { dataDir: string }) {
    this.#file = new JsonFile(join(dataDir, 'stream-keys.json'));
    this.#keys = read(this.#file);
  }

  /**
   * Makes a key; it is on disk when this resolves, and nobody can be told it again.
   * @throws {LiveError} over-limit, or unavailable when it can't be kept
   */
  create(stream: string, label: string): Promise<StreamKeyFacts & { readonly key: string }> {
    const key = randomBytes(32).toString('base64url');
    const facts = { id: randomBytes(8).toString('hex'), stream, label, createdAt: new Date().toISOString() };
    return this.#change(async () => {
      if (this.list(stream).length >= maxKeysPerStream) throw new LiveError('over-limit', `"${stream}" has ${maxKeysPerStream} keys already; revoke one first`);
      if (this.#keys.length >= maxKeys) throw new LiveError('over-limit', `there are ${maxKeys} keys already; revoke one first`);
      const kept = { ...facts, sha256: digest(key).toString('hex') };
      await this.#save([...this.#keys, kept]);
      this.#shared?.tell(kept.id, JSON.stringify(kept));
      return { ...facts, key };
    });
  }

  list(stream: string): StreamKeyFacts[] {
    return this.#keys.filter((kept) => kept.stream === stream).map(({ id, label, createdAt }) => ({ id, stream, label, createdAt }));
  }

  /** Resolves, when the key is gone for good, whether there was one. @throws {LiveError} unavailable, when that can't be kept */
  revoke(stream: string, id: string): Promise<boolean> {
    return this.#change(async () => {
      const left = this.#keys.filter((kept) => kept.stream !== stream || kept.id !== id);
      if (left.length === this.#keys.length) return false;
      await this.#save(left);
      this.#shared?.tell(id, undefined);
      return true;
    });
  }

  /** The key's id, when it is one of that stream. */
  match(stream: string, candidate: string): string | undefined {
    const came = digest(candidate);
    let found: string | undefined;
    // All of them, so that the time does not tell which one it was.
    for (const { id, stream: ofStream, sha256 } of this.#keys) {
      if (ofStream === stream && timingSafeEqual(Buffer.from(sha256, 'hex'), came)) found = id;
    }
    return found;
  }

  /**
   * From now on they are the keys of several servers: made at one they open at each, revoked at one at none. Must be called once at most.
   * @param onFailure told of what another server said and the disk does not take: it counts until this one is started again
   */
  share(shared: SharedValues, onFailure: (error: Error) => void): void {
    this.#shared = shared;
    const told = new Map<string, KeptKey | undefined>();
    const keep = async (): Promise<void> => {
      const keys = [...this.#keys.filter(({ id }) => !told.has(id)), ...[...told.values()].filter((kept) => kept !== undefined)];
      told.clear();
      await this.#save(keys).catch((error: unknown) => {
        this.#keys = keys;
        onFailure(error as Error);
      });
    };
    shared.follow(this.#keys.map((kept) => [kept.id, JSON.stringify(kept)]), (id, text) => {
      const came: unknown = text === undefined ? undefined : JSON.parse(text);
      if (came !== undefined && !isKeptKey(came)) return;
      told.set(id, came);
      // However many come at once, they are one write.
      if (told.size === 1) void this.#change(keep);
    });
  }

  /** One change after another: none is lost. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#saving.then(change);
    this.#saving = done.catch(() => undefined);
    return done;
  }

  /** @throws {LiveError} unavailable, when the disk does not take it: then the keys of before are the ones that count */
  async #save(keys: readonly KeptKey[]): Promise<void> {
    try {
      await this.#file.write({ keys });
    } catch (error) {
      throw new LiveError('unavailable', `nothing was changed, since keys can not be kept in DATA_DIR, ${faultOf(dirname(this.#file.path), error).words}`, { cause: error });
    }
    this.#keys = keys;
  }
}

function read(file: JsonFile): KeptKey[] {
  let kept: unknown;
  try {
    kept = file.read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    kept = {};
  }
  if (kept === undefined) return [];
  const { keys } = (kept ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || !keys.every(isKeptKey)) throw new Error(`${file.path}: expected the keys that were written there, got something else; restore the file, or delete it to revoke all stream keys`);
  return keys;
}

function isKeptKey(value: unknown): value is KeptKey {
  const { id, stream, label, createdAt, sha256 } = (value ?? {}) as Partial<Record<keyof KeptKey, unknown>>;
  return [id, label, createdAt].every((text) => typeof text === 'string') && typeof stream === 'string' && isStreamName(stream) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
