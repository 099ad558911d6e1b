import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { StreamKeys } from '../../src/access/stream-keys.js';

function dataDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'onair-keys-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'data');
}

t.test('a key opens its own stream and no other, until it is revoked', async (t) => {
  const keys = new StreamKeys({ dataDir: dataDirectory(t) });
  const made = await keys.create('cam', 'for the hall');
  t.match(made, { stream: 'cam', label: 'for the hall', id: /^[0-9a-f]{16}$/, key: /^[A-Za-z0-9_-]{43}$/ });
  t.equal(keys.match('cam', made.key), made.id);
  for (const [stream, candidate] of [['other', made.key], ['cam', `${made.key}x`], ['cam', made.id], ['cam', '']] as const) t.equal(keys.match(stream, candidate), undefined);
  t.equal(await keys.revoke('other', made.id), false, 'not by the name of another stream');
  t.equal(await keys.revoke('cam', made.id), true);
  t.equal(await keys.revoke('cam', made.id), false);
  t.equal(keys.match('cam', made.key), undefined);
});

t.test('keys outlive a restart; the disk has their hashes only, for the owner only', async (t) => {
  const dataDir = dataDirectory(t);
  const first = new StreamKeys({ dataDir });
  const [a, b] = await Promise.all([first.create('cam', ''), first.create('cam', 'second')]);
  const path = join(dataDir, 'stream-keys.json');
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.strictSame(readdirSync(dataDir), ['stream-keys.json'], 'no draft is left');
  const text = readFileSync(path, 'utf8');
  for (const { key } of [a, b]) t.notMatch(text, key);
  const second = new StreamKeys({ dataDir });
  t.equal(second.match('cam', a.key), a.id);
  t.equal(second.match('cam', b.key), b.id);
  t.strictSame(second.list('cam').map(({ label }) => label), ['', 'second']);
  t.notOk(JSON.stringify(second.list('cam')).includes('sha256'));
});

t.test('a crash while writing leaves the keys of before', async (t) => {
  const dataDir = dataDirectory(t);
  const { key, id } = await new StreamKeys({ dataDir }).create('cam', '');
  writeFileSync(join(dataDir, 'stream-keys.json.new'), '{"keys":[{"id":"half');
  t.equal(new StreamKeys({ dataDir }).match('cam', key), id);
});

t.test('a disk that takes nothing refuses the change, and what was valid stays valid', async (t) => {
  const dataDir = dataDirectory(t);
  writeFileSync(dataDir, 'a file where a folder is wanted');
  t.throws(() => new StreamKeys({ dataDir }), { code: 'ENOTDIR' });
  rmSync(dataDir);
  const keys = new StreamKeys({ dataDir });
  const { key, id } = await keys.create('cam', '');
  rmSync(dataDir, { recursive: true });
  writeFileSync(dataDir, 'gone');
  await t.rejects(keys.create('cam', ''));
  await t.rejects(keys.revoke('cam', id), 'a key is not called revoked while the disk still has it');
  t.equal(keys.match('cam', key), id);
});

t.test('a file that was tampered with stops the start in words', async (t) => {
  for (const text of ['', '{', '[]', '{"keys":[{"id":"x"}]}', '{"keys":{}}']) {
    const dataDir = dataDirectory(t);
    await new StreamKeys({ dataDir }).create('cam', '');
    writeFileSync(join(dataDir, 'stream-keys.json'), text);
    t.throws(() => new StreamKeys({ dataDir }), { message: /stream-keys\.json: expected the keys that were written there/ }, text);
  }
});

t.test('keys of one stream are bounded', async (t) => {
  const keys = new StreamKeys({ dataDir: dataDirectory(t) });
  for (let index = 0; index < 100; index++) await keys.create('cam', '');
  await t.rejects(keys.create('cam', ''), { code: 'over-limit' });
  await t.resolves(keys.create('other', ''));
});
