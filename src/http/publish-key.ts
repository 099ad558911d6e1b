import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { LiveError } from '../live/errors.js';

/** The secret without which nobody may publish or end a broadcast; compared in constant time. */
export class PublishKey {
  readonly #digest: Buffer;

  constructor(key: string) {
    this.#digest = digest(key);
  }

  matches(candidate: string): boolean {
    // Digests have one length, so that not even the key's length leaks.
    return timingSafeEqual(digest(candidate), this.#digest);
  }

  /**
   * Lets a request pass that carries the key as `Authorization: Bearer` or `?key=`.
   * @throws {LiveError} unauthorized
   */
  require(request: FastifyRequest): void {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const { key } = request.query as { key?: unknown };
    const candidates = [bearer, key].filter((candidate) => typeof candidate === 'string');
    if (candidates.length === 0) throw new LiveError('unauthorized', 'expected the publish key as "Authorization: Bearer" or "?key=", got none');
    if (!candidates.some((candidate) => this.matches(candidate))) throw new LiveError('unauthorized', 'the publish key is wrong');
  }
}

/** The key kept in a directory, made there the first time; only its owner can read it. */
export function keepPublishKey(dataDir: string): string {
  const path = join(dataDir, 'publish-key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const made = randomBytes(24).toString('base64url');
  try {
    writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const kept = readFileSync(path, 'utf8').trim();
  if (kept.length < 16) throw new Error(`${path}: expected a key of 16 characters or more, got ${kept.length}; delete the file to have a new one made`);
  return kept;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
