import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { lanAddresses } from '../src/greeting.js';

/** Makes a self-signed certificate for this machine's names on its networks, for trying phones at home. */
const directory = process.env.DATA_DIR || '.onair';
const cert = join(directory, 'dev-cert.pem');
const key = join(directory, 'dev-key.pem');
const addresses = lanAddresses(networkInterfaces());
const names = ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1', ...addresses.map((address) => `IP:${address}`)];

mkdirSync(directory, { recursive: true, mode: 0o700 });
const { error, status, stderr } = spawnSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '365'],
    ...['-keyout', key, '-out', cert, '-subj', '/CN=Onair development'],
    ...['-addext', `subjectAltName=${names.join(',')}`, '-addext', 'extendedKeyUsage=serverAuth'],
  ],
  { encoding: 'utf8' },
);
if (error || status !== 0 || !existsSync(key)) {
  const reason = error ? `it did not start (${error.message}); install it (Debian: apt install openssl)` : stderr.trim();
  console.error(`dev-cert: expected openssl to make a certificate: ${reason}`);
  process.exit(1);
}
chmodSync(key, 0o600);

console.log(`A certificate for ${['localhost', ...addresses].join(', ')} is in ${cert}. Start with it:

  HOST=0.0.0.0 TLS_CERT=${cert} TLS_KEY=${key} npm start

Browsers do not know who signed it: open the printed link and accept the warning once on every device.`);
