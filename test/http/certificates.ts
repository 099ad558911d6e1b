import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A self-signed certificate for localhost, its key, a key that is not its own, and a file that is neither. */
export function makeCertificates(t: Test): { cert: string; key: string; otherKey: string; text: string } {
  const directory = mkdtempSync(join(tmpdir(), 'onair-tls-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [cert, key, otherKey, text] = ['cert.pem', 'key.pem', 'other.pem', 'text.txt'].map((name) => join(directory, name)) as [string, string, string, string];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', otherKey);
  writeFileSync(text, 'hello');
  return { cert, key, otherKey, text };
}
