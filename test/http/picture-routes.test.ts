import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import type { SendQueues } from '../../src/http/send-queues.js';
import { makeCertificates } from './certificates.js';
import type { FakeBroadcast } from './fake-broadcast.js';
import { listen, startFakeServer } from './fake-server.js';
import type { FakeTranscoder } from '../live/fake-transcoder.js';
import { turns, until } from '../live/fake-studio.js';

const init = readInitSegment(initSegment([videoTrack]));

function play(broadcast: FakeBroadcast): void {
  broadcast.bus.startTimeline({ init, captureTimeMs: 0 });
  broadcast.bus.push([fragment([{ track: videoTrack, startSeconds: 0, durationSeconds: 0.1, keyframe: true }])]);
}

function transcoderOf(broadcast: FakeBroadcast, index = 0): Promise<FakeTranscoder> {
  return until(() => broadcast.transcoders[index]);
}

const separator = '--onair-picture\r\nContent-Type: image/jpeg\r\n\r\n';

t.test('/frames is one endless body, each picture followed at once by the head of the next', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  play(cam);
  const answer = app.inject({ url: '/live/cam/frames', headers: { origin: 'https://elsewhere.example' } });
  const transcoder = await transcoderOf(cam);
  t.equal(cam.viewers.count, 1);
  transcoder.jpeg('ONE');
  await turns(10);
  cam.bus.end();
  const { statusCode, headers, body } = await answer;
  t.equal(statusCode, 200);
  t.match(headers, {
    'content-type': 'multipart/x-mixed-replace; boundary=onair-picture',
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  });
  t.equal(body, `${separator}ONE\r\n${separator}`);
});

t.test('who goes away from /frames is forgotten, and with the last one the transcoder', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  play(cam);
  t.equal((await app.inject({ method: 'HEAD', url: '/live/cam/frames' })).statusCode, 200);
  t.equal(cam.viewers.count, 0);
  const port = Number((await listen(app)).split(':')[1]);
  const viewers = [0, 1].map(() => connect(port, '127.0.0.1').on('error', () => undefined));
  t.teardown(() => viewers.forEach((socket) => socket.destroy()));
  for (const socket of viewers) socket.write('GET /live/cam/frames HTTP/1.1\r\nHost: here\r\n\r\n');
  await until(() => cam.viewers.count === 2);
  const transcoder = await transcoderOf(cam);
  viewers[0]?.destroy();
  await until(() => cam.viewers.count === 1);
  t.equal(transcoder.ended, false);
  viewers[1]?.destroy();
  await until(() => cam.viewers.count === 0);
  t.equal(transcoder.ended, true);
  t.equal(cam.transcoders.length, 1);
});

t.test('a viewer of /frames that does not read is left out: nothing piles up for it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  play(cam);
  const port = Number((await listen(app)).split(':')[1]);
  let sent: { writableLength: number } | undefined;
  app.server.on('connection', (socket) => (sent = socket));
  const viewer = connect(port, '127.0.0.1').on('error', () => undefined);
  t.teardown(() => viewer.destroy());
  viewer.pause();
  viewer.write('GET /live/cam/frames HTTP/1.1\r\nHost: here\r\n\r\n');
  const transcoder = await transcoderOf(cam);
  const size = 1_000_000;
  for (let index = 0; index < 50; index++) {
    transcoder.jpeg(String.fromCharCode(65 + index).repeat(size));
    await new Promise(setImmediate);
  }
  await until(() => (sent?.writableLength ?? 0) > 0);
  t.ok((sent?.writableLength ?? Infinity) < 3 * size, `${String(sent?.writableLength)} bytes wait`);
  let received = 0;
  let last = '';
  viewer.on('data', (chunk: Buffer) => {
    received += chunk.length;
    last = /([A-z])\r\n--onair-picture/.exec(chunk.toString('latin1'))?.[1] ?? last;
  });
  viewer.resume();
  await once(viewer, 'data');
  await until(() => last === String.fromCharCode(65 + 49));
  t.ok(received < 20 * size, 'and it was sent the latest, not all of them');
});

t.test('a viewer of /frames to which pictures are on their way for seconds is sent none until they have arrived, then the latest', async (t) => {
  let heldBytes = 0;
  const watched: ((bytes: number) => void)[] = [];
  // A kernel that says what the test wants.
  const sendQueues = {
    watch: (_connection: unknown, told: (bytes: number) => void) => {
      watched.push(told);
      return () => undefined;
    },
    close: () => undefined,
  } as unknown as SendQueues;
  const tell = (): void => watched.forEach((told) => told(heldBytes));
  const { app, broadcasts } = await startFakeServer(t, { sendQueues });
  const cam = broadcasts.add('cam');
  play(cam);
  const gone = new AbortController();
  const answer = await fetch(`http://${await listen(app)}/live/cam/frames`, { signal: gone.signal });
  let came = '';
  const reading = (async () => {
    for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) came += Buffer.from(bytes).toString('latin1');
  })().catch(() => undefined);
  const transcoder = await transcoderOf(cam);
  const show = async (picture: string): Promise<void> => {
    transcoder.jpeg(picture);
    tell();
    await turns(20);
  };
  for (let index = 0; index < 10; index++) {
    await show(`FAST${index}`);
    await until(() => came.includes(`FAST${index}`));
  }
  heldBytes = Infinity;
  let shown = 0;
  for (const until = performance.now() + 3500; performance.now() < until; shown++) await show(`SLOW${shown}.`);
  const { length } = came;
  for (let index = 0; index < 20; index++) await show(`LEFT-OUT${index}`);
  t.equal(came.length, length, 'nothing more is sent');
  await show('LATEST');
  heldBytes = 0;
  await show('LATEST');
  await until(() => came.includes('LATEST'));
  t.notMatch(came, /LEFT-OUT[1-9]/);
  gone.abort();
  await reading;
  await until(() => cam.viewers.count === 0);
});

t.test('/frames counts as a viewer, and is refused where there is no room', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { maxViewersPerStream: 1 });
  const cam = broadcasts.add('cam');
  play(cam);
  const address = await listen(app);
  const gone = new AbortController();
  const looking = await fetch(`http://${address}/live/cam/frames`, { signal: gone.signal });
  t.equal(looking.status, 200);
  t.equal((await app.inject('/live/cam/frames')).statusCode, 503);
  gone.abort();
  await until(() => cam.viewers.count === 0);
});

t.test('over HTTP/2, eight bodies of pictures hold up nothing else on their connection', async (t) => {
  const files = makeCertificates();
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const { app, broadcasts } = await startFakeServer(t, { tls });
  const cam = broadcasts.add('cam');
  play(cam);
  const session = connectHttp2(`https://${await listen(app)}`, { ca: tls.cert });
  t.teardown(() => session.destroy());
  const bodies = Array.from({ length: 8 }, () => {
    const body = session.request({ ':path': '/live/cam/frames' });
    const seen = { text: '' };
    body.on('data', (bytes: Buffer) => (seen.text += bytes.toString('latin1')));
    return { body, seen };
  });
  (await transcoderOf(cam)).jpeg('ONE');
  await until(() => bodies.every(({ seen }) => seen.text.includes('ONE')));
  for (const path of ['/', '/healthz', '/live/cam/index.m3u8', '/api/streams/cam']) {
    const answer = session.request({ ':path': path });
    answer.resume();
    const [headers] = (await once(answer, 'response')) as [Record<string, unknown>];
    t.equal(headers[':status'], 200, path);
  }
  t.equal(cam.viewers.count, 8);
});

t.test('what is not live, or asked for in nonsense, is refused in words', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  broadcasts.add('over').state = 'ended';
  for (const path of ['frames', 'poster.jpg']) {
    t.equal((await app.inject(`/live/nobody/${path}`)).statusCode, 404);
    t.equal((await app.inject(`/live/over/${path}`)).statusCode, 404);
    t.equal((await app.inject(`/live/a%20b/${path}`)).statusCode, 400);
  }
  for (const query of ['fps=0', 'fps=many', 'fps=-1', 'width=1e9', 'width=&fps=1', 'fps=1&fps=2']) {
    const { statusCode, body } = await app.inject(`/live/cam/frames?${query}`);
    t.equal(statusCode, 400, query);
    t.match(JSON.parse(body), { code: 'malformed', message: /number above 0/ });
  }
});

t.test('the poster is kept for as long as it is good', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  t.match((await app.inject('/live/cam/poster.jpg')).json(), { code: 'not-found', message: 'there is no picture of it yet' });
  play(cam);
  cam.onTranscoder = (transcoder) => transcoder.jpeg('POSTER');
  const { statusCode, headers, body } = await app.inject('/live/cam/poster.jpg');
  t.equal(statusCode, 200);
  t.match(headers, { 'content-type': 'image/jpeg', 'cache-control': 'max-age=10', 'access-control-allow-origin': '*' });
  t.equal(body, 'POSTER');
  t.equal((await app.inject('/live/cam/poster.jpg?at=1')).body, 'POSTER');
  t.equal(cam.transcoders.length, 1);
});

t.test('where links are signed, pictures need the token too', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey: 'a-view-key-of-sixteen' });
  play(broadcasts.add('cam'));
  for (const path of ['frames', 'poster.jpg']) t.equal((await app.inject(`/live/cam/${path}`)).statusCode, 401);
  const links = await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { authorization: 'Bearer test-key-test-key' }, payload: { expiresInSeconds: 60 } });
  const { urls } = links.json<{ urls: { frames: string } }>();
  t.equal((await app.inject({ method: 'HEAD', url: new URL(urls.frames).pathname })).statusCode, 200);
});
