import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ServerKey, keepServerKey } from '../../src/access/server-key.js';

t.test('a key is made once, readable by its owner only, and kept across starts', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'onair-key-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const dataDir = join(directory, 'data');
  const key = keepServerKey(dataDir);
  t.match(key, /^[A-Za-z0-9_-]{32}$/);
  t.equal(keepServerKey(dataDir), key);
  t.equal(statSync(join(dataDir, 'publish-key')).mode & 0o777, 0o600);
  t.equal(readFileSync(join(dataDir, 'publish-key'), 'utf8'), `${key}\n`);
  writeFileSync(join(dataDir, 'publish-key'), '');
  t.throws(() => keepServerKey(dataDir), { message: /expected a key of 16 characters or more, got 0/ });
  t.end();
});

t.test('only the key itself matches', (t) => {
  const key = new ServerKey('correct horse');
  t.ok(key.matches('correct horse'));
  for (const wrong of ['', 'correct', 'correct horse ', 'Correct horse']) t.notOk(key.matches(wrong), wrong);
  t.end();
});
