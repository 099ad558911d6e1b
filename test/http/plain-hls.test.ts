import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import t from 'tap';
import type { Test } from 'tap';
import { Encoded } from '../../src/hls/encoded.js';
import { listen, startFakeServer } from './fake-server.js';

type ServerOptions = Parameters<typeof startFakeServer>[1];

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Counts what Fastify handles, for as long as the test lasts. */
function countRouted(t: Test): () => number {
  const channel = 'tracing:fastify.request.handler:start';
  let routed = 0;
  const count = (): void => {
    routed += 1;
  };
  subscribe(channel, count);
  t.teardown(() => unsubscribe(channel, count));
  return () => routed;
}

async function startWithBroadcast(t: Test, options?: ServerOptions) {
  const { app, registry } = await startFakeServer(t, options);
  const cam = registry.add('cam');
  cam.answers.set('1.m4s', { status: 200, body: Buffer.from('abc'), maxAgeSeconds: 0 });
  cam.answers.set('gone.m4s', { status: 404, message: 'no such segment, or no longer', maxAgeSeconds: 2 });
  cam.initsAfterDiscontinuities.set('1.m4s', Buffer.from('init'));
  app.log.level = 'silent';
  const address = await listen(app);
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answered> => {
    const request = get(`http://${address}${path}`, { headers, method });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') };
  };
  return { app, cam, ask };
}

/** Without what says something of the connection or the moment, not of the answer. */
function lasting(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)));
}

type Row = readonly [path: string, headers?: Record<string, string>, method?: string];

const plain: readonly Row[] = [
  ['media.m3u8'],
  ['media.m3u8', { 'accept-encoding': 'gzip, deflate, br, zstd' }],
  ['media.m3u8', { 'accept-encoding': 'br, gzip;q=0' }],
  ['media.m3u8?_HLS_msn=7'],
  ['media.m3u8?_HLS_msn=7&_HLS_part=2&_HLS_skip=YES', { 'accept-encoding': 'gzip' }],
  ['0.m4s'],
  ['0.m4s', { 'user-agent': 'VLC/3.0.21 LibVLC/3.0.21' }],
];

const notPlain: readonly Row[] = [
  ['media.m3u8?token=1'],
  ['media.m3u8?_HLS_part=2&_HLS_msn=7'],
  ['media.m3u8?_HLS_msn=7&_HLS_msn=8'],
  ['media.m3u8?_HLS_msn=x'],
  ['0.m4s', { range: 'bytes=2-4' }],
  ['0.m4s', { range: 'bytes=10-' }],
  ['0.m4s', {}, 'HEAD'],
  ['1.m4s', { 'user-agent': 'VLC/3.0.21 LibVLC/3.0.21' }],
  ['1.m4s'],
  ['gone.m4s'],
  ['gone.m4s', { accept: 'text/html' }],
];

t.test('the plainest requests go past the router, all others through it, and nobody can tell by the answer', async (t) => {
  const { app, cam, ask } = await startWithBroadcast(t);
  const routed = countRouted(t);
  const all = [...plain.map((row) => [0, ...row] as const), ...notPlain.map((row) => [1, ...row] as const)];
  for (const [times, path, headers, method = 'GET'] of all) {
    const name = `${method} ${path} ${JSON.stringify(headers)}`;
    const [before, asked] = [routed(), cam.directives.length];
    const short = await ask(`/live/cam/run1/${path}`, headers, method);
    t.equal(routed() - before, times, name);
    const directives = cam.directives.slice(asked);
    // Injected requests never come to the server's own listener.
    const long = await app.inject({ method: method as 'GET', url: `/live/cam/run1/${path}`, headers: headers ?? {} });
    t.equal(short.status, long.statusCode, name);
    t.strictSame(lasting(short.headers), lasting(long.headers), name);
    t.equal(short.body, long.rawPayload.toString('latin1'), name);
    t.strictSame(present(directives), cam.directives.slice(asked + directives.length), `${name}: directives`);
  }
});

t.test('a request that was held in vain is told so in the usual words, and is not held again', async (t) => {
  const { cam, ask } = await startWithBroadcast(t);
  cam.answers.set('media', { status: 503, message: 'the stream stands still', maxAgeSeconds: 8 });
  const answer = await ask('/live/cam/run1/media.m3u8?_HLS_msn=7');
  t.equal(answer.status, 503);
  t.strictSame(JSON.parse(answer.body), { code: 'unavailable', message: 'the stream stands still' });
  t.match(answer.headers, { 'cache-control': 'max-age=8', 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' });
  t.equal(cam.directives.length, 1);
  t.equal(cam.seen.length, 1, 'and one request is one request');
});

t.test('a rendition that fails is answered in the usual words', async (t) => {
  const { cam, ask } = await startWithBroadcast(t);
  const failure = Promise.reject(new Error('a fault'));
  failure.catch(() => undefined);
  cam.answers.set('media', failure);
  const answer = await ask('/live/cam/run1/media.m3u8');
  t.equal(answer.status, 500);
  t.match(JSON.parse(answer.body), { code: 'internal' });
});

t.test('a server that asks who watches, or speaks through a proxy, or tells every request, lets none past the router', async (t) => {
  const cases: readonly [string, NonNullable<ServerOptions>, number][] = [
    ['signed links', { viewKey: 'view-key-view-key' }, 401],
    ['pages', { corsOrigins: ['https://site.example'] }, 200],
    ['a proxy', { trustedProxies: ['127.0.0.1'] }, 200],
    ['a log of requests', { logLevel: 'debug' }, 200],
  ];
  const routed = countRouted(t);
  for (const [name, options, status] of cases) {
    const routedBefore = routed();
    const { ask, cam } = await startWithBroadcast(t, options);
    const before = cam.seen.length;
    const answer = await ask('/live/cam/run1/media.m3u8', { 'x-forwarded-for': '192.0.2.1' });
    t.equal(answer.status, status, name);
    t.equal(answer.headers['access-control-allow-origin'], options.corsOrigins ? undefined : '*', name);
    if (status !== 200) continue;
    t.equal(routed() - routedBefore, 1, name);
    t.match(cam.seen.slice(before), [options.trustedProxies ? /^192\.0\.2\.1 / : /^127\.0\.0\.1 /], `${name}: by whom it was asked`);
  }
});

t.test('a playlist of before is not for those of now', async (t) => {
  const { ask, cam } = await startWithBroadcast(t);
  cam.answers.set('media', { status: 200, body: new Encoded('#EXTM3U\nnewer\n'), maxAgeSeconds: 12 });
  t.equal((await ask('/live/cam/run1/media.m3u8')).body, '#EXTM3U\nnewer\n');
  t.equal((await ask('/live/cam/run0/media.m3u8')).status, 404);
  t.equal((await ask('/live/nobody/run1/media.m3u8')).status, 404);
});

function present(directives: readonly unknown[]): unknown[] {
  return directives.map((each) => JSON.parse(JSON.stringify(each)) as unknown);
}
