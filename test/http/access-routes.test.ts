import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { LiveError } from '../../src/protocol/live-error.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, refusal } from './socket-client.js';

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const viewKey = 'a view key of 16+';

t.test('a key of a stream is made, listed and revoked with the server key only', async (t) => {
  const { app } = await startFakeServer(t);
  const made = await app.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: bearer(testKey), payload: { label: 'hall' } });
  t.equal(made.statusCode, 201);
  const { key, id, ...facts } = made.json<{ key: string; id: string; label: string; stream: string; createdAt: string }>();
  t.match(facts, { stream: 'cam', label: 'hall' });
  const list = await app.inject({ url: '/api/streams/cam/keys', headers: bearer(testKey) });
  t.strictSame(list.json(), { keys: [{ id, ...facts }] });
  t.equal(list.headers['cache-control'], 'no-store');
  for (const [method, url] of [['POST', '/api/streams/cam/keys'], ['GET', '/api/streams/cam/keys'], ['DELETE', `/api/streams/cam/keys/${id}`], ['POST', '/api/streams/cam/links']] as const) {
    for (const headers of [{}, bearer('wrong'), bearer(key)]) t.equal((await app.inject({ method, url, headers })).statusCode, 401, `${method} ${url}`);
  }
  t.equal((await app.inject({ method: 'DELETE', url: `/api/streams/cam/keys/${id}`, headers: bearer(testKey) })).statusCode, 204);
  t.equal((await app.inject({ method: 'DELETE', url: `/api/streams/cam/keys/${id}`, headers: bearer(testKey) })).statusCode, 404);
  t.strictSame((await app.inject({ url: '/api/streams/cam/keys', headers: bearer(testKey) })).json(), { keys: [] });
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: bearer(testKey) })).statusCode, 201, 'a label is optional');
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/a%20b/keys', headers: bearer(testKey) })).statusCode, 400);
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: bearer(testKey), payload: { label: 7 } })).statusCode, 201, 'numbers are text to the API');
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: bearer(testKey), payload: { label: 'x'.repeat(101) } })).statusCode, 400);
});

t.test('a key of a stream publishes and ends its own stream, and changes no other', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { key, id } = (await app.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: bearer(testKey) })).json<{ key: string; id: string }>();
  const address = await listen(app);
  const client = new SocketClient(t, `ws://${address}/live/cam/publish?key=${key}`);
  t.match(await client.next(), { type: 'ready' });
  t.match(await refusal(t, `ws://${address}/live/other/publish?key=${key}`), { status: 401, body: { code: 'unauthorized' } });
  broadcasts.add('other');
  t.equal((await app.inject({ method: 'DELETE', url: '/api/streams/other', headers: bearer(key) })).statusCode, 401);
  t.notOk(broadcasts.get('other')!.ended);
  t.equal((await app.inject({ method: 'DELETE', url: '/api/streams/cam', headers: bearer(key) })).statusCode, 204);
  await client.closed;
  await app.inject({ method: 'DELETE', url: `/api/streams/cam/keys/${id}`, headers: bearer(testKey) });
  t.match(await refusal(t, `ws://${address}/live/cam/publish?key=${key}`), { status: 401 });
});

t.test('wrong keys slow an address down, also when the next one is right; a missing key does not', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { wrongKeysPerMinute: 2, trustedProxies: ['127.0.0.1'] });
  broadcasts.add('cam');
  const end = (headers: Record<string, string>) => app.inject({ method: 'DELETE', url: '/api/streams/cam', headers });
  for (let index = 0; index < 5; index++) t.equal((await end({})).statusCode, 401);
  for (let index = 0; index < 2; index++) t.equal((await end(bearer('wrong'))).statusCode, 401);
  const blocked = await end(bearer(testKey));
  t.equal(blocked.statusCode, 503);
  t.match(blocked.json(), { code: 'unavailable', message: /too many wrong keys/ });
  t.match(blocked.headers['retry-after'], /^(29|30)$/);
  t.equal((await end({ ...bearer(testKey), 'x-forwarded-for': '192.0.2.1' })).statusCode, 204, 'another client behind the proxy is another address');
});

t.test('X-Forwarded-For of anybody but a trusted proxy is not believed', async (t) => {
  const { app } = await startFakeServer(t, { wrongKeysPerMinute: 1 });
  const guess = (forwarded: string) => app.inject({ method: 'DELETE', url: '/api/streams/cam?key=wrong', headers: { 'x-forwarded-for': forwarded } });
  t.equal((await guess('192.0.2.1')).statusCode, 401);
  t.equal((await guess('192.0.2.2')).statusCode, 503);
});

t.test('too many API requests of one address are told when to come again', async (t) => {
  const { app } = await startFakeServer(t, { apiRequestsPerMinute: 3 });
  for (let index = 0; index < 3; index++) t.equal((await app.inject('/api/time')).statusCode, 200);
  const refused = await app.inject('/api/streams');
  t.equal(refused.statusCode, 503);
  t.equal(refused.headers['retry-after'], '20');
  t.equal((await app.inject('/healthz')).statusCode, 200, 'only the API is counted');
});

t.test('a plain request is told what a WebSocket would be told, and changes nothing', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('taken');
  const ask = async (path: string) => {
    const answer = await app.inject(path);
    return [answer.statusCode, answer.json<{ code: string }>().code];
  };
  t.strictSame(await ask(`/live/a%20b/publish?key=${testKey}`), [400, 'malformed']);
  t.strictSame(await ask('/live/cam/publish?key=wrong'), [401, 'unauthorized']);
  t.strictSame(await ask(`/live/taken/publish?key=${testKey}`), [409, 'already-live']);
  t.strictSame(await ask(`/live/taken/publish?key=${testKey}&resume=other`), [404, 'not-found']);
  t.strictSame(await ask(`/live/taken/publish?key=${testKey}&resume=token`), [426, 'malformed']);
  t.strictSame(await ask(`/live/cam/publish?key=${testKey}`), [426, 'malformed']);
  broadcasts.refuse = new LiveError('unavailable', 'no room');
  t.strictSame(await ask(`/live/cam/publish?key=${testKey}`), [503, 'unavailable']);
  broadcasts.unavailableReason = 'no ffmpeg';
  t.strictSame(await ask(`/live/cam/publish?key=${testKey}`), [503, 'unavailable']);
  t.strictSame([...broadcasts.streams.keys()], ['taken']);
});

t.test('where links are signed, nothing is watched without a token of that stream', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey });
  broadcasts.add('cam');
  broadcasts.add('other');
  const made = await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { ...bearer(testKey), host: 'live.example' }, payload: { expiresInSeconds: 60 } });
  t.equal(made.statusCode, 201);
  const { token, urls } = made.json<{ token: string; urls: Record<string, string> }>();
  t.strictSame(urls, {
    watch: `http://live.example/watch/cam/~${token}`,
    embed: `http://live.example/embed/cam/~${token}`,
    hls: `http://live.example/live/cam/~${token}/index.m3u8`,
    play: `ws://live.example/live/cam/~${token}/play`,
    mp4: `http://live.example/live/cam/~${token}/stream.mp4`,
    flv: `http://live.example/live/cam/~${token}/stream.flv`,
    frames: `http://live.example/live/cam/~${token}/frames`,
    poster: `http://live.example/live/cam/~${token}/poster.jpg`,
  });
  const open = ['index.m3u8', 'run1/media.m3u8', 'run1/media.m3u8?_HLS_msn=1', 'run1/0.m4s'];
  for (const path of open) {
    t.equal((await app.inject(`/live/cam/~${token}/${path}`)).statusCode, 200, path);
    t.equal((await app.inject(`/live/cam/%7E${token}/${path}`)).statusCode, 200, `${path}, percent-encoded`);
  }
  for (const path of [...open, 'play', 'stream.mp4', 'frames', 'poster.jpg']) {
    for (const wrong of [`/live/cam/${path}`, `/live/cam/~/${path}`, `/live/cam/~wrong/${path}`, `/live/other/~${token}/${path}`]) {
      const refused = await app.inject(wrong);
      t.ok(refused.statusCode === 401 || refused.statusCode === 404, `${wrong}: ${refused.statusCode}`);
      t.match(refused.json(), { code: /unauthorized|not-found/, message: String });
    }
    t.equal((await app.inject(`/live/cam/~wrong/${path}`)).statusCode, 401, path);
    t.equal((await app.inject(`/live/other/~${token}/${path}`)).statusCode, 401, path);
  }
  t.equal((await app.inject('/live/cam/index.m3u8')).statusCode, 401);
  t.equal((await app.inject('/live/nobody/index.m3u8')).statusCode, 401, 'what is live is not told either');
  for (const page of [urls.watch, urls.embed]) t.equal((await app.inject(new URL(page!).pathname)).statusCode, 200);
  const preflight = await app.inject({ method: 'OPTIONS', url: `/live/cam/~${token}/index.m3u8`, headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' } });
  t.equal(preflight.statusCode, 204);
});

t.test('what a signed playlist names is reached by relative URLs, token and all', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey });
  const cam = broadcasts.add('cam');
  const { urls } = (await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: bearer(testKey), payload: { expiresInSeconds: 60 } })).json<{ urls: { hls: string } }>();
  const media = new URL(`${cam.id}/media.m3u8`, urls.hls);
  t.equal((await app.inject(media.pathname)).body, '#EXTM3U\nmedia\n');
  t.equal((await app.inject(new URL('0.m4s', media).pathname)).body, '0123456789');
});

t.test('a publisher is told links under which its own stream can be watched', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey });
  const address = await listen(app);
  const client = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}`);
  const { urls } = (await client.nextOf('ready')) as unknown as { urls: { hls: string; play: string; publish: string } };
  t.equal((await fetch(urls.hls)).status, 200);
  t.equal(urls.publish, `ws://${address}/live/cam/publish`);
  const viewer = new SocketClient(t, urls.play);
  await once(viewer.socket, 'open');
  t.equal(broadcasts.get('cam')!.viewers.count, 1);
  t.match(await refusal(t, `ws://${address}/live/cam/play`), { status: 401, body: { code: 'unauthorized' } });
});

t.test('without a view key everything is open, a token in the path means nothing, and no links are signed', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  for (const url of ['/live/cam/index.m3u8', '/live/cam/~old-token/index.m3u8', '/live/cam/~old-token/run1/0.m4s']) t.equal((await app.inject(url)).statusCode, 200, url);
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: bearer(testKey), payload: { expiresInSeconds: 60 } })).statusCode, 404);
});

t.test("the operator's own service decides on publishers and viewers, and is never told a key", async (t) => {
  const asked: Record<string, unknown>[] = [];
  let status = 200;
  const service = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += String(chunk)));
    request.on('end', () => {
      asked.push(JSON.parse(text) as Record<string, unknown>);
      response.writeHead(status).end('{"message":"not today"}');
    });
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.teardown(() => {
    service.closeAllConnections();
    service.close();
  });
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const { app, broadcasts } = await startFakeServer(t, { publishCheckUrl: url, viewCheckUrl: url, viewCheckCacheMs: 60_000 });
  const address = await listen(app);
  t.match(await refusal(t, `ws://${address}/live/cam/publish?key=wrong`), { status: 401 });
  t.equal(asked.length, 0, 'the key comes first');
  const client = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}&ticket=7`);
  await client.nextOf('ready');
  t.strictSame(asked, [{ action: 'publish', stream: 'cam', address: '127.0.0.1', key: 'server', query: { ticket: '7' } }]);
  status = 403;
  t.match(await refusal(t, `ws://${address}/live/two/publish?key=${testKey}`), { status: 401, body: { message: 'not today' } });
  t.match(await refusal(t, `ws://${address}/live/cam/~ticket/play`), { status: 401, body: { message: 'not today' } });
  t.strictSame(asked.at(-1), { action: 'view', stream: 'cam', address: '127.0.0.1', token: 'ticket' });
  t.equal((await app.inject('/live/cam/~ticket/index.m3u8')).statusCode, 401);
  const before = asked.length;
  t.equal((await app.inject('/live/cam/~ticket/run1/media.m3u8')).statusCode, 401);
  t.equal(asked.length, before, 'from the cache');
  t.strictSame([...broadcasts.streams.keys()], ['cam']);
});

t.test('where not everybody may watch, no shared cache keeps what one viewer was answered', async (t) => {
  const open = await startFakeServer(t);
  open.broadcasts.add('cam');
  const kept = String((await open.app.inject('/live/cam/index.m3u8')).headers['cache-control']);
  t.notMatch(kept, /private/, 'what everybody may see is kept for everybody');
  const { app, broadcasts } = await startFakeServer(t, { viewKey: 'view-key-view-key' });
  broadcasts.add('cam');
  const made = await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { authorization: `Bearer ${testKey}` }, payload: { expiresInSeconds: 60 } });
  const { token } = made.json<{ token: string }>();
  for (const url of [`/live/cam/~${token}/index.m3u8`, `/live/cam/~${token}/gone/1.m4s`, '/live/cam/index.m3u8', `/live/cam/~${token}/poster.jpg`]) {
    const answer = await app.inject(url);
    t.match(answer.headers['cache-control'], /^private, max-age|^no-store$/, `${url} → ${String(answer.statusCode)}`);
  }
  t.equal((await app.inject(`/live/cam/~${token}/index.m3u8`)).headers['cache-control'], `private, ${kept}`);
});

t.test('pages of other origins may publish and play only where they are allowed to', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { publishOrigins: ['https://studio.example'], corsOrigins: ['https://site.example'] });
  broadcasts.add('cam');
  const address = await listen(app);
  const tryAs = async (path: string, origin?: string) => {
    const client = new SocketClient(t, `ws://${address}${path}`, origin === undefined ? {} : { origin });
    const opened = await Promise.race([once(client.socket, 'open').then(() => true, () => false), client.closed.then(() => false)]);
    client.socket.terminate();
    return opened;
  };
  const publishers = [[undefined, true], ['https://studio.example', true], [`http://${address}`, true], ['https://evil.example', false], ['null', false], ['https://studio.example.evil.example', false]] as const;
  for (const [index, [origin, opens]] of publishers.entries()) {
    t.equal(await tryAs(`/live/new${index}/publish?key=${testKey}`, origin), opens, `publish from ${String(origin)}`);
  }
  for (const [origin, opens] of [[undefined, true], ['https://site.example', true], [`http://${address}`, true], ['https://studio.example', false]] as const) {
    t.equal(await tryAs('/live/cam/play', origin), opens, `play from ${String(origin)}`);
  }
});

t.test('the player is embedded only by pages that may', async (t) => {
  const { app } = await startFakeServer(t, { embedOrigins: ['https://site.example'] });
  const { headers } = await app.inject('/embed/cam/~token');
  t.match(headers['content-security-policy'], /frame-ancestors 'self' https:\/\/site\.example(;|$)/);
  t.equal(headers['x-frame-options'], undefined);
});

t.test("the operator's service is asked about what is there alone, and what it lets pass is kept by no cache of many", async (t) => {
  let asked = 0;
  const service = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(200).end();
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.teardown(() => {
    service.closeAllConnections();
    service.close();
  });
  const { app, broadcasts } = await startFakeServer(t, { viewCheckUrl: `http://127.0.0.1:${(service.address() as AddressInfo).port}`, viewCheckCacheMs: 0 });
  const cam = broadcasts.add('cam');
  for (const url of ['/live/nobody/index.m3u8', '/live/nobody/~token/play', '/live/cam/run0/media.m3u8', '/live/cam/~token/run0/0.m4s']) t.equal((await app.inject(url)).statusCode, 404, url);
  t.equal(asked, 0);
  cam.answers.set('gone.m4s', { outcome: 'gone', message: 'words' });
  cam.answers.set('soon.m4s', { outcome: 'to-come', message: 'words' });
  for (const [url, caching] of [
    ['/live/cam/index.m3u8', 'private, max-age=1'],
    ['/live/cam/run1/media.m3u8', 'private, max-age=12'],
    ['/live/cam/~token/run1/0.m4s', 'private, max-age=12'],
    ['/live/cam/run1/gone.m4s', 'private, max-age=2'],
    ['/live/cam/run1/soon.m4s', 'no-store'],
  ] as const) {
    t.equal((await app.inject(url)).headers['cache-control'], caching, url);
  }
  t.equal(asked, 5);
});
