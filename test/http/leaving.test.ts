import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import type { Answer } from '../../src/hls/answer.js';
import { forwardElsewhere } from '../../src/cluster/forwarding.js';
import type { Whereabouts } from '../../src/cluster/name-store.js';
import { NodeProof } from '../../src/cluster/node-proof.js';
import type { ConnectionLimits } from '../../src/http/connection-limits.js';
import type { RoutesOptions } from '../../src/http/routes.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { isGone, whenGone } from '../../src/http/when-gone.js';
import { fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { waysToAsk, type Way } from './clients.js';
import type { FakeBroadcast } from './fake-broadcast.js';
import { FakeBroadcasts } from './fake-broadcasts.js';
import { MemoryDirectory } from '../../src/live/memory-directory.js';
import { openStudio } from '../live/fake-studio.js';
import { SlowDirectory } from '../live/slow-directory.js';
import { listen, startFakeServer, testKey, type FakeServer } from './fake-server.js';
import { SocketClient } from './socket-client.js';

const ways = waysToAsk(t);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** A service of the operator's that says yes when the test tells it to. */
async function slowService(t: Test): Promise<{ url: string; asked: () => Promise<() => void> }> {
  const questions: ServerResponse[] = [];
  const service = createServer((request, response) => {
    request.resume().once('end', () => questions.push(response));
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.teardown(() => {
    service.closeAllConnections();
    service.close();
  });
  return {
    url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/`,
    asked: async () => {
      await until(() => questions.length > 0);
      const question = questions.shift()!;
      return () => void question.writeHead(200).end();
    },
  };
}

interface Started extends Pick<FakeServer, 'app' | 'connections'> {
  readonly cam: FakeBroadcast;
  readonly address: string;
  /** What is asked next, whoever is asked: answers it. */
  readonly asked: () => Promise<() => void>;
  /** How many clients have gone. */
  readonly left: () => number;
  /** The streams that run. */
  readonly streams: () => string[];
  /** Of the nodes by which it is asked. */
  readonly others?: readonly ConnectionLimits[];
}

interface NodeOptions extends Pick<Way, 'tls'> {
  readonly forward?: RoutesOptions['forward'];
}

/** A server that asks such a service about everybody, with room for one who stays. */
async function start(t: Test, { tls, forward }: NodeOptions): Promise<Started> {
  const { url, asked } = await slowService(t);
  const server = await startFakeServer(t, { tls, forward, publishCheckUrl: url, viewCheckUrl: url, viewCheckCacheMs: 0, checkTimeoutMs: 30_000, maxConnectionsPerAddress: 3 });
  return begin(server, { tls, cam: server.broadcasts.add('cam'), asked, streams: () => [...server.broadcasts.streams.keys()] });
}

/** One that asks a directory that takes its time. */
async function startSlow(t: Test, { tls, forward }: NodeOptions): Promise<Started> {
  const [watched, claimed] = [new FakeBroadcasts(), new MemoryDirectory()];
  const directory = new SlowDirectory({ ...watched.directory, claim: (stream) => claimed.claim(stream), progressOf: () => claimed.progressOf() });
  const { broadcasts } = await openStudio(t, { directory });
  const server = await startFakeServer(t, { tls, forward, broadcasts, directory, maxConnectionsPerAddress: 3 });
  return begin(server, { tls, cam: watched.add('cam'), asked: () => directory.asked(), streams: () => ['cam', ...broadcasts.list().map(({ stream }) => stream)] });
}

async function begin(server: FakeServer, { tls, cam, asked, streams }: Pick<Started, 'cam' | 'asked' | 'streams'> & Pick<Way, 'tls'>): Promise<Started> {
  cam.bus.startTimeline({ init: readInitSegment(initSegment([videoTrack])), captureTimeMs: 0 });
  cam.bus.push([fragment([{ track: videoTrack, startSeconds: 0, durationSeconds: 0.1, keyframe: true }])]);
  let left = 0;
  const count = (): void => void (left += 1);
  server.app.server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => socket.once('close', count));
  server.app.server.on('stream', (stream: ServerHttp2Stream) => stream.once('close', count));
  return { ...server, cam, streams, address: await listen(server.app), asked, left: () => left };
}

/** The same, asked by way of another node of a cluster, which hands on to it whatever names a stream. */
async function behindAnotherNode(t: Test, tls: Way['tls'], startNode: (t: Test, options: NodeOptions) => Promise<Started>): Promise<Started> {
  const proof = new NodeProof('a-secret-of-all-nodes');
  // As where the other node is of a version that sends no fragments for all: each viewer is handed on.
  const relays = { open: async () => undefined };
  const node: Whereabouts = { node: undefined, mayGoOn: false, isOwned: true, targetDurationSeconds: 2 };
  const nodeHomes = { of: async () => node, now: async () => node, later: async () => node, forget: () => undefined };
  const owner = await startNode(t, { tls: undefined, forward: (app) => forwardElsewhere(app, { directory: { holds: () => true, locate: async () => undefined }, homes: nodeHomes, proof, relays, resumeWindowMs: 0 }) });
  const found: Whereabouts = { ...node, node: `http://${owner.address}` };
  const homes = { of: async () => found, now: async () => found, later: async () => found, forget: () => undefined };
  const other = await startFakeServer(t, { tls, forward: (app) => forwardElsewhere(app, { directory: { holds: () => false, locate: async () => undefined }, homes, proof, relays, resumeWindowMs: 0 }) });
  return { ...owner, address: await listen(other.app), others: [other.connections] };
}

/** Nothing is left of anybody: neither counted nor held, neither begun nor made. */
async function nothingIsLeft(t: Test, { cam, connections, streams, others = [] }: Started, name: string): Promise<void> {
  // What would be begun after the service's answer is begun by now.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  t.strictSame(
    { staying: [connections, ...others].reduce((sum, { counts }) => sum + counts.staying, 0), viewers: cam.viewers.count, held: cam.waiting, chat: cam.chat?.count, broadcasts: streams(), encoders: cam.transcoders.filter(({ ended }) => !ended).length },
    { staying: 0, viewers: 0, held: 0, chat: 0, broadcasts: ['cam'], encoders: 0 },
    name,
  );
}

const routes = [
  ['GET', '/live/cam/index.m3u8'],
  ['GET', '/live/cam/run1/media.m3u8'],
  ['GET', '/live/cam/run1/media.m3u8?_HLS_msn=7'],
  ['GET', '/live/cam/run1/0.m4s'],
  ['GET', '/live/cam/run1/to-come.m4s'],
  ['GET', '/live/cam/stream.mp4'],
  ['GET', '/live/cam/stream.flv'],
  ['GET', '/live/cam/frames'],
  ['GET', '/live/cam/poster.jpg'],
  ['GET', '/live/cam/play'],
  ['GET', '/live/cam/chat'],
  ['GET', `/live/new/publish?key=${testKey}`],
  ['PUT', `/live/new/publish?key=${testKey}`],
  ['POST', `/live/new/publish?key=${testKey}`],
] as const;

/** At each address a client leaves while its question is answered. */
async function leaveWhileAsked(t: Test, server: Started, way: Way, addresses: readonly (readonly [string, string])[]): Promise<void> {
  server.cam.answers.set('media', new Promise<Answer>(() => undefined));
  server.cam.answers.set('to-come.m4s', new Promise<Answer>(() => undefined));
  for (const [method, path] of addresses) {
    const client = way.client(t, server.address);
    const { leave, body } = client.ask(path, { method });
    if (method !== 'GET') body.write('x');
    const answer = await server.asked();
    const before = server.left();
    leave();
    await until(() => server.left() > before);
    answer();
    await nothingIsLeft(t, server, `${method} ${path}`);
    client.close();
  }
}

for (const way of ways) {
  t.test(`${way.name}: who leaves while the operator's service is asked leaves nothing behind, at any address`, async (t) => {
    await leaveWhileAsked(t, await start(t, way), way, routes);
  });

  t.test(`${way.name}: who leaves while the directory is asked leaves nothing behind, at any address`, async (t) => {
    // A plain request of a publisher only looks whether there is room.
    const asking = routes.filter(([method, path]) => method !== 'GET' || !path.includes('/publish'));
    await leaveWhileAsked(t, await startSlow(t, way), way, [...asking, ['GET', '/watch/cam'], ['GET', '/api/streams/cam'], ['GET', '/api/streams']]);
  });

  t.test(`${way.name}: who leaves while it waits or is sent something leaves nothing behind, at any address`, async (t) => {
    await leaveWhileServed(t, await start(t, way), way);
  });

  t.test(`${way.name}, by way of another node: who leaves while something is asked or sent leaves nothing behind at either, at any address`, async (t) => {
    await leaveWhileAsked(t, await behindAnotherNode(t, way.tls, start), way, routes);
    await leaveWhileServed(t, await behindAnotherNode(t, way.tls, start), way);
    await leaveWhileAsked(t, await behindAnotherNode(t, way.tls, startSlow), way, [['GET', '/watch/cam'], ['GET', '/api/streams/cam']]);
  });
}

async function leaveWhileServed(t: Test, server: Started, way: Way): Promise<void> {
  const { cam } = server;
  cam.answers.set('media', new Promise<Answer>(() => undefined));
  cam.answers.set('to-come.m4s', new Promise<Answer>(() => undefined));
  const begun: Record<string, () => boolean> = {
    '/live/cam/run1/media.m3u8?_HLS_msn=7': () => cam.waiting > 0,
    '/live/cam/run1/to-come.m4s': () => cam.waiting > 0,
    '/live/cam/stream.mp4': () => cam.viewers.count > 0,
    '/live/cam/stream.flv': () => cam.viewers.count > 0,
    '/live/cam/frames': () => cam.transcoders.some(({ ended }) => !ended),
  };
  for (const [path, hasBegun] of Object.entries(begun)) {
    const client = way.client(t, server.address);
    const { leave } = client.ask(path);
    (await server.asked())();
    await until(hasBegun);
    leave();
    await until(() => !hasBegun());
    await nothingIsLeft(t, server, path);
    client.close();
  }
}

t.test('WebSockets: who leaves while the directory is asked leaves nothing behind', async (t) => {
  await leaveUpgrades(t, await startSlow(t, { tls: undefined }));
});

t.test('WebSockets: who leaves while the service is asked, or later, leaves nothing behind', async (t) => {
  const server = await start(t, { tls: undefined });
  await leaveUpgrades(t, server);
  await leaveOpenSockets(t, server);
});

t.test('WebSockets, by way of another node: who leaves while something is asked, or later, leaves nothing behind at either', async (t) => {
  await leaveUpgrades(t, await behindAnotherNode(t, undefined, startSlow));
  const server = await behindAnotherNode(t, undefined, start);
  await leaveUpgrades(t, server);
  await leaveOpenSockets(t, server);
});

async function leaveOpenSockets(t: Test, server: Started): Promise<void> {
  for (const path of ['/live/cam/play', '/live/cam/chat']) {
    const client = new SocketClient(t, `ws://${server.address}${path}`);
    (await server.asked())();
    await until(() => server.connections.counts.staying > 0 && server.cam.viewers.count + (server.cam.chat?.count ?? 0) > 0);
    const before = server.left();
    client.socket.terminate();
    await until(() => server.left() > before);
    await nothingIsLeft(t, server, `${path}, open`);
  }
}

async function leaveUpgrades(t: Test, server: Started): Promise<void> {
  const [host, port] = server.address.split(':') as [string, string];
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  for (const path of ['/live/cam/play', '/live/cam/chat', `/live/new/publish?key=${testKey}`]) {
    const socket = connect(Number(port), host).on('error', () => undefined);
    t.teardown(() => socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    const answer = await server.asked();
    const before = server.left();
    socket.resetAndDestroy();
    await until(() => server.left() > before);
    answer();
    await nothingIsLeft(t, server, path);
  }
}

t.test('HTTP/1.1: who asked for several things ahead and leaves is waited for by none of them', async (t) => {
  for (const way of ways.filter(({ name }) => name !== 'HTTP/2')) {
    const { app, broadcasts } = await startFakeServer(t, { tls: way.tls });
    const cam = broadcasts.add('cam');
    cam.answers.set('media', new Promise<Answer>(() => undefined));
    const { ask } = way.client(t, await listen(app));
    let connection: Socket | undefined;
    app.server.on(way.tls ? 'secureConnection' : 'connection', (socket: Socket) => (connection = socket));
    ask('/healthz');
    await until(() => connection !== undefined);
    // As if the client had sent them: its own library asks for one thing after another.
    connection!.unshift(Buffer.from('GET /live/cam/run1/media.m3u8?_HLS_msn=7 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(12)));
    await until(() => cam.waiting === 12);
    connection!.destroy();
    await until(() => cam.waiting === 0);
    t.pass(way.name);
  }
});

t.test('what is to be done when somebody has gone is done once: when it goes, at once if it has gone, never if it was called off', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  let ran = 0;
  whenGone(socket, () => (ran += 1));
  const callOff = whenGone(socket, () => (ran += 10));
  callOff();
  for (let index = 0; index < 100; index++) whenGone(socket, () => undefined);
  t.ok(socket.listenerCount('close') < 10, 'however many wait, few listen');
  t.equal(isGone(socket), false);
  socket.destroy();
  await once(socket, 'close');
  t.equal(ran, 1);
  whenGone(socket, () => (ran += 1));
  t.equal(ran, 2);
  t.equal(isGone(socket), true);
});

declare module 'node:http' {
  interface Server {
    on(event: 'stream', listener: (stream: ServerHttp2Stream, request: Http2ServerRequest) => void): this;
  }
}
