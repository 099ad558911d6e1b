import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import type { Answer } from '../../src/hls/answer.js';
import { Encoded } from '../../src/hls/encoded.js';
import { SendQueues } from '../../src/http/send-queues.js';
import { waysToAsk } from './clients.js';
import { withResolvers, type FakeBroadcast } from './fake-broadcast.js';
import { listen, startFakeServer } from './fake-server.js';

const idleTimeoutMs = 300;
const longMs = 4 * idleTimeoutMs;
const ways = waysToAsk(t);

function withPicture(cam: FakeBroadcast): void {
  cam.bus.startTimeline({ init: { bytes: Buffer.from('INIT'), codecs: 'avc1.42c01f', tracks: [{ trackId: 1, kind: 'video' }] }, captureTimeMs: 5 } as never);
}

for (const way of ways) {
  t.test(`${way.name}: a viewer of a broadcast that stands still is kept for longer than nothing may move`, async (t) => {
    const { app, broadcasts } = await startFakeServer(t, { idleTimeoutMs, tls: way.tls, sendQueues: new SendQueues({ intervalMs: idleTimeoutMs / 10 }) });
    const cam = broadcasts.add('cam');
    withPicture(cam);
    const { body } = await way.client(t, await listen(app)).ask('/live/cam/stream.mp4').answer;
    let said = '';
    body.on('data', (bytes: Buffer) => (said += String(bytes)));
    cam.bus.push([{ bytes: Buffer.from('FIRST'), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
    await delay(longMs);
    cam.bus.push([{ bytes: Buffer.from('SECOND'), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
    while (!said.includes('SECOND')) await once(body, 'data');
    await cam.end();
    await once(body, 'end');
  });
}

t.test('HTTP/2: whoever waits for a playlist is kept; a session without a request, and one whose client is gone, are ended', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { idleTimeoutMs, tls: ways.find(({ name }) => name === 'HTTP/2')?.tls });
  const cam = broadcasts.add('cam');
  const address = await listen(app);
  const open = (to: string) => {
    const session = connectHttp2(`https://${to}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    t.teardown(() => session.destroy());
    return session;
  };
  const held = withResolvers<Answer>();
  cam.answers.set('media', held.promise);
  const waiting = open(address);
  const idle = open(address);
  const idleEnded = once(idle, 'close');
  const asked = waiting.request({ ':path': '/live/cam/run1/media.m3u8?_HLS_msn=9' });
  await once(asked, 'ready');
  // A line that is cut somewhere between: nothing comes, not even an end.
  const line = await startLine(t, address);
  const gone = open(line.address).request({ ':path': '/live/cam/run1/media.m3u8?_HLS_msn=9' });
  gone.on('error', () => undefined);
  while (cam.directives.length < 2) await new Promise(setImmediate);
  const lineEnded = once(line.upstream(), 'close');
  line.freeze();
  await Promise.all([idleEnded, lineEnded, delay(longMs)]);
  held.resolve({ outcome: 'lasting', body: new Encoded('#EXTM3U\n') });
  const [head] = (await once(asked, 'response')) as [Record<string, unknown>];
  t.equal(head[':status'], 200);
});

/** A TCP line through which nothing goes any more once it is frozen. */
async function startLine(t: { teardown: (undo: () => unknown) => void }, to: string) {
  const [host = '', port] = to.split(':');
  let upstream!: Socket;
  let frozen = false;
  const server = createServer((near) => {
    upstream = connect(Number(port), host);
    for (const [from, other] of [[near, upstream], [upstream, near]] as const) {
      from.on('error', () => undefined).on('data', (bytes: Buffer) => {
        if (!frozen) other.write(bytes);
      });
      t.teardown(() => from.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, upstream: () => upstream, freeze: () => (frozen = true) };
}

for (const way of ways.slice(0, 2)) {
  t.test(`${way.name}: HOST=localhost opens one listener, and every limit knows it`, async (t) => {
    const { app, connections } = await startFakeServer(t, { tls: way.tls, maxConnections: 1, maxConnectionsPerAddress: 100 });
    await app.listen({ port: 0, host: 'localhost' });
    const { port } = app.server.address() as AddressInfo;
    const dial = async (host: string): Promise<boolean> => {
      const socket = connect(port, host);
      t.teardown(() => socket.destroy());
      return new Promise((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
    };
    const open = [await dial('127.0.0.1'), await dial('::1')].filter(Boolean).length;
    t.ok(open >= 1);
    while (connections.counts.open < open) await new Promise(setImmediate);
    t.equal(connections.counts.open, open, 'whatever is connected is counted');
  });
}

t.test('WebSockets full of nothing leave a turn to everybody else', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  withPicture(cam);
  const address = await listen(app);
  const socket = new WebSocket(`ws://${address}/live/cam/play`, { perMessageDeflate: false });
  t.teardown(() => socket.terminate());
  await once(socket, 'open');
  const [inServer] = [...app.websocketServer.clients];
  let [sinceTurn, most, all] = [0, 0, 0];
  inServer?.on('message', () => {
    all++;
    most = Math.max(most, ++sinceTurn);
  });
  const turn = (): void => {
    sinceTurn = 0;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  t.teardown(() => clearImmediate(next));
  for (let count = 0; count < 2000; count++) socket.send('');
  while (all < 2000) await new Promise(setImmediate);
  t.ok(most <= 2, `${most} messages in a turn`);
});
