import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { childBoxes } from '../../src/isobmff/boxes.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Answer } from '../../src/hls/answer.js';
import type { StoredMedia } from '../../src/hls/stored-media.js';
import { LiveError } from '../../src/protocol/live-error.js';
import { ReadMemory, type ReadBytes } from '../../src/storage/read-memory.js';
import { acceptsGzip, parseRange } from '../../src/http/media-reply.js';
import { withResolvers } from './fake-broadcast.js';
import { until } from '../live/fake-studio.js';
import { listen, startFakeServer } from './fake-server.js';

t.test('the multivariant playlist comes with its type, its age and leave for any page to read it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject({ url: '/live/cam/index.m3u8', headers: { origin: 'https://elsewhere.example' } });
  t.equal(answer.statusCode, 200);
  t.equal(answer.body, '#EXTM3U\nindex\n');
  t.match(answer.headers, {
    'content-type': 'application/vnd.apple.mpegurl',
    'cache-control': 'max-age=1',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': /Date/,
    'cross-origin-resource-policy': 'cross-origin',
    vary: /Accept-Encoding/,
  });
});

t.test('the longer playlists have addresses of their own, and their viewers are counted', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const off = await app.inject('/live/cam/dvr.m3u8');
  t.strictSame([off.statusCode, off.headers['cache-control']], [404, 'no-store']);
  for (const [name, url] of [['dvr index', 'dvr.m3u8'], ['dvr', 'run1/dvr.m3u8'], ['iframes', 'run1/iframes.m3u8']] as const) {
    cam.answers.set(name, { outcome: 'lasting', body: new Encoded(`#EXTM3U\n${name}\n`) });
    const answer = await app.inject(`/live/cam/${url}?_HLS_msn=7`);
    t.equal(answer.body, `#EXTM3U\n${name}\n`);
    t.equal(answer.headers['content-type'], 'application/vnd.apple.mpegurl');
  }
  t.strictSame(cam.directives, [{ _HLS_msn: '7' }, { _HLS_msn: '7' }]);
  t.equal(cam.seen.length, 2);
});

t.test('a playlist is gzipped for those who take it, and for nobody else', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const zipped = await app.inject({ url: '/live/cam/run1/media.m3u8', headers: { 'accept-encoding': 'gzip, deflate, br' } });
  t.equal(zipped.headers['content-encoding'], 'gzip');
  t.equal(gunzipSync(zipped.rawPayload).toString(), '#EXTM3U\nmedia\n');
  const plain = await app.inject({ url: '/live/cam/run1/media.m3u8', headers: { 'accept-encoding': 'gzip;q=0' } });
  t.equal(plain.headers['content-encoding'], undefined);
  t.equal(plain.body, '#EXTM3U\nmedia\n');
  for (const [header, takes] of [['gzip', true], ['*', true], ['br;q=1, gzip;q=0.5', true], ['gzip ; q=0.0', false], ['identity', false], ['*;q=0', false], [undefined, false]] as const) {
    t.equal(acceptsGzip(header), takes, String(header));
  }
});

t.test('delivery directives reach the rendition as they came, other query keys do not', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  await app.inject('/live/cam/run1/media.m3u8?_HLS_msn=07&_HLS_part=x&_HLS_skip=YES&token=1');
  t.strictSame(cam.directives, [{ _HLS_msn: '07', _HLS_part: 'x', _HLS_skip: 'YES' }]);
  const twice = await app.inject('/live/cam/run1/media.m3u8?_HLS_msn=1&_HLS_msn=2');
  t.equal(twice.statusCode, 400);
  t.strictSame(twice.json(), { code: 'malformed', message: 'expected one _HLS_msn, got 2' });
});

t.test("what a rendition has not is told with its words, and kept only when it never can come to be", async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  for (const [outcome, status, code, caching] of [
    ['not-yet', 404, 'not-found', 'max-age=1'],
    ['to-come', 404, 'not-found', 'no-store'],
    ['gone', 404, 'not-found', 'max-age=2'],
    ['malformed', 400, 'malformed', 'no-store'],
    ['standstill', 503, 'unavailable', 'max-age=1'],
  ] as const) {
    cam.answers.set('media', { outcome, message: 'words' });
    const answer = await app.inject('/live/cam/run1/media.m3u8');
    t.equal(answer.statusCode, status, outcome);
    t.strictSame(answer.json(), { code, message: 'words' });
    t.equal(answer.headers['cache-control'], caching, outcome);
    t.equal(answer.headers['access-control-allow-origin'], '*');
  }
});

t.test('what is there is kept for as long as it is true', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  for (const [outcome, caching] of [['multivariant', 'max-age=1'], ['present', 'max-age=1'], ['lasting', 'max-age=12']] as const) {
    cam.answers.set('media', { outcome, body: new Encoded('#EXTM3U\n') });
    t.equal((await app.inject('/live/cam/run1/media.m3u8')).headers['cache-control'], caching, outcome);
  }
  const beyond = await app.inject({ url: '/live/cam/run1/0.m4s', headers: { range: 'bytes=10-' } });
  t.equal(beyond.headers['cache-control'], 'no-store', 'a range is the wish of one client');
});

t.test('media comes whole, or as the one range that was asked for', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const ask = (range?: string) => app.inject({ url: '/live/cam/run1/0.m4s', headers: range === undefined ? {} : { range } });
  const whole = await ask();
  t.equal(whole.statusCode, 200);
  t.match(whole.headers, { 'content-type': 'video/mp4', 'content-length': '10', 'accept-ranges': 'bytes', 'cache-control': 'max-age=12' });
  t.equal(whole.body, '0123456789');
  const part = await ask('bytes=2-4');
  t.equal(part.statusCode, 206);
  t.match(part.headers, { 'content-range': 'bytes 2-4/10', 'content-length': '3' });
  t.equal(part.body, '234');
  const beyond = await ask('bytes=10-');
  t.equal(beyond.statusCode, 416);
  t.equal(beyond.headers['content-range'], 'bytes */10');
  t.equal((await ask('bytes=0-1,4-5')).statusCode, 200, 'several ranges are answered as none');
});

/** Media that lies in a store, and each stream that was opened of it. */
function storedMedia(bytes: Buffer, read?: StoredMedia['read']): StoredMedia & { opened: Readable[] } {
  const opened: Readable[] = [];
  return {
    byteLength: bytes.length,
    opened,
    read,
    open: async (start, byteLength) => {
      const stream = Readable.from([bytes.subarray(start, start + byteLength)], { objectMode: false });
      opened.push(stream);
      return stream;
    },
  };
}

for (const inOneGo of [false, true]) t.test(`media that lies in a store is answered as media in memory is, ${inOneGo ? 'read in one go' : 'as a stream'}: whole, in ranges, and to HEAD, for which nothing is read`, async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const bytes = Buffer.from('0123456789');
  let [reads, letGo] = [0, 0];
  const stored = storedMedia(bytes, inOneGo ? async (start, byteLength) => (reads++, { bytes: bytes.subarray(start, start + byteLength), letGo: () => (letGo += 1) }) : undefined);
  cam.answers.set('1.m4s', { outcome: 'lasting', body: stored });
  const kept = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'cache-control', 'access-control-allow-origin', 'vary'];
  for (const range of [undefined, 'bytes=2-4', 'bytes=-3', 'bytes=7-', 'bytes=0-99', 'bytes=10-', 'bytes=3-1', 'lines=1-2']) {
    for (const method of ['GET', 'HEAD'] as const) {
      const [inMemory, fromStore] = await Promise.all(['0.m4s', '1.m4s'].map((file) => app.inject({ method, url: `/live/cam/run1/${file}`, headers: { ...(range !== undefined && { range }) } })));
      const told = `${method} ${range}`;
      t.equal(fromStore?.statusCode, inMemory?.statusCode, told);
      t.equal(fromStore?.body, inMemory?.body, told);
      for (const name of kept) t.equal(fromStore?.headers[name], inMemory?.headers[name], `${told}: ${name}`);
    }
  }
  t.strictSame([stored.opened.length, reads], inOneGo ? [0, 7] : [7, 0], 'one for each GET that can be answered');
  await until(async () => letGo === reads);
  cam.answers.set('1.m4s', { outcome: 'lasting', body: stored, init: Buffer.from('init ') });
  const vlc = await app.inject({ url: '/live/cam/run1/1.m4s', headers: { 'user-agent': 'VLC/3.0.18 LibVLC/3.0.18' } });
  t.equal(vlc.body, 'init 0123456789');
});

t.test('what is read in one go for clients is bounded, for each and for all: beyond it is sent in pieces, until some of them have theirs', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const bytes = Buffer.alloc(4_194_304, 'picture ');
  const reading: (() => void)[] = [];
  const stored = storedMedia(bytes, (start, byteLength) => new Promise((resolve) => reading.push(() => resolve({ bytes: bytes.subarray(start, start + byteLength), letGo: () => undefined }))));
  cam.answers.set('1.m4s', { outcome: 'lasting', body: stored });
  const ask = async (): Promise<boolean> => (await app.inject('/live/cam/run1/1.m4s')).rawPayload.equals(bytes);
  const asked = Array.from({ length: 16 }, ask);
  await until(async () => reading.length === 16);
  t.ok(await ask(), 'what finds no room is sent as a stream');
  t.strictSame([reading.length, stored.opened.length], [16, 1]);
  for (const finish of reading) finish();
  t.strictSame(new Set(await Promise.all(asked)), new Set([true]));
  const last = ask();
  await until(async () => reading.length === 17);
  reading[16]?.();
  t.ok(await last);
  const larger = storedMedia(Buffer.alloc(4_194_305), () => t.fail('that is too much to be read in one go') as never);
  cam.answers.set('2.m4s', { outcome: 'lasting', body: larger });
  t.equal((await app.inject('/live/cam/run1/2.m4s')).rawPayload.length, 4_194_305);
});

t.test('each rendition has addresses of its own, and the source keeps those that it had', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { answers } = broadcasts.add('cam');
  for (const kind of ['media', 'dvr', 'iframes']) answers.set(`picture-2/${kind}`, { outcome: 'lasting', body: new Encoded(`#EXTM3U\nsmaller ${kind}\n`) });
  answers.set('picture-2/0.m4s', { outcome: 'lasting', body: Buffer.from('smaller') });
  for (const kind of ['media', 'dvr', 'iframes']) t.match((await app.inject(`/live/cam/run1/picture-2/${kind}.m3u8`)).body, `smaller ${kind}`);
  t.equal((await app.inject('/live/cam/run1/picture-2/0.m4s')).body, 'smaller');
  t.equal((await app.inject('/live/cam/run1/0.m4s')).body, '0123456789');
});

t.test('media that its store does not give is a failure in words that no cache keeps', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const open = async (): Promise<Readable> => Promise.reject(new LiveError('unavailable', 'the store does not give it'));
  broadcasts.add('cam').answers.set('1.m4s', { outcome: 'lasting', body: { byteLength: 10, open } });
  const answer = await app.inject('/live/cam/run1/1.m4s');
  t.equal(answer.statusCode, 503);
  t.strictSame(answer.json(), { code: 'unavailable', message: 'the store does not give it' });
  t.equal(answer.headers['cache-control'], 'no-store');
});

t.test('what was opened for a client that has gone is closed, before its first byte too; what breaks off ends no answer as if it were whole', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const asked = withResolvers<true>();
  const opening = withResolvers<Readable>();
  const open = (): Promise<Readable> => {
    asked.resolve(true);
    return opening.promise;
  };
  cam.answers.set('1.m4s', { outcome: 'lasting', body: { byteLength: 10, open } });
  const address = await listen(app);
  const request = get(`http://${address}/live/cam/run1/1.m4s`).on('error', () => undefined);
  await asked.promise;
  request.destroy();
  const late = new Readable({ read: () => undefined });
  const closed = once(late, 'close');
  opening.resolve(late);
  await closed;
  const broken = new Readable({ read: () => undefined });
  broken.push('01234');
  cam.answers.set('2.m4s', { outcome: 'lasting', body: { byteLength: 10, open: async () => broken } });
  const [response] = (await once(get(`http://${address}/live/cam/run1/2.m4s`), 'response')) as [IncomingMessage];
  const brokenOff = once(response, 'error');
  response.once('data', () => broken.destroy(new Error('the disk is gone')));
  t.match(await brokenOff, [{ code: 'ECONNRESET' }]);
});

t.test('a player that reads one init segment only is given the new one with the first segment after a discontinuity', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const ask = (userAgent: string) => app.inject({ url: '/live/cam/run1/0.m4s', headers: { 'user-agent': userAgent } });
  t.equal((await ask('VLC/3.0.21 LibVLC/3.0.21')).body, '0123456789');
  cam.answers.set('0.m4s', { outcome: 'lasting', body: Buffer.from('0123456789'), init: Buffer.from('init') });
  const vlc = await ask('VLC/3.0.21 LibVLC/3.0.21');
  t.equal(vlc.body, 'init0123456789');
  t.match(vlc.headers, { 'content-length': '14', vary: /User-Agent/ }, 'and a cache is told that it is not for everybody');
  for (const other of ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15', 'AppleCoreMedia/1.0', 'VLC/4.0.0']) {
    const answer = await ask(other);
    t.equal(answer.body, '0123456789', other);
    t.match(answer.headers.vary, /User-Agent/);
  }
});

t.test('a segment that is gone, or whose server is, is a gap to the player that takes an error for the end of all', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  for (const [outcome, status] of [['gone', 404], ['going-on', 503], ['to-come', 404]] as const) {
    for (const file of ['7.m4s', '7.1.m4s', 'init-7.mp4']) {
      cam.answers.set(file, { outcome, message: 'not there' });
      const ask = (userAgent: string) => app.inject({ url: `/live/cam/run1/${file}`, headers: { 'user-agent': userAgent } });
      const [vlc, other] = [await ask('VLC/3.0.21 LibVLC/3.0.21'), await ask('VLC/4.0.0')];
      const isGap = file === '7.m4s' && outcome !== 'to-come';
      t.strictSame([vlc.statusCode, vlc.body.length > 0], [isGap ? 200 : status, true], `${outcome}, ${file}`);
      t.strictSame(isGap && [...childBoxes(vlc.rawPayload)].map(({ type, start, end }) => [type, end - start]), isGap && [['moov', 0], ['mdat', 64]], 'something to read, and whole boxes: it takes nothing for the end where no other segment is listed yet');
      if (isGap) t.match(vlc.headers, { 'content-type': 'video/mp4', 'cache-control': 'no-store', vary: /User-Agent/ });
      t.equal(other.statusCode, status);
      if (isGap) t.match(other.headers.vary, /User-Agent/, 'a cache is told that it is not for everybody');
    }
  }
});

t.test('a player that loses media at discontinuities is given the playlist without those that it can do without, where there is another one', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const ask = (userAgent: string) => app.inject({ url: '/live/cam/run1/media.m3u8', headers: { 'user-agent': userAgent } });
  const [vlc, other] = ['VLC/3.0.21 LibVLC/3.0.21', 'VLC/4.0.0'];
  t.strictSame((await Promise.all([vlc, other].map(ask))).map(({ body, headers }) => [body, headers.vary]), Array.from({ length: 2 }, () => ['#EXTM3U\nmedia\n', 'Accept-Encoding']));
  cam.answers.set('media', { outcome: 'lasting', body: new Encoded('all\n', () => new Encoded('some\n')) });
  for (const [userAgent, body] of [[vlc, 'some\n'], [other, 'all\n']] as const) {
    const answer = await ask(userAgent);
    t.equal(answer.body, body);
    t.match(answer.headers.vary, /User-Agent/, 'and a cache is told that it is not for everybody');
  }
});

t.test('ranges are read as RFC 9110 says', (t) => {
  const table: [string | undefined, ReturnType<typeof parseRange>][] = [
    [undefined, undefined],
    ['bytes=0-', { start: 0, end: 9 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-100', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=4-2', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
    ['bytes=a-b', undefined],
  ];
  for (const [header, range] of table) t.strictSame(parseRange(header, 10), range, String(header));
  t.end();
});

t.test('HEAD answers as GET would, without the body', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject({ method: 'HEAD', url: '/live/cam/run1/0.m4s' });
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['content-length'], '10');
  t.equal(answer.body, '');
});

t.test('what is not live, not of this broadcast or not there answers 404 in JSON', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  for (const url of ['/live/nobody/index.m3u8', '/live/cam/run0/media.m3u8', '/live/cam/run1/99.m4s', '/live/cam/run1/..%2f..%2f..%2fpackage.json', '/live/cam/%2e%2e/package.json']) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 404, url);
    t.match(answer.json(), { code: 'not-found', message: String }, url);
  }
});

t.test('a name that is none answers 400 and says what one looks like', async (t) => {
  const { app } = await startFakeServer(t);
  for (const name of ['a%20b', '..%2f', 'a'.repeat(65), 'a'.repeat(2000), '%00', 'ü']) {
    const answer = await app.inject(`/live/${name}/index.m3u8`);
    t.equal(answer.statusCode, 400, name);
    t.match(answer.json(), { code: 'malformed', message: /^expected a stream name of 1 to 64 letters/ });
  }
  const undecodable = await app.inject('/live/%zz/index.m3u8');
  t.equal(undecodable.statusCode, 400);
  t.match(undecodable.json(), { code: 'malformed', message: String });
});

t.test('CORS_ORIGIN narrows playback to the pages it names', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { corsOrigins: ['https://site.example'] });
  broadcasts.add('cam');
  const ask = (origin: string) => app.inject({ url: '/live/cam/index.m3u8', headers: { origin } });
  t.equal((await ask('https://site.example')).headers['access-control-allow-origin'], 'https://site.example');
  t.match((await ask('https://site.example')).headers.vary, /Origin/);
  t.equal((await ask('https://other.example')).headers['access-control-allow-origin'], undefined);
});

t.test('a preflight for playback is answered', async (t) => {
  const { app } = await startFakeServer(t);
  const answer = await app.inject({ method: 'OPTIONS', url: '/live/cam/run1/0.m4s', headers: { origin: 'https://a.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' } });
  t.equal(answer.statusCode, 204);
  t.match(answer.headers, { 'access-control-allow-origin': '*', 'access-control-allow-methods': /GET/ });
});

t.test('a client that goes away frees what waits for it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const waiting = withResolvers<Answer>();
  cam.answers.set('media', waiting.promise);
  const address = await listen(app);
  const request = get(`http://${address}/live/cam/run1/media.m3u8?_HLS_msn=5`);
  request.on('error', () => undefined);
  while (cam.directives.length === 0) await new Promise(setImmediate);
  let isGone = false;
  const gone = once(cam.gone, 'gone').then(() => (isGone = true));
  t.equal(isGone, false);
  request.destroy();
  await gone;
  t.ok(isGone);
  waiting.resolve({ outcome: 'gone', message: 'words' });
});

t.test('what was read for a slow client is sent to the end before its memory is read into again; of one that hangs up it is free again', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const [memory, byteLength] = [new ReadMemory(), 4_194_304];
  let reads = 0;
  const read = (): Promise<ReadBytes> => memory.fill(byteLength, async (bytes) => void bytes.fill((reads += 1)));
  broadcasts.add('cam').answers.set('1.m4s', { outcome: 'lasting', body: storedMedia(Buffer.alloc(byteLength), read) });
  const host = await listen(app);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const ask = async (): Promise<IncomingMessage> => ((await once(get(`http://${host}/live/cam/run1/1.m4s`, { agent }), 'response')) as [IncomingMessage])[0];
  const isOfRead = async (number: number, response: IncomingMessage): Promise<boolean> => (await buffer(response)).equals(Buffer.alloc(byteLength, number));
  const slow = await ask();
  for (let number = 2; number < 8; number++) t.ok(await isOfRead(number, await ask()), 'who is quick');
  t.ok(await isOfRead(1, slow), 'who is slow');
  await until(async () => memory.freeBytes === 2 * byteLength);
  (await ask()).destroy();
  await until(async () => memory.freeBytes === 2 * byteLength);
});
