import t from 'tap';
import { startFakeServer, testKey } from './fake-server.js';

t.test('everything that is live is listed with its public facts', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject({ url: '/api/streams', headers: { host: 'live.example' } });
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.strictSame(answer.json(), { streams: [broadcasts.get('cam')!.info('http://live.example')] });
});

t.test('one stream is told in full, one that is not live answers 404 in JSON', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { publicUrl: 'https://public.example' });
  broadcasts.add('cam');
  const answer = await app.inject('/api/streams/cam');
  t.strictSame(answer.json(), broadcasts.get('cam')!.info('https://public.example'));
  const absent = await app.inject('/api/streams/nobody');
  t.equal(absent.statusCode, 404);
  t.strictSame(absent.json(), { code: 'not-found', message: '"nobody" is not live' });
  t.equal((await app.inject('/api/streams/a%20b')).statusCode, 400);
});

t.test('the facts of a stream may be kept for a second, also that it is not live: everybody is told the same; nothing else of control is', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  for (const [url, statusCode, cacheControl] of [['/api/streams/cam', 200, 'max-age=1'], ['/api/streams/nobody', 404, 'max-age=1'], ['/api/streams/a%20b', 400, 'no-store'], ['/api/streams', 200, 'no-store'], ['/api/time', 200, 'no-store'], ['/api/streams/cam/ingest', 401, 'no-store']] as const) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, statusCode, url);
    t.equal(answer.headers['cache-control'], cacheControl, url);
  }
  t.equal((await app.inject('/api/streams/cam')).headers.vary, 'X-Forwarded-Proto', 'addresses begin with what the client speaks');
  const named = await startFakeServer(t, { publicUrl: 'https://public.example' });
  named.broadcasts.add('cam');
  t.equal((await named.app.inject('/api/streams/cam')).headers.vary, undefined, 'or with what the operator said');
});

t.test('a Host header that is none does not get into the answer', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject({ url: '/api/streams/cam', headers: { host: 'evil/"><x' } });
  t.match(answer.json<{ urls: { watch: string } }>().urls.watch, /^http:\/\/localhost:\d+\/watch\/cam$/);
});

t.test('a broadcast is ended only with the key', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const end = (headers: Record<string, string>, query = '') => app.inject({ method: 'DELETE', url: `/api/streams/cam${query}`, headers });
  for (const [headers, query] of [[{}, ''], [{ authorization: 'Bearer wrong' }, ''], [{}, '?key=wrong'], [{}, `?key=${testKey}x`], [{}, `?key=${testKey}&key=${testKey}`], [{ authorization: `Basic ${testKey}` }, '']] as const) {
    const answer = await end(headers, query);
    t.equal(answer.statusCode, 401);
    t.match(answer.json(), { code: 'unauthorized', message: String });
    t.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  t.equal(cam.ended, false);
  t.equal((await end({ authorization: `Bearer ${testKey}` })).statusCode, 204);
  t.equal(cam.ended, true);
  broadcasts.add('cam');
  t.equal((await end({}, `?key=${testKey}`)).statusCode, 204);
  t.equal((await app.inject({ method: 'DELETE', url: `/api/streams/nobody?key=${testKey}` })).statusCode, 404);
});

t.test('who has the key says what a stream is about, also before it is live; everybody may read it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const describe = (payload: unknown, key = testKey) => app.inject({ method: 'PATCH', url: '/api/streams/cam', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, payload: JSON.stringify(payload) });
  t.equal((await describe({ title: 'Mine' }, 'wrong')).statusCode, 401);
  const answer = await describe({ title: ' Harbour ', description: 'Two cameras' });
  t.equal(answer.statusCode, 200);
  t.strictSame(answer.json(), { stream: 'cam', title: 'Harbour', description: 'Two cameras' });
  broadcasts.add('cam');
  t.match((await app.inject('/api/streams/cam')).json(), { title: 'Harbour', description: 'Two cameras' });
  t.strictSame((await describe({ title: '' })).json(), { stream: 'cam', description: 'Two cameras' });
  t.notOk('title' in (await app.inject('/api/streams/cam')).json<object>());
  for (const wrong of [{ title: ['a', 'b'] }, { title: 'x'.repeat(101) }, [], 'text']) {
    const refused = await describe(wrong);
    t.equal(refused.statusCode, 400, JSON.stringify(wrong).slice(0, 40));
    t.match(refused.json(), { code: 'malformed', message: /expected|must/ });
  }
  t.match((await app.inject('/api/streams/cam')).json(), { description: 'Two cameras' }, 'what was refused changed nothing');
});

t.test('control is same-origin: no other page may read it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  for (const url of ['/api/streams', '/metrics']) {
    t.equal((await app.inject({ url, headers: { origin: 'https://elsewhere.example' } })).headers['access-control-allow-origin'], undefined, url);
  }
});

t.test('any page may read what a player has to know of a stream, and none may end it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const headers = { origin: 'https://elsewhere.example' };
  t.equal((await app.inject({ url: '/api/streams/cam', headers })).headers['access-control-allow-origin'], '*');
  const preflight = await app.inject({ method: 'OPTIONS', url: '/api/streams/cam', headers: { ...headers, 'access-control-request-method': 'DELETE' } });
  t.notMatch(preflight.headers['access-control-allow-methods'], /DELETE/);
});

t.test("any page may read the server's clock", async (t) => {
  const { app } = await startFakeServer(t);
  const before = Date.now();
  const answer = await app.inject({ url: '/api/time', headers: { origin: 'https://elsewhere.example' } });
  const { serverTimeMs } = answer.json<{ serverTimeMs: number }>();
  t.ok(serverTimeMs >= before && serverTimeMs <= Date.now());
  t.match(answer.headers, { 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
});

t.test('a body over the limit answers 413', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const answer = await app.inject({ method: 'DELETE', url: `/api/streams/cam?key=${testKey}`, headers: { 'content-type': 'application/json' }, payload: JSON.stringify('x'.repeat(100_000)) });
  t.equal(answer.statusCode, 413);
  t.match(answer.json(), { code: 'over-limit', message: String });
});

t.test('a failure of ours answers 500 without telling its cause', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.directory.locate = async () => {
    throw new Error('/secret/path');
  };
  const answer = await app.inject('/api/streams/cam');
  t.equal(answer.statusCode, 500);
  t.strictSame(answer.json(), { code: 'internal', message: 'something went wrong on the server' });
});

t.test('the API describes itself', async (t) => {
  const { app } = await startFakeServer(t);
  const answer = await app.inject('/openapi.json');
  t.equal(answer.statusCode, 200);
  const document = answer.json<{ openapi: string; paths: Record<string, Record<string, unknown>> }>();
  t.match(document.openapi, /^3\./);
  t.strictSame(Object.keys(document.paths).sort(), ['/api/streams', '/api/streams/{stream}', '/api/streams/{stream}/ingest', '/api/streams/{stream}/keys', '/api/streams/{stream}/keys/{id}', '/api/streams/{stream}/links', '/api/time', '/live/{stream}/publish', '/live/{stream}/uplink-test']);
  t.strictSame(Object.keys(document.paths['/api/streams/{stream}']!).sort(), ['delete', 'get', 'patch']);
});

t.test('who has the key is told every address, before the stream is live, and how a broadcast is taken up', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { trustedProxies: ['loopback'] });
  const ask = (headers: Record<string, string> = {}, url = '/api/streams/cam/ingest') => app.inject({ url, headers: { host: 'inside:8080', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'live.example', ...headers } });
  t.equal((await ask()).statusCode, 401);
  t.equal((await ask({ authorization: 'Bearer wrong' })).statusCode, 401);
  const key = { authorization: `Bearer ${testKey}` };
  t.equal((await ask(key, '/api/streams/a%20b/ingest')).statusCode, 400);
  const before = (await ask(key)).json<{ urls: Record<string, string>; broadcast?: unknown }>();
  t.equal(before.broadcast, undefined);
  t.match(before.urls, {
    studio: 'https://live.example/broadcast?stream=cam',
    push: 'https://live.example/live/cam/publish',
    publish: 'wss://live.example/live/cam/publish',
    watch: 'https://live.example/watch/cam',
    embedCode: /^<iframe src="https:\/\/live\.example\/embed\/cam" /,
    hls: 'https://live.example/live/cam/index.m3u8',
    play: 'wss://live.example/live/cam/play',
    mp4: 'https://live.example/live/cam/stream.mp4',
  });
  t.notMatch(JSON.stringify(before), testKey);
  broadcasts.add('cam').ingest.received = 7;
  t.strictSame((await ask(key)).json<{ broadcast: unknown }>().broadcast, { id: 'run1', state: 'live', received: 7, resume: 'token' });
  t.match((await ask({}, '/api/streams/cam')).json(), { urls: before.urls }, 'the same as the public facts tell while it is live');
});
