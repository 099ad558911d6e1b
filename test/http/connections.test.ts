import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import { vouchFor } from '../../src/http/client-of.js';
import { makeCertificates } from './certificates.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, readToClose, refusal } from './socket-client.js';

function open(t: Test, address: string): Socket {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  return socket;
}

t.test('one connection too many is told so, with the time to come again, and the next finds room when one has gone', async (t) => {
  const { app } = await startFakeServer(t, { maxConnections: 3, maxConnectionsPerAddress: 100 });
  const address = await listen(app);
  const silent = [open(t, address), open(t, address), open(t, address)];
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  const ask = () => fetch(`http://${address}/healthz`, { headers: { connection: 'close' } });
  const refused = await ask();
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '10');
  t.match(await refused.json(), { code: 'unavailable', message: /as many connections as it can take/ });
  silent[0]!.destroy();
  while ((await ask()).status !== 200) await new Promise(setImmediate);
});

t.test('one address cannot take all there is', async (t) => {
  const { app } = await startFakeServer(t, { maxConnectionsPerAddress: 1 });
  const address = await listen(app);
  const silent = open(t, address);
  await once(silent, 'connect');
  const refused = await fetch(`http://${address}/`);
  t.equal(refused.status, 503);
  t.match(await refused.json(), { message: 'there are 1 connections from this address already; close some of them' });
});

t.test('behind a trusted proxy it is the client who is counted, not the proxy', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { maxConnectionsPerAddress: 2, trustedProxies: ['loopback'] });
  const cam = broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/play`;
  const as = (client: string) => ({ headers: { 'x-forwarded-for': client } });
  const viewers = ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map((client) => new SocketClient(t, url, as(client)));
  await Promise.all(viewers.map(({ socket }) => once(socket, 'open')));
  t.match(await refusal(t, url, as('192.0.2.1')), { status: 503, body: { message: /from this address/ } });
  viewers[0]!.socket.terminate();
  while (cam.viewers.count > 2) await new Promise(setImmediate);
  const next = new SocketClient(t, url, as('192.0.2.1'));
  await once(next.socket, 'open');
});

t.test('what another server hands on counts for the client that it vouches for, not for that server', async (t) => {
  const forward = async (app: FastifyInstance): Promise<void> => {
    app.addHook('onRequest', async (request) => {
      const { 'x-handed-on-for': address } = request.headers;
      if (typeof address === 'string') vouchFor(request, { address, protocol: 'http' });
    });
  };
  const { app, broadcasts } = await startFakeServer(t, { maxConnectionsPerAddress: 2, forward });
  const cam = broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/play`;
  const as = (client: string) => ({ headers: { 'x-handed-on-for': client } });
  const viewers: SocketClient[] = [];
  for (const client of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const viewer = new SocketClient(t, url, as(client));
    await once(viewer.socket, 'open');
    viewers.push(viewer);
  }
  t.match(await refusal(t, url, as('192.0.2.1')), { status: 503, body: { message: /from this address/ } });
  for (const { socket } of viewers) socket.terminate();
  while (cam.viewers.count > 0) await new Promise(setImmediate);
  const direct = [new SocketClient(t, url), new SocketClient(t, url)];
  await Promise.all(direct.map(({ socket }) => once(socket, 'open')));
  t.match(await refusal(t, url), { status: 503, body: { message: /from this address/ } }, 'and what is not handed on counts as ever');
});

t.test('viewers are bounded in all, not only of one stream', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { maxViewers: 2 });
  for (const name of ['one', 'two', 'three']) broadcasts.add(name);
  const base = `ws://${await listen(app)}/live`;
  for (const name of ['one', 'two']) await once(new SocketClient(t, `${base}/${name}/play`).socket, 'open');
  t.match(await refusal(t, `${base}/three/play`), { status: 503, body: { code: 'unavailable', message: /the server has as many viewers/ } });
  t.equal((await app.inject('/live/three/stream.mp4')).statusCode, 503);
});

t.test('a viewer that says much is cut after a kilobyte, while publishers keep their own limit', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const address = await listen(app);
  const viewer = new SocketClient(t, `ws://${address}/live/cam/play`);
  await once(viewer.socket, 'open');
  viewer.socket.send('x'.repeat(1025));
  t.equal((await viewer.closed).code, 4413);
  const publisher = new SocketClient(t, `ws://${address}/live/new/publish?key=${testKey}`);
  await publisher.nextOf('ready');
  publisher.socket.send(Buffer.alloc(50_000));
  t.match(await publisher.nextOf('ack'), { received: 50_000 });
});

t.test('a publisher that is gone without a word is found out, and its broadcast waits for it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { socketTimeoutMs: 300 });
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`, { autoPong: false });
  await client.nextOf('ready');
  const { ingest } = broadcasts.get('cam')!;
  await ingest.until(() => ingest.events.length > 0);
  t.strictSame(ingest.events, ['drop']);
  t.equal((await client.closed).code, 1006);
});

t.test('a viewer that takes nothing any more is cut, one that only listens is not', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { socketTimeoutMs: 300 });
  const cam = broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/play`;
  const frozen = new SocketClient(t, url);
  const listening = new SocketClient(t, url);
  await Promise.all([frozen, listening].map(({ socket }) => once(socket, 'open')));
  frozen.socket.pause();
  let pings = 0;
  listening.socket.on('ping', () => pings++);
  while (cam.viewers.count > 1) await new Promise((resolve) => setTimeout(resolve, 10));
  while (pings < 6) await once(listening.socket, 'ping');
  t.equal(cam.viewers.count, 1);
  t.equal(listening.socket.readyState, WebSocket.OPEN);
});

t.test('a publisher that the server itself keeps waiting is not taken for dead', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { socketTimeoutMs: 150 });
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const { ingest } = broadcasts.get('cam')!;
  let open = (): void => undefined;
  ingest.gate = new Promise((resolve) => (open = resolve));
  for (let index = 0; index < 50; index++) client.socket.send(Buffer.alloc(64_000));
  const [server] = [...app.websocketServer.clients];
  while (!server!.isPaused) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 600));
  open();
  await ingest.until(() => ingest.events.length === 50);
  t.notOk(ingest.events.includes('drop'));
});

t.test('pings are answered, of messages and of the protocol; whoever does not read the answers gets no more of them', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const address = await listen(app);
  for (const path of [`/live/new/publish?key=${testKey}`, '/live/cam/play', '/live/cam/chat']) {
    const client = new SocketClient(t, `ws://${address}${path}`);
    await once(client.socket, 'open');
    client.socket.send('{"type":"ping","sentAtMs":7}');
    await client.nextOf('pong');
    client.socket.ping('data');
    t.equal(String(((await once(client.socket, 'pong')) as [Buffer])[0]), 'data', path);
    client.socket.pause();
    const [server] = [...app.websocketServer.clients].slice(-1);
    const burst = async (send: () => void): Promise<void> => {
      for (let count = 0; count < 20_000; count++) send();
      while (client.socket.bufferedAmount > 0 && client.socket.readyState === WebSocket.OPEN) await new Promise(setImmediate);
    };
    // The kernel takes some megabytes before any of it waits here.
    for (let round = 0; round < 5; round++) await burst(() => client.socket.ping('x'.repeat(125)));
    if (path.includes('publish')) for (let round = 0; round < 5; round++) await burst(() => client.socket.send('{"type":"ping","sentAtMs":1234567890123}'));
    t.ok(server!.bufferedAmount < 200_000, `${path}: ${server!.bufferedAmount} bytes wait`);
    client.socket.terminate();
    await client.closed;
  }
});

t.test('slowloris: a head that does not come to its end is cut, and so is silence, with TLS and without', async (t) => {
  const files = makeCertificates(t);
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  for (const secure of [false, true]) {
    const { app } = await startFakeServer(t, { headersTimeoutMs: 300, ...(secure && { tls }) });
    const address = await listen(app);
    const [host, port] = address.split(':') as [string, string];
    const dial = (): Socket => {
      const socket = secure ? connectTls({ host, port: Number(port), ca: tls.cert, ALPNProtocols: ['http/1.1'], checkServerIdentity: () => undefined }) : connect(Number(port), host);
      socket.on('error', () => undefined);
      t.teardown(() => socket.destroy());
      return socket;
    };
    const slow = dial();
    slow.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => slow.write('x-drip: 1\r\n'), 50);
    t.teardown(() => clearInterval(drip));
    t.match(await readToClose(slow), /^(HTTP\/1.1 408|$)/, secure ? 'TLS' : 'plain');
    clearInterval(drip);
    await readToClose(dial());
    t.pass('silence is cut');
  }
});

t.test('an answer that nobody takes is not kept for ever', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { idleTimeoutMs: 400 });
  const cam = broadcasts.add('cam');
  cam.answers.set('0.m4s', { outcome: 'lasting', body: Buffer.alloc(30_000_000) });
  const address = await listen(app);
  const stuck = open(t, address);
  stuck.pause();
  stuck.write('GET /live/cam/run1/0.m4s HTTP/1.1\r\nHost: x\r\n\r\n');
  const [connection] = (await once(app.server, 'connection')) as [Socket];
  await once(connection, 'close');
  t.ok(connection.bytesWritten > 0, 'it was being answered');
  t.equal(stuck.destroyed, false, 'the other end still holds it');
});

t.test('a listener to /stream.mp4 that takes nothing is let go; one that waits for a broadcast that stands still is not', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { idleTimeoutMs: 300 });
  const cam = broadcasts.add('cam');
  cam.bus.startTimeline({ init: { bytes: Buffer.from('INIT'), codecs: 'avc1.42c01f', tracks: [{ trackId: 1 }] }, captureTimeMs: 5 } as never);
  const address = await listen(app);
  const listening = open(t, address);
  listening.resume();
  listening.write('GET /live/cam/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n');
  while (cam.viewers.count < 1) await new Promise(setImmediate);
  const stuck = open(t, address);
  stuck.pause();
  stuck.write('GET /live/cam/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n');
  while (cam.viewers.count < 2) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 700));
  t.equal(cam.viewers.count, 2, 'nothing to take, nobody to blame');
  // The kernel takes some megabytes before it says that nobody does.
  while (cam.viewers.count > 1) {
    cam.bus.push([{ bytes: Buffer.alloc(900_000), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.equal(listening.destroyed, false);
});

t.test('thousands of connections that come and go leave nothing behind', async (t) => {
  const { app } = await startFakeServer(t, { maxConnections: 50, maxConnectionsPerAddress: 40 });
  const address = await listen(app);
  for (let round = 0; round < 20; round++) {
    const sockets = Array.from({ length: 100 }, () => open(t, address));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.destroy();
  }
  const ask = () => fetch(`http://${address}/healthz`, { headers: { connection: 'close' } });
  while ((await ask()).status !== 200) await new Promise(setImmediate);
  t.pass('there is room again');
});

t.test('whoever is refused an upgrade, or was to upgrade and did not, is let go of', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const address = await listen(app);
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  for (const [path, fields, status] of [
    ['/live/cam/%zz', upgrade, 400],
    ['/live/%/play', upgrade, 400],
    ['/live/cam/%zz', '', 400],
    ['/live/nobody/play', upgrade, 404],
    ['/live/cam/play', 'Connection: close\r\n', 426],
  ] as const) {
    const socket = open(t, address);
    const answer = readToClose(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
    t.match(await answer, new RegExp(`^HTTP/1\\.1 ${status}[^]*"code":`), path);
  }
});

t.test('who offers another upgrade with a plain request is told to leave it out', async (t) => {
  const { app } = await startFakeServer(t);
  const address = await listen(app);
  for (const line of ['GET /healthz', 'PUT /live/cam/publish', 'GET /live/cam/play']) {
    const socket = open(t, address);
    const answer = readToClose(socket);
    socket.write(`${line} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`);
    t.match(await answer, /^HTTP\/1\.1 400[^]*"message":"expected no upgrade but to \\"websocket\\", got \\"h2c\\"; send the request without it/, line);
  }
});
