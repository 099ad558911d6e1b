import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PublishKey, keepPublishKey } from '../../src/http/publish-key.js';
import { loggerOptions, withoutSecrets } from '../../src/http/request-log.js';

t.test('a key is made once, readable by its owner only, and kept across starts', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'onair-key-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const dataDir = join(directory, 'data');
  const key = keepPublishKey(dataDir);
  t.match(key, /^[A-Za-z0-9_-]{32}$/);
  t.equal(keepPublishKey(dataDir), key);
  t.equal(statSync(join(dataDir, 'publish-key')).mode & 0o777, 0o600);
  t.equal(readFileSync(join(dataDir, 'publish-key'), 'utf8'), `${key}\n`);
  writeFileSync(join(dataDir, 'publish-key'), '');
  t.throws(() => keepPublishKey(dataDir), { message: /expected a key of 16 characters or more, got 0/ });
  t.end();
});

t.test('only the key itself matches', (t) => {
  const key = new PublishKey('correct horse');
  t.ok(key.matches('correct horse'));
  for (const wrong of ['', 'correct', 'correct horse ', 'Correct horse']) t.notOk(key.matches(wrong), wrong);
  t.end();
});

t.test('a URL in a log has no secrets', (t) => {
  const table: [string, string][] = [
    ['/live/cam/publish?key=abc', '/live/cam/publish?key=…'],
    ['/live/cam/publish?x=1&key=abc&y=2', '/live/cam/publish?x=1&key=…&y=2'],
    ['/live/cam/publish?%6Bey=abc', '/live/cam/publish?%6Bey=…'],
    ['/live/cam/publish?resume=abc', '/live/cam/publish?resume=…'],
    ['/live/cam/publish?%zz=abc', '/live/cam/publish?%zz=…'],
    ['/live/cam/media.m3u8?_HLS_msn=1', '/live/cam/media.m3u8?_HLS_msn=1'],
  ];
  for (const [url, logged] of table) t.equal(withoutSecrets(url), logged);
  const { serializers } = loggerOptions('info') as { serializers: { req: (request: object) => object } };
  const line = JSON.stringify(serializers.req({ method: 'GET', url: '/?key=abc', ip: '::1', headers: { authorization: 'Bearer abc' } }));
  t.notMatch(line, 'abc');
  t.end();
});
