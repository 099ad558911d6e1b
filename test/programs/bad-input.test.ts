import { createHash, randomBytes } from 'node:crypto';
import { chmod, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';

import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { childrenOf, findProgram, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';

t.setTimeout(140_000);

const fixture = readFixture('chromium-h264.mkv');
const server = await startServer(t);

/** The same bytes every time, so that a failure can be found again. */
function noise(seed: number): Buffer {
  return createHash('shake256', { outputLength: 60_000 }).update(String(seed)).digest();
}

/** What a plain HTTP request for an upgrade is answered; the path is sent as it stands, dots and all. */
async function upgrade(path: string, headers: Record<string, string> = {}, { origin } = server): Promise<{ status: number; body: unknown }> {
  const { hostname, port } = new URL(origin);
  const upgradeHeaders = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent: false, hostname, port, path, headers: { ...upgradeHeaders, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text });
      });
    });
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, body: '' });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** The server still does its work: a recording gets on the air. */
async function checkStillWorks(t: Test, target: TestServer, stream: string): Promise<void> {
  const publisher = new TestPublisher(t, target.publishUrl(stream));
  await publisher.message('ready');
  for (const { data } of messagesOf(fixture)) await publisher.send(data);
  await publisher.message('live');
  t.equal((await publisher.end()).code, 1000, 'the server lives on');
}

for (const [what, bytes] of Object.entries({
  'plain text': Buffer.from('this is no recording at all, however long one reads it. '.repeat(400)),
  zeros: Buffer.alloc(20_000),
  noise: noise(0),
  'a PDF': Buffer.concat([Buffer.from('%PDF-1.7\n'), noise(5)]),
})) {
  t.test(`${what}: refused with 4415 within 5 s, in words`, async (t) => {
    const publisher = new TestPublisher(t, server.publishUrl('not-media'));
    await publisher.message('ready');
    const started = performance.now();
    await publisher.sendPaced([{ atMs: 0, data: bytes.subarray(0, 1) }, { atMs: 50, data: bytes.subarray(1) }]);
    const { code, reason } = await publisher.hangUp();
    t.equal(code, 4415);
    t.match(reason, /\w+ \w+/, `says: ${reason}`);
    t.match(publisher.messages.at(-1), { type: 'ended', code: 'unsupported-media', message: /\w+ \w+/ });
    t.ok(performance.now() - started < 5_000);
  });
}

const matroskaBegin = fixture.bytes.subarray(0, 52);

for (const [what, bytes] of Object.entries({
  'noise after the header of a Matroska file': Buffer.concat([matroskaBegin, noise(1)]),
  'other noise after it': Buffer.concat([matroskaBegin, noise(2)]),
  // Void, of a terabyte (RFC 8794 §11.3.2)
  'an element after it that would take for ever': Buffer.concat([matroskaBegin, Buffer.from('ec0100010000000000', 'hex'), noise(3)]),
  'noise after the first box of an MP4 file': Buffer.concat([readFixture('chromium-h264.mp4').bytes.subarray(0, 36), noise(4)]),
})) {
  t.test(`${what}: refused with 4415 within 5 s, in words`, async (t) => {
    const publisher = new TestPublisher(t, server.publishUrl('broken-media'));
    await publisher.message('ready');
    await publisher.send(bytes);
    const { code, reason } = await publisher.hangUp(5_000);
    t.equal(code, 4415);
    t.match(reason, /\w+ \w+/, `says: ${reason}`);
  });
}

t.test('nothing at all, then the end: no failure of the server, a clean close', async (t) => {
  const publisher = new TestPublisher(t, server.publishUrl('nothing'));
  await publisher.message('ready');
  const { code } = await publisher.end();
  t.ok(code === 1000 || code === 4415, `closed with ${String(code)}`);
});

t.test('wrong or missing key: 401 before the upgrade', async (t) => {
  for (const query of ['', '?key=', '?key=wrong', `?key=${server.key}x`, `?key=${server.key.toUpperCase()}`]) {
    t.match(await upgrade(`/live/locked/publish${query}`), { status: 401, body: { code: 'unauthorized', message: /key/ } }, query || 'no key');
  }
  t.match(await upgrade('/live/locked/publish', { authorization: 'Bearer wrong' }), { status: 401 });
  t.match(await upgrade('/live/locked/publish', { authorization: `Bearer ${server.key}` }), { status: 101 }, 'the right one in a header passes');
});

t.test('a bad name: 400, and it never reaches the file system', async (t) => {
  // Of its own: what other broadcasts left behind is still being cleared away.
  const server = await startServer(t);
  const before = await filesAround(server);
  for (const name of ['a%20b', 'a'.repeat(65), '..%2f..%2fescape', '%2e%2e', '..%5cescape', '%00', 'na%C3%AFve', 'a.b', '%E0%A4%A', "a'b", '*', '%3Cscript%3E']) {
    const { status, body } = await upgrade(`/live/${name}/publish?key=${server.key}`, {}, server);
    t.equal(status, 400, `${name}: ${JSON.stringify(body)}`);
  }
  for (const path of ['/live/../../escape/publish', '/live//publish', '/live/x/../../../etc/passwd', '/live/x/y/..%2f..%2f..%2fetc%2fpasswd', '/live/x/y/%2e%2e/%2e%2e/secret']) {
    const { status } = await upgrade(`${path}?key=${server.key}`, {}, server);
    t.ok(status === 400 || status === 404, `${path}: ${String(status)}`);
  }
  t.strictSame(await filesAround(server), before);
});

t.test('a second publisher: 409, the first goes on undisturbed', async (t) => {
  const first = new TestPublisher(t, server.publishUrl('taken'));
  await first.message('ready');
  t.match(await upgrade(`/live/taken/publish?key=${server.key}`), { status: 409, body: { code: 'already-live', message: /taken/ } });
  for (const { data } of messagesOf(fixture)) await first.send(data);
  await first.message('live');
  t.equal((await first.end()).code, 1000);
  await checkStillWorks(t, server, 'taken');
});

t.test('a control message that is none: 4400, in words', async (t) => {
  for (const [index, text] of ['{', '"end"', '{"type":"launch"}', '{"type":"recording","mimeType":7}'].entries()) {
    const publisher = new TestPublisher(t, server.publishUrl(`malformed-${String(index)}`));
    await publisher.message('ready');
    await publisher.send(text);
    const { code, reason } = await publisher.hangUp();
    t.equal(code, 4400, `${text}: ${reason}`);
    t.match(reason, /expected/);
  }
});

t.test('a message over its limit: 4413; a body over its limit: 413', async (t) => {
  const strict = await startServer(t, { MAX_MESSAGE_BYTES: '20000' });
  const publisher = new TestPublisher(t, strict.publishUrl('large'));
  await publisher.message('ready');
  await publisher.send(Buffer.concat([fixture.bytes.subarray(0, 20_001)]));
  t.equal((await publisher.hangUp()).code, 4413);
  const response = await fetch(`${strict.origin}/api/streams/large`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${strict.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ padding: 'x'.repeat(2_000_000) }),
  });
  t.equal(response.status, 413);
  t.match(await response.json(), { code: 'over-limit', message: /\w+ \w+/ });
});

t.test('an ffmpeg that dies: the publisher is told in words, and the server lives on', async (t) => {
  const publisher = new TestPublisher(t, server.publishUrl('victim'));
  await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(fixture));
  await publisher.message('live');
  const children = await waitUntil('an ffmpeg child', async () => {
    const found = await childrenOf(process.pid, 'ffmpeg');
    return found.length > 0 && found;
  });
  for (const pid of children) process.kill(pid, 'SIGKILL');
  const told = await waitUntil('word of it', () => publisher.messages.find(({ type }) => type === 'warning' || type === 'ended'));
  t.match(told, { message: /ffmpeg|transcod|encod/i }, JSON.stringify(told));
  await sending;
  publisher.close();
  await publisher.hangUp();
  await checkStillWorks(t, server, 'after-victim');
});

t.test('an ffmpeg that cannot do its work: the publisher is told in words, and the server lives on', async (t) => {
  // Answers questions about itself like the real one, and fails as soon as there is work.
  const directory = await temporaryDirectory(t);
  const impostor = join(directory, 'ffmpeg');
  const real = findProgram('ffmpeg') ?? '';
  await writeFile(impostor, `#!/bin/sh\ncase "$*" in *pipe:*) echo "Conversion failed!" >&2; exit 1;; esac\nexec ${real} "$@"\n`);
  await chmod(impostor, 0o755);
  const broken = await startServer(t, { FFMPEG_PATH: impostor });
  const publisher = new TestPublisher(t, broken.publishUrl('hopeless'));
  await publisher.message('ready');
  await publisher.sendPaced(messagesOf(fixture));
  const { code, reason } = await publisher.hangUp();
  t.ok(code === 4415 || code === 4503 || code === 1011, `closed with ${String(code)}: ${reason}`);
  t.match(publisher.messages.findLast(({ type }) => type === 'ended'), { message: /\w+ \w+/ }, reason);
  t.equal((await fetch(`${broken.origin}/api/streams`)).status, 200, 'the server lives on');
});

t.test('an ffmpeg that is no longer there: the publisher is told in words, and the server lives on', async (t) => {
  const link = join(await temporaryDirectory(t), 'ffmpeg');
  await symlink(findProgram('ffmpeg') ?? '', link);
  const bereft = await startServer(t, { FFMPEG_PATH: link });
  await checkStillWorks(t, bereft, 'before');
  await rm(link);
  for (const stream of ['first', 'second']) {
    const publisher = new TestPublisher(t, bereft.publishUrl(stream));
    await publisher.message('ready');
    await publisher.sendPaced(messagesOf(fixture), { speed: 10 }).catch(() => undefined); // it may hang up while we send
    const { code, reason } = await publisher.hangUp();
    t.match(reason, /ffmpeg/, `closed with ${String(code)}: ${reason}`);
  }
  await symlink(findProgram('ffmpeg') ?? '', link);
  await checkStillWorks(t, bereft, 'after');
});

t.test('a stream that is not live: 404 with a JSON error', async (t) => {
  for (const path of ['/live/nobody/index.m3u8', '/live/nobody/x/media.m3u8', '/live/nobody/x/0.m4s', '/api/streams/nobody']) {
    const response = await fetch(`${server.origin}${path}`);
    t.equal(response.status, 404, path);
    t.match(await response.json(), { code: 'not-found', message: /\w+ \w+/ });
  }
});

async function filesAround({ segmentsDir }: TestServer): Promise<string[]> {
  return (await readdir(dirname(segmentsDir), { recursive: true })).sort();
}
