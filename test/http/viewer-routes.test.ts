import { once } from 'node:events';
import { get, ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import type { FakeBroadcast } from './fake-broadcast.js';
import { listen, startFakeServer } from './fake-server.js';
import { SocketClient, refusal } from './socket-client.js';

/** Enough of a timeline for `Viewers`: bytes and names are all it looks at. */
function play(broadcast: FakeBroadcast, ...fragments: { bytes: string; keyframe: boolean }[]): void {
  for (const { bytes, keyframe } of fragments) {
    broadcast.bus.push([{ bytes: Buffer.from(bytes), runs: [{ trackId: 1, startsWithSync: keyframe }] } as never]);
  }
}

function startTimeline(broadcast: FakeBroadcast, init = 'INIT'): void {
  broadcast.bus.startTimeline({ init: { bytes: Buffer.from(init), codecs: 'avc1.42c01f', tracks: [{ trackId: 1 }] }, captureTimeMs: 5 } as never);
}

t.test('a viewer is sent init and the current group of pictures, then every fragment as a message of its own', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  startTimeline(cam);
  play(cam, { bytes: 'old', keyframe: true }, { bytes: 'key', keyframe: true }, { bytes: 'delta', keyframe: false });
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/play`);
  t.strictSame(await client.next(), { type: 'init', mimeType: 'video/mp4; codecs="avc1.42c01f"', mediaTimeSeconds: 0, captureTimeMs: 5 });
  t.equal(String(await client.nextBytes()), 'INIT');
  t.equal(String(await client.nextBytes()), 'key');
  t.equal(String(await client.nextBytes()), 'delta');
  play(cam, { bytes: 'n'.repeat(70_000), keyframe: false });
  t.equal(String(await client.nextBytes()), 'n'.repeat(70_000));
  startTimeline(cam, 'INIT2');
  t.match(await client.next(), { type: 'init' });
  t.equal(String(await client.nextBytes()), 'INIT2');
  cam.bus.end();
  t.strictSame(await client.next(), { type: 'ended' });
  t.equal((await client.closed).code, 1000);
});

t.test('a viewer is told of several renditions, selects one, and hears what is wrong with its wish; endless bodies are given one by their address', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const small = new FragmentBus({ maxBacklogBytes: 1_000_000, onDropped: (error) => t.fail(String(error)) });
  cam.renditions.set('360p', small);
  const begin = (bus: FragmentBus, height: number): void => bus.startTimeline({ init: { bytes: Buffer.from(`INIT ${height}`), codecs: 'avc1.42c01f', tracks: [{ kind: 'video', trackId: 1, timescale: 1, height }] }, captureTimeMs: 5 } as never);
  begin(cam.bus, 720);
  begin(small, 360);
  cam.viewers.renditionsChanged();
  const push = (at: number, keyframe: boolean): void => {
    for (const [bus, height] of [[cam.bus, 720], [small, 360]] as const) {
      bus.push([{ bytes: Buffer.from(`${height} at ${at};`), runs: [{ trackId: 1, baseMediaDecodeTime: at, duration: 1, startsWithSync: keyframe }] } as never]);
    }
  };
  push(0, true);
  const host = await listen(app);
  const client = new SocketClient(t, `ws://${host}/live/cam/play`);
  t.match(await client.next(), { type: 'init' });
  t.equal(String(await client.nextBytes()), 'INIT 720');
  t.match(await client.next(), { type: 'renditions', renditions: [{ id: 'source', height: 720 }, { id: '360p', height: 360 }], current: 'source' });
  t.equal(String(await client.nextBytes()), '720 at 0;');
  client.socket.send('{"type":"select","rendition":"1080p"}');
  t.strictSame(await client.next(), { type: 'error', code: 'not-found', message: 'expected one of the renditions "source", "360p", "auto", got "1080p"' });
  client.socket.send('{"type":"select","rendition":"360p"}');
  client.socket.send('{"type":"ping","sentAtMs":1}');
  await client.nextOf('pong');
  push(1, false);
  push(2, true);
  t.equal(String(await client.nextBytes()), '720 at 1;');
  t.match(await client.next(), { type: 'init' });
  t.equal(String(await client.nextBytes()), 'INIT 360');
  t.match(await client.next(), { type: 'renditions', current: '360p' });
  t.equal(String(await client.nextBytes()), '360 at 2;');
  t.match(await refusal(t, `ws://${host}/live/cam/play?rendition=1080p`), { status: 404, body: { code: 'not-found' } });
  t.match(await refusal(t, `ws://${host}/live/cam/play?rendition=360p&rendition=source`), { status: 400, body: { code: 'malformed' } });
  t.equal((await app.inject('/live/cam/stream.flv?rendition=1080p')).statusCode, 404);
  const body = app.inject('/live/cam/stream.mp4?rendition=360p');
  while (cam.viewers.count < 2) await new Promise(setImmediate);
  push(3, false);
  for (const bus of [small, cam.bus]) bus.end();
  t.equal((await body).body, 'INIT 360360 at 2;360 at 3;');
});

t.test("a ping is answered with the sender's own time and the server's", async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/play`);
  await once(client.socket, 'open');
  client.socket.send('{"type":"ping","sentAtMs":12.5}');
  const pong = await client.nextOf('pong');
  t.equal(pong.sentAtMs, 12.5);
  t.ok(Math.abs(Number(pong.serverTimeMs) - Date.now()) < 5000);
  client.socket.send('{"type":"dance"}');
  t.equal((await client.closed).code, 4400);
});

t.test('viewers are counted while they are there', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/play`);
  await once(client.socket, 'open');
  t.equal(cam.viewers.count, 1);
  client.socket.terminate();
  while (cam.viewers.count > 0) await new Promise(setImmediate);
  t.equal(cam.viewers.count, 0);
});

t.test('what is not live, or full, is told before the upgrade', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { maxViewersPerStream: 1 });
  const cam = broadcasts.add('cam');
  broadcasts.add('over').state = 'ended';
  const base = `ws://${await listen(app)}/live`;
  t.match(await refusal(t, `${base}/nobody/play`), { status: 404, body: { code: 'not-found', message: '"nobody" is not live' } });
  t.match(await refusal(t, `${base}/over/play`), { status: 404 });
  t.match(await refusal(t, `${base}/a%20b/play`), { status: 400 });
  const client = new SocketClient(t, `${base}/cam/play`);
  await once(client.socket, 'open');
  t.match(await refusal(t, `${base}/cam/play`), { status: 503, body: { code: 'unavailable', message: String } });
  t.equal(cam.viewers.count, 1);
  t.equal((await app.inject('/live/cam/stream.mp4')).statusCode, 503);
  t.equal((await app.inject('/live/over/stream.mp4')).statusCode, 404);
  t.equal((await app.inject('/live/over/play')).statusCode, 404);
  client.socket.terminate();
  while (cam.viewers.count > 0) await new Promise(setImmediate);
  t.equal((await app.inject('/live/cam/play')).statusCode, 426);
});

t.test('where there is no WebSocket, none is opened', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const base = `ws://${await listen(app)}`;
  for (const path of ['/', '/api/streams', '/live/cam/index.m3u8', '/live/cam/x/y/play', '/nothing']) {
    t.match(await refusal(t, base + path), { status: 404, body: { code: 'not-found', message: String } }, path);
  }
});

/** Counts the calls of a method, wherever it is called, until the test is over. */
function countCalls(t: Test, prototype: object, method: string, isMeant: (receiver: unknown) => boolean = () => true): { calls: number } {
  const counted = { calls: 0 };
  const original = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  t.teardown(() => Reflect.set(prototype, method, original));
  Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]) {
    if (isMeant(this)) counted.calls++;
    return original.apply(this, args);
  });
  return counted;
}

t.test('what came in one go leaves in one write a viewer, by each way; only what begins with a keyframe is a write of its own', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { bus, viewers } = broadcasts.add('cam');
  const host = await listen(app);
  const second = (startSeconds: number, keyframe: boolean): Fragment => fragment([{ track: videoTrack, startSeconds, durationSeconds: 1, keyframe }], startSeconds);
  const upgraded = once(app.server, 'upgrade') as Promise<[unknown, Socket]>;
  const socket = new SocketClient(t, `ws://${host}/live/cam/play`);
  const [, connection] = await upgraded;
  await once(socket.socket, 'open');
  const requests = ['mp4', 'flv'].map((form) => get(`http://${host}/live/cam/stream.${form}`).on('error', () => undefined));
  t.teardown(() => requests.forEach((request) => request.destroy()));
  while (viewers.count < 3) await new Promise(setImmediate);
  bus.startTimeline({ init: readInitSegment(initSegment([videoTrack])), captureTimeMs: 5 });
  bus.push([second(0, true)]);
  const bodies = await Promise.all(requests.map(async (request) => ((await once(request, 'response')) as [IncomingMessage])[0].resume()));
  await new Promise(setImmediate);
  const byBody = countCalls(t, ServerResponse.prototype, 'write');
  const bySocket = countCalls(t, Socket.prototype, 'write', (receiver) => receiver === connection);
  const push = async (fragments: Fragment[]): Promise<readonly number[]> => {
    const before = [bySocket.calls, byBody.calls];
    bus.push(fragments);
    await Promise.all(bodies.map((body) => once(body, 'data')));
    return [bySocket.calls - (before[0] ?? 0), byBody.calls - (before[1] ?? 0)];
  };
  const group = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => second(at, false));
  t.strictSame(await push(group), [1, 2], 'eight fragments, one write to each of the three');
  t.strictSame(await push([second(9, false), second(10, true), second(11, false)]), [2, 4]);
});

t.test('/stream.mp4 is the same as one endless body', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  startTimeline(cam);
  play(cam, { bytes: 'key', keyframe: true });
  const answer = app.inject({ url: '/live/cam/stream.mp4', headers: { origin: 'https://elsewhere.example' } });
  while (cam.viewers.count === 0) await new Promise(setImmediate);
  play(cam, { bytes: 'delta', keyframe: false });
  cam.bus.end();
  const { statusCode, headers, body } = await answer;
  t.equal(statusCode, 200);
  t.match(headers, { 'content-type': 'video/mp4', 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
  t.equal(body, 'INITkeydelta');
});

t.test('/stream.flv is one file over all timelines, with what decoders must know before the tags that need it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { bus, viewers } = broadcasts.add('cam');
  const init = readInitSegment(initSegment([videoTrack]));
  const push = (startSeconds: number): void => bus.push([fragment([{ track: videoTrack, startSeconds, durationSeconds: 1, keyframe: true }])]);
  bus.startTimeline({ init, captureTimeMs: 5 });
  push(0);
  push(1);
  const answer = app.inject({ url: '/live/cam/stream.flv', headers: { origin: 'https://elsewhere.example' } });
  while (viewers.count === 0) await new Promise(setImmediate);
  bus.startTimeline({ init, captureTimeMs: 9000 });
  push(2);
  bus.end();
  const { statusCode, headers, rawPayload } = await answer;
  t.equal(statusCode, 200);
  t.match(headers, { 'content-type': 'video/x-flv', 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
  const tags: [time: number, head: string][] = [];
  for (let at = 13; at < rawPayload.length; at += 15 + rawPayload.readUIntBE(at + 1, 3)) tags.push([rawPayload.readUIntBE(at + 4, 3), rawPayload.toString('hex', at + 11, at + 13)]);
  t.equal(rawPayload.toString('latin1', 0, 5), 'FLV\u0001\u0001');
  t.strictSame(tags, [[1000, '1700'], [1000, '1701'], [2000, '1700'], [2000, '1701']]);
});

t.test('/stream.mp4 describes its tracks once, goes on under the same, and ends where tracks come or go', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { bus, viewers } = broadcasts.add('cam');
  const wanted: Buffer[] = [];
  const push = (startSeconds: number): void => {
    const pushed = fragment([{ track: videoTrack, startSeconds, durationSeconds: 1, keyframe: true }]);
    wanted.push(pushed.bytes);
    bus.push([pushed]);
  };
  const init = readInitSegment(initSegment([videoTrack]));
  bus.startTimeline({ init, captureTimeMs: 0 });
  const answer = app.inject({ url: '/live/cam/stream.mp4' });
  while (viewers.count === 0) await new Promise(setImmediate);
  push(0);
  bus.startTimeline({ init: readInitSegment(initSegment([videoTrack])), captureTimeMs: 0 });
  push(1);
  bus.startTimeline({ init: readInitSegment(initSegment([videoTrack, audioTrack])), captureTimeMs: 0 });
  t.equal(viewers.count, 0, 'it is over before the broadcast is');
  const sent = [...wanted];
  push(2);
  t.equal((await answer).body, Buffer.concat([init.bytes, ...sent]).toString());
});

t.test('/stream.mp4 and /stream.flv of another rendition: its media alone, 404 where there is none of that name, 400 for two', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  startTimeline(cam);
  const bus = new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => t.fail(String(error)) });
  cam.renditions.set('small', bus);
  bus.startTimeline({ init: { bytes: Buffer.from('SMALL'), codecs: 'avc1.42c01f', tracks: [{ trackId: 1 }] }, captureTimeMs: 5 } as never);
  cam.viewers.renditionsChanged();
  const answer = app.inject('/live/cam/stream.mp4?rendition=small');
  while (cam.viewers.count === 0) await new Promise(setImmediate);
  bus.push([{ bytes: Buffer.from('key'), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
  play(cam, { bytes: 'source', keyframe: true });
  bus.end();
  t.equal((await answer).body, 'SMALLkey');
  for (const path of ['stream.mp4', 'stream.flv']) {
    t.match((await app.inject(`/live/cam/${path}?rendition=none`)).json(), { code: 'not-found', message: 'expected one of the renditions "source", "small", "auto", got "none"' });
    t.equal((await app.inject(`/live/cam/${path}?rendition=small&rendition=none`)).statusCode, 400);
  }
  const source = app.inject('/live/cam/stream.mp4?rendition=source');
  while (cam.viewers.count === 0) await new Promise(setImmediate);
  cam.bus.end();
  t.match((await source).body, /^INIT/);
});

t.test('who stops listening to /stream.mp4 is forgotten, and HEAD does not begin to', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  startTimeline(cam);
  play(cam, { bytes: 'key', keyframe: true });
  t.equal((await app.inject({ method: 'HEAD', url: '/live/cam/stream.mp4' })).statusCode, 200);
  t.equal(cam.viewers.count, 0);
  const request = get(`http://${await listen(app)}/live/cam/stream.mp4`);
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'data');
  t.equal(cam.viewers.count, 1);
  request.destroy();
  while (cam.viewers.count > 0) await new Promise(setImmediate);
  t.equal(cam.viewers.count, 0);
});

t.test('a viewer that comes back says where it was, and is sent what it missed; who says it otherwise begins as everybody does', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  cam.clock = 'run 1/a';
  cam.bus.startTimeline({ init: readInitSegment(initSegment([videoTrack])), captureTimeMs: 5 });
  for (let number = 0; number < 50; number++) cam.bus.push([fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe: number % 10 === 0 }], number)]);
  const host = await listen(app);
  const firstOf = async (query: string): Promise<string | undefined> => {
    const client = new SocketClient(t, `ws://${host}/live/cam/play${query}`);
    t.match(await client.next(), { type: 'init', clock: 'run 1/a' });
    await client.nextBytes();
    const media = String(await client.nextBytes());
    client.socket.close();
    await client.closed;
    return /media \d+/.exec(media)?.[0];
  };
  t.equal(await firstOf('?clock=run+1%2Fa&from=2.350'), 'media 20');
  t.equal(await firstOf('?clock=run+1%2Fa&from=0'), 'media 0');
  t.equal(await firstOf('?from=1&clock=run+1%2Fa&rendition=source'), 'media 10');
  for (const query of ['', '?from=2', '?clock=run+1%2Fa', '?clock=another&from=2', '?clock=run+1%2Fa&from=-2', '?clock=run+1%2Fa&from=2e0', '?clock=run+1%2Fa&from=', '?clock=run+1%2Fa&from=NaN', '?clock=run+1%2Fa&from=2&from=3', '?clock=a&clock=run+1%2Fa&from=2', '?clock=run+1%2Fa&from=99999999999']) {
    t.equal(await firstOf(query), 'media 40', query);
  }
});
