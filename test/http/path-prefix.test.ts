import t from 'tap';
import { liveStreamUrls, rtmpServer } from '../../src/protocol/urls.js';
import { prefixOf, withoutPrefix } from '../../src/http/path-prefix.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, refusal } from './socket-client.js';

const publicUrl = 'https://example.org/onair';

t.test('the prefix is taken away where it stands, and nowhere else', async (t) => {
  t.equal(prefixOf(undefined), '');
  t.equal(prefixOf('https://example.org'), '');
  t.equal(prefixOf('https://example.org/a/b'), '/a/b');
  for (const [url, routed] of [['/onair/live/x?y', '/live/x?y'], ['/onair', '/'], ['/onair?x', '/?x'], ['/onair/', '/'], ['/onairs/x', '/onairs/x'], ['/live/onair/x', '/live/onair/x'], ['/onair/onair/', '/onair/']] as const) {
    t.equal(withoutPrefix(url, '/onair'), routed, url);
  }
  t.equal(withoutPrefix('/x', ''), '/x');
});

t.test('everything is there with the prefix and without it: a proxy may keep it or take it away', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { publicUrl });
  broadcasts.add('cam');
  const urls = ['/', '/broadcast', '/watch/cam', '/embed/cam', '/sdk/onair.js', '/assets/onair.js', '/api/streams', '/api/streams/cam', '/api/time', '/live/cam/index.m3u8', '/healthz', '/metrics', '/openapi.json'];
  for (const url of urls) {
    const [kept, taken] = await Promise.all([app.inject(`/onair${url}`), app.inject(url)]);
    t.equal(kept.statusCode, taken.statusCode, url);
    t.equal(kept.statusCode, 200, url);
    t.equal(kept.headers['content-type'], taken.headers['content-type'], url);
  }
});

t.test('the prefix without a slash leads to the one with it, where relative addresses are right', async (t) => {
  const { app } = await startFakeServer(t, { publicUrl });
  const { statusCode, headers } = await app.inject('/onair?x=1');
  t.equal(statusCode, 308);
  t.equal(headers.location, `${publicUrl}/?x=1`);
});

t.test('every address that is told begins with PUBLIC_URL', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { publicUrl, viewKey: 'view-key-view-key' });
  broadcasts.add('cam');
  const authorization = `Bearer ${testKey}`;
  const answers = [
    await app.inject('/api/streams'),
    await app.inject('/api/streams/cam'),
    await app.inject({ url: '/api/streams/cam/ingest', headers: { authorization } }),
    await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { authorization }, payload: { expiresInSeconds: 60 } }),
  ];
  for (const { body } of answers) {
    const told = [...body.matchAll(/"((?:http|ws)s?:\/\/[^"\\]+)/g)].map(([, url = '']) => url);
    t.ok(told.length > 3);
    t.strictSame(told.filter((url) => !/^(https|wss):\/\/example\.org\/onair\//.test(url)), []);
  }
  t.strictSame((await app.inject('/openapi.json')).json<{ servers: unknown }>().servers, [{ url: publicUrl }]);
  t.equal(rtmpServer(publicUrl, 1935), 'rtmp://example.org/live', 'RTMP knows no such path');
  t.equal(rtmpServer('http://[::1]:8080/x', 1936), 'rtmp://[::1]:1936/live');
  t.equal(liveStreamUrls(publicUrl, 'cam').publish, 'wss://example.org/onair/live/cam/publish');
});

t.test("the server's own pages may publish and play by WebSocket below the prefix, where others may not", async (t) => {
  const { app } = await startFakeServer(t, { publicUrl, publishOrigins: [], corsOrigins: ['https://else.example'] });
  const address = await listen(app);
  const headers = { origin: 'https://example.org' };
  const own = new SocketClient(t, `ws://${address}/onair/live/cam/publish?key=${testKey}`, { headers });
  t.equal((await own.nextOf('ready')).type, 'ready', 'it is taken');
  const other = await refusal(t, `ws://${address}/onair/live/cam/publish?key=${testKey}`, { headers: { origin: 'https://example.com' } });
  t.equal(other.status, 401);
  const { headers: page } = await app.inject({ url: '/onair/watch/cam', headers: { host: 'inner:8080' } });
  t.match(page['content-security-policy'], "connect-src 'self' ws://inner:8080 wss://inner:8080 ws://example.org wss://example.org;");
});
