import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '../fixtures');

/** A self-signed certificate for localhost, its key, a key that is not its own, and a file that is neither; no secrets. */
export function makeCertificates(_t?: unknown): { cert: string; key: string; otherKey: string; text: string } {
  const [cert, key, otherKey] = ['localhost.pem', 'localhost.key.pem', 'other.key.pem'].map((name) => join(fixtures, 'tls', name)) as [string, string, string];
  return { cert, key, otherKey, text: join(fixtures, 'README.md') };
}
