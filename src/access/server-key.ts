import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The secret that allows everything; compared in constant time. */
export class ServerKey {
  readonly #digest: Buffer;

  constructor(key: string) {
    this.#digest = digest(key);
  }

  matches(candidate: string): boolean {
    // Digests have one length, so that not even the key's length leaks.
    return timingSafeEqual(digest(candidate), this.#digest);
  }
}

/** The key kept in a directory, made there the first time; only its owner can read it. */
export function keepServerKey(dataDir: string): string {
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
