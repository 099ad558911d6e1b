import { join } from 'node:path';
import t from 'tap';
import { startFakeServer } from './fake-server.js';

t.test('every page is there under its address', async (t) => {
  const { app } = await startFakeServer(t);
  for (const [url, title] of [['/', 'index'], ['/broadcast', 'broadcast'], ['/broadcast?key=k', 'broadcast'], ['/watch/cam', 'cam · Onair'], ['/embed/cam', 'embed'], ['/recordings', 'recordings'], ['/recordings?q=a', 'recordings']] as const) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 200, url);
    t.match(answer.headers['content-type'], /^text\/html/);
    t.match(answer.body, `<title>${title}</title>`);
    t.equal(answer.headers['cache-control'], 'no-cache');
  }
});

t.test('pages run only their own code, reach only their own server and cannot be framed', async (t) => {
  const { app } = await startFakeServer(t);
  const { headers } = await app.inject({ url: '/watch/cam', headers: { host: 'live.example:8443' } });
  const policy = String(headers['content-security-policy']);
  t.match(policy, "script-src 'self';");
  t.match(policy, "connect-src 'self' ws://live.example:8443 wss://live.example:8443;");
  t.match(policy, "media-src 'self' blob:");
  t.match(policy, "worker-src 'self' blob:");
  t.match(policy, "frame-ancestors 'none'");
  t.notMatch(policy, 'upgrade-insecure-requests', 'the server may well speak plain HTTP');
  t.match(headers, {
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self)',
  });
});

t.test('a hostile Host header does not get into the policy', async (t) => {
  const { app } = await startFakeServer(t);
  const { headers } = await app.inject({ url: '/', headers: { host: "evil.example; script-src *" } });
  t.notMatch(headers['content-security-policy'], 'evil');
});

t.test('the bare player may be framed by any page', async (t) => {
  const { app } = await startFakeServer(t);
  const { headers } = await app.inject('/embed/cam');
  t.match(headers['content-security-policy'], /frame-ancestors \*/);
  t.match(headers['content-security-policy'], "script-src 'self'");
  t.equal(headers['x-frame-options'], undefined);
  t.equal(headers['cross-origin-resource-policy'], 'cross-origin');
});

t.test('the bare player may stand in cross-origin isolated pages, also when it has something to complain of', async (t) => {
  const { app } = await startFakeServer(t);
  for (const url of ['/embed/cam', '/embed/cam/~a.token', '/embed/no%20name']) {
    const { headers } = await app.inject({ url, headers: { accept: 'text/html' } });
    t.equal(headers['cross-origin-embedder-policy'], 'require-corp', url);
    t.equal(headers['cross-origin-resource-policy'], 'cross-origin', url);
  }
  t.equal((await app.inject('/watch/cam')).headers['cross-origin-embedder-policy'], undefined, 'other pages ask nobody for it');
});

t.test('the SDK and its chunks are open to pages of any origin', async (t) => {
  const { app } = await startFakeServer(t);
  for (const url of ['/sdk/onair.js', '/assets/onair.js', '/sdk/hls-ABCDEFGH.js', '/assets/hls-ABCDEFGH.js']) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 200, url);
    t.match(answer.headers, { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'content-type': /javascript/ }, url);
  }
});

t.test('what carries its hash in its name is kept for good, the rest is asked for again', async (t) => {
  const { app } = await startFakeServer(t);
  t.match((await app.inject('/sdk/hls-ABCDEFGH.js')).headers['cache-control'], 'immutable');
  t.equal((await app.inject('/sdk/onair.js')).headers['cache-control'], 'no-cache');
});

t.test('a page for a name that is none says so in words', async (t) => {
  const { app } = await startFakeServer(t);
  for (const page of ['watch', 'embed']) {
    const answer = await app.inject({ url: `/${page}/%3Cscript%3E`, headers: { accept: 'text/html,*/*' } });
    t.equal(answer.statusCode, 400);
    t.match(answer.headers['content-type'], /^text\/html/);
    t.match(answer.body, 'expected a stream name');
    t.notMatch(answer.body, '<script>');
  }
});

t.test('what is not there is a page for people and JSON for programs', async (t) => {
  const { app } = await startFakeServer(t);
  const page = await app.inject({ url: '/nothing', headers: { accept: 'text/html' } });
  t.equal(page.statusCode, 404);
  t.match(page.headers['content-type'], /^text\/html/);
  t.match(page.body, 'Nothing here');
  const json = await app.inject({ url: '/nothing?key=secret', headers: { accept: '*/*' } });
  t.equal(json.statusCode, 404);
  t.strictSame(json.json(), { code: 'not-found', message: 'there is nothing at GET /nothing?key=…' });
});

t.test('nothing outside the web root can be reached', async (t) => {
  const { app } = await startFakeServer(t);
  for (const url of ['/../package.json', '/assets/../../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/sdk/..%2f..%2fpackage.json', '/assets/%00']) {
    const { statusCode } = await app.inject(url);
    t.ok(statusCode >= 400 && statusCode < 500, `${url} → ${statusCode}`);
  }
});

t.test('pages name their own server by relative addresses only, however deep they stand', async (t) => {
  const publicDir = join(import.meta.dirname, '../../public');
  const { app } = await startFakeServer(t, { publicDir });
  for (const url of ['/', '/broadcast?key=k', '/watch/cam', '/embed/cam', '/watch/cam/~a.token', '/embed/cam/~a.token?path=hls', '/api/docs', '/not/there']) {
    const { body, headers } = await app.inject({ url, headers: { accept: 'text/html' } });
    t.match(headers['content-type'], /^text\/html/, url);
    const addresses = [...body.matchAll(/\s(?:href|src|action|poster)="([^"]*)"/g)].map(([, address = '']) => address);
    t.ok(addresses.length > 0, `${url} names some`);
    t.strictSame(addresses.filter((address) => address.startsWith('/')), [], url);
    const [styles = ''] = addresses.filter((address) => address.endsWith('.css'));
    const resolved = new URL(styles, `https://example.org/onair${url}`).pathname;
    t.match(resolved, /^\/onair\//, url);
    t.equal((await app.inject(resolved.slice('/onair'.length))).statusCode, 200, resolved);
  }
});

t.test('pages are no files: their addresses begin where the server says', async (t) => {
  const { app } = await startFakeServer(t);
  for (const url of ['/index.html', '/watch.html', '/%77atch.html', '/watch.html?x']) t.equal((await app.inject(url)).statusCode, 404, url);
});

t.test('a slash too many leads to the right address, with its query, also behind a prefix', async (t) => {
  const { app } = await startFakeServer(t, { publicUrl: 'https://example.org/onair' });
  const table: [string, string][] = [
    ['/watch/cam/', '/watch/cam'],
    ['/watch/cam/?path=hls', '/watch/cam?path=hls'],
    ['/watch/cam/~a.b/', '/watch/cam/~a.b'],
    ['/embed//cam', '/embed/cam'],
    ['//watch/cam', '/watch/cam'],
    ['//evil.example/', '/evil.example'],
    ['/broadcast/?key=k', '/broadcast?key=k'],
    ['/live/cam/index.m3u8/?_HLS_msn=3', '/live/cam/index.m3u8?_HLS_msn=3'],
    ['/live//cam/index.m3u8', '/live/cam/index.m3u8'],
    ['/api/streams/', '/api/streams'],
  ];
  for (const prefix of ['', '/onair']) {
    for (const [url, meant] of table) {
      const { statusCode, headers } = await app.inject({ url: `${prefix}${url}`, headers: { accept: 'text/html' } });
      t.equal(statusCode, 308, url);
      // Where a proxy takes the prefix away, the browser still has it.
      const { origin, pathname, search, href } = new URL(String(headers.location), `https://example.org/onair${url}`);
      t.equal(origin, 'https://example.org', url);
      t.equal(href.slice(origin.length), `/onair${meant}`, `${url} → ${pathname}${search}`);
    }
  }
  t.equal((await app.inject('/nothing')).statusCode, 404, 'what has none too many is not sent anywhere');
  t.equal((await app.inject({ method: 'POST', url: '/api/streams/cam/keys/' })).statusCode, 308, 'and no method is lost');
});
