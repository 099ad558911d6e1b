import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import type { Test } from 'tap';
import { waysToAsk } from './clients.js';
import { withResolvers, type FakeBroadcast } from './fake-broadcast.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { readToClose } from './socket-client.js';
import type { Answer } from '../../src/hls/answer.js';
import { Encoded } from '../../src/hls/encoded.js';

/** Far shorter than everything that lasts here. */
const limits = { headersTimeoutMs: 500, idleTimeoutMs: 500 };
/** Longer than all of these limits together, again and again. */
const lastingMs = 1300;
const everyMs = 50;

const ways = waysToAsk(t);
const found: Answer = { outcome: 'lasting', body: new Encoded('#EXTM3U\n') };

function withPicture(cam: FakeBroadcast): void {
  cam.bus.startTimeline({ init: { bytes: Buffer.from('INIT'), codecs: 'avc1.42c01f', tracks: [{ trackId: 1, kind: 'video' }] }, captureTimeMs: 5 } as never);
}

for (const way of ways) {
  t.test(`${way.name}: a body and an answer that last longer than every timeout come to their end`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { ...limits, tls: way.tls });
    const address = await listen(app);
    const put = way.client(t, address).ask(`/live/pushed/publish?key=${testKey}`, { method: 'PUT' });
    put.body.write('x');
    const cam = broadcasts.add('cam');
    withPicture(cam);
    const watching = way.client(t, address).ask('/live/cam/stream.mp4');
    const { body } = await watching.answer;
    let bytes = 0;
    body.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const ended = once(body, 'end');
    let sent = 1;
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < lastingMs) {
      await delay(everyMs);
      put.body.write('x');
      sent += 1;
      cam.bus.push([{ bytes: Buffer.alloc(100), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
    }
    put.body.end();
    t.equal((await put.answer).status, 200);
    t.equal(Buffer.concat(broadcasts.pushed('pushed').writes).length, sent, 'all of the body has come');
    await cam.end();
    await ended;
    t.ok(bytes >= (sent - 2) * 100, `${bytes} bytes of media have come`);
    t.equal(cuts.of('slow-head') + cuts.of('unanswered-requests'), 0);
  });

  t.test(`${way.name}: a body for the API that comes byte by byte, but comes, is taken`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { ...limits, tls: way.tls });
    broadcasts.add('cam');
    const headers = { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' };
    const asked = way.client(t, await listen(app)).ask('/api/streams/cam', { method: 'PATCH', headers });
    const text = JSON.stringify({ title: 'Slow, and honest' });
    for (const letter of text) {
      asked.body.write(letter);
      await delay(lastingMs / text.length);
    }
    asked.body.end();
    t.equal((await asked.answer).status, 200);
    t.equal(broadcasts.descriptions.get('cam').title, 'Slow, and honest');
    t.equal(cuts.of('slow-body') + cuts.of('slow-head'), 0);
  });

  t.test(`${way.name}: an answer that is held longer than a head may take is given, and the connection serves the next`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { headersTimeoutMs: 300, idleTimeoutMs: 5000, tls: way.tls });
    const cam = broadcasts.add('cam');
    const client = way.client(t, await listen(app));
    for (let round = 0; round < 2; round++) {
      const held = withResolvers<Answer>();
      cam.answers.set('media', held.promise);
      const { answer } = client.ask('/live/cam/run1/media.m3u8?_HLS_msn=7');
      await delay(700);
      held.resolve(found);
      const { status, body } = await answer;
      body.resume();
      await once(body, 'end');
      t.equal(status, 200);
      // A player that waits for its next turn sends no head meanwhile.
      await delay(400);
    }
    t.equal(cuts.of('slow-head'), 0);
  });

  t.test(`${way.name}: no time is set for the whole of a request`, async (t) => {
    const { app } = await startFakeServer(t, { tls: way.tls });
    t.equal(app.server.requestTimeout, 0);
  });
}

for (const way of ways.filter(({ name }) => name !== 'HTTP/2')) {
  const dial = (t: Test, address: string): Socket => {
    const [host, port] = address.split(':') as [string, string];
    const socket = way.tls ? connectTls({ host, port: Number(port), ALPNProtocols: ['http/1.1'], rejectUnauthorized: false }) : connect(Number(port), host);
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
    return socket;
  };

  t.test(`${way.name}: the end of one answer sets no clock for another that goes on`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { ...limits, tls: way.tls });
    const cam = broadcasts.add('cam');
    withPicture(cam);
    const socket = dial(t, await listen(app));
    socket.resume();
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /live/cam/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n');
    while (cam.viewers.count < 1) await new Promise(setImmediate);
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < lastingMs && cam.viewers.count > 0) {
      cam.bus.push([{ bytes: Buffer.alloc(100), runs: [{ trackId: 1, startsWithSync: true }] } as never]);
      await delay(everyMs);
    }
    t.equal(cam.viewers.count, 1);
    t.equal(cuts.of('slow-head'), 0);
  });

  t.test(`${way.name}: a client may ask for 16 things ahead and gets them all in order; one more ends the connection`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { tls: way.tls });
    const cam = broadcasts.add('cam');
    const address = await listen(app);
    const ask = (count: number): string => Array.from({ length: count }, (_, index) => `GET /live/cam/run1/media.m3u8?_HLS_msn=${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
    for (let round = 0; round < 2; round++) {
      const held = withResolvers<Answer>();
      cam.answers.set('media', held.promise);
      const modest = dial(t, address);
      let text = '';
      modest.on('data', (chunk) => (text += String(chunk)));
      modest.write(ask(16));
      const asked = cam.directives.length;
      while (cam.directives.length < asked + 16) await new Promise(setImmediate);
      held.resolve(found);
      while ((text.match(/#EXTM3U/g) ?? []).length < 16) await once(modest, 'data');
      modest.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await once(modest, 'close');
      t.match(text, /"status":"ok"/, 'and goes on asking');
    }
    t.equal(cuts.of('unanswered-requests'), 0);
    cam.answers.set('media', new Promise(() => undefined));
    const greedy = dial(t, address);
    const answer = readToClose(greedy);
    const before = cam.directives.length;
    greedy.write(ask(50_000));
    t.equal(await answer, '');
    t.equal(cuts.of('unanswered-requests'), 1);
    t.ok(cam.directives.length - before <= 16, 'what came beyond the limit was not begun');
  });

  t.test(`${way.name}: a WebSocket is opened after an answer, not in front of one`, async (t) => {
    const { app, broadcasts, cuts } = await startFakeServer(t, { tls: way.tls });
    const cam = broadcasts.add('cam');
    const address = await listen(app);
    const upgrade = 'GET /live/cam/play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const patient = dial(t, address);
    patient.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(patient, 'data');
    patient.write(upgrade);
    t.match(String(((await once(patient, 'data')) as [Buffer])[0]), /^HTTP\/1\.1 101 /);
    patient.destroy();
    cam.answers.set('media', new Promise(() => undefined));
    const hasty = dial(t, address);
    const answer = readToClose(hasty);
    hasty.write(`GET /live/cam/run1/media.m3u8?_HLS_msn=1 HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`);
    t.equal(await answer, '');
    t.equal(cuts.of('unanswered-requests'), 1);
    while (cam.viewers.count > 0) await new Promise(setImmediate);
  });
}

t.test('HTTP/2: a client is told how many requests may be held at a time, and the next is refused', async (t) => {
  const way = ways.find(({ name }) => name === 'HTTP/2')!;
  const { app, broadcasts } = await startFakeServer(t, { tls: way.tls });
  const cam = broadcasts.add('cam');
  cam.answers.set('media', new Promise(() => undefined));
  const client = way.client(t, await listen(app));
  for (let index = 0; index < 150; index++) client.ask('/live/cam/run1/media.m3u8?_HLS_msn=1');
  while (cam.directives.length < 100) await new Promise(setImmediate);
  await delay(200);
  t.equal(cam.directives.length, 100);
});
