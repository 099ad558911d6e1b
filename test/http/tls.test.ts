import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import t from 'tap';
import type { Test } from 'tap';
import { makeCertificates } from './certificates.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, refusal } from './socket-client.js';

async function startSecureServer(t: Test) {
  const files = makeCertificates(t);
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const server = await startFakeServer(t, { tls });
  return { ...server, address: await listen(server.app), ca: tls.cert };
}

async function http2Get(session: ClientHttp2Session, headers: Record<string, string>): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const stream = session.request(headers);
  const [responseHeaders] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  return { headers: responseHeaders, body };
}

t.test('with a certificate, players get HTTP/2', async (t) => {
  const { broadcasts, address, ca } = await startSecureServer(t);
  broadcasts.add('cam');
  const session = connect(`https://${address}`, { ca });
  t.teardown(() => session.destroy());
  await once(session, 'connect');
  t.equal(session.alpnProtocol, 'h2');
  const playlist = await http2Get(session, { ':path': '/live/cam/run1/media.m3u8', origin: 'https://a.example' });
  t.match(playlist.headers, { ':status': 200, 'content-type': 'application/vnd.apple.mpegurl', 'access-control-allow-origin': '*' });
  t.equal(playlist.body, '#EXTM3U\nmedia\n');
  const range = await http2Get(session, { ':path': '/live/cam/run1/0.m4s', range: 'bytes=1-2' });
  t.match(range.headers, { ':status': 206 });
  t.equal(range.body, '12');
  const info = await http2Get(session, { ':path': '/api/streams/cam' });
  t.equal((JSON.parse(info.body) as { urls: { play: string } }).urls.play, `wss://${address}/live/cam/play`);
  t.match((await http2Get(session, { ':path': '/live/cam/play' })).headers, { ':status': 426 });
  t.match((await http2Get(session, { ':path': '/watch/cam' })).headers, { 'content-security-policy': `connect-src 'self' ws://${address} wss://${address};` });
});

t.test('HTTP/1.1 is spoken beside it, on the same port', async (t) => {
  const { broadcasts, address, ca } = await startSecureServer(t);
  broadcasts.add('cam');
  const [response] = (await once(get(`https://${address}/live/cam/index.m3u8`, { ca }), 'response')) as [IncomingMessage];
  t.equal(response.httpVersion, '1.1');
  t.equal(response.statusCode, 200);
  response.resume();
});

t.test('WebSockets are spoken on the same port, and refused there with a status', async (t) => {
  const { broadcasts, address, ca } = await startSecureServer(t);
  const publisher = new SocketClient(t, `wss://${address}/live/cam/publish?key=${testKey}`, { ca });
  t.match(await publisher.nextOf('ready'), { urls: { watch: `https://${address}/watch/cam` } });
  publisher.socket.send(Buffer.from('abc'));
  const { ingest, bus } = broadcasts.get('cam')!;
  await ingest.until(() => ingest.events.length > 0);
  t.strictSame(ingest.events, [3]);
  t.match(await refusal(t, `wss://${address}/live/other/publish?key=wrong`, { ca }), { status: 401, body: { code: 'unauthorized' } });
  const viewer = new SocketClient(t, `wss://${address}/live/cam/play`, { ca });
  await once(viewer.socket, 'open');
  bus.startTimeline({ init: { bytes: Buffer.from('INIT'), codecs: 'x', tracks: [] }, captureTimeMs: 0});
  await viewer.nextOf('init');
  t.equal(String(await viewer.nextBytes()), 'INIT');
});

t.test('a stop does not wait for clients that stay or that do not read', async (t) => {
  const { app, broadcasts, address, ca } = await startSecureServer(t);
  const { bus } = broadcasts.add('cam');
  bus.startTimeline({ init: { bytes: Buffer.alloc(1_000_000), codecs: 'x', tracks: [] }, captureTimeMs: 0});
  const session = connect(`https://${address}`, { ca });
  session.on('error', () => undefined);
  t.teardown(() => session.destroy());
  const unread = session.request({ ':path': '/live/cam/stream.mp4' });
  unread.on('error', () => undefined);
  await once(unread, 'response');
  const plain = get(`https://${address}/live/cam/stream.mp4`, { ca });
  plain.on('error', () => undefined);
  await once(plain, 'response');
  const startedAtMs = Date.now();
  await app.close();
  t.ok(Date.now() - startedAtMs < 8000);
});
