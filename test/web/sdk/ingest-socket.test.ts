import t from 'tap';
import { refusalOf, type Refusal } from '../../../src/web/sdk/refusal.js';
import { IngestSocket, type IngestSocketOptions } from '../../../src/web/sdk/ingest-socket.js';
import { ReconnectPolicy } from '../../../src/web/sdk/reconnect-policy.js';
import { MatroskaMuxer } from '../../../src/web/sdk/publishing/webcodecs/matroska.js';
import { liveStreamUrls } from '../../../src/protocol/urls.js';
import { FakeSocket } from './fake-socket.js';

const bytes = (...values: readonly number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values);

/** What WebCodecs gives, small. */
function matroska(): { readonly header: Uint8Array<ArrayBuffer>; readonly picture: (number: number, keyframe: boolean) => Uint8Array<ArrayBuffer> } {
  const muxer = new MatroskaMuxer([{ kind: 'video', width: 64, height: 36, configuration: bytes(1, 2, 3) }]);
  return { header: muxer.header(), picture: (number, keyframe) => muxer.write({ track: 0, timeUs: number * 1000, keyframe, bytes: bytes(number, 0xff) }) };
}

interface Bench {
  readonly ingest: IngestSocket;
  readonly sockets: FakeSocket[];
  readonly news: string[];
  readonly last: () => FakeSocket;
  readonly passMs: (durationMs: number) => void;
}

function bench(options: Partial<IngestSocketOptions> & { readonly refusal?: Refusal } = {}): Bench {
  const sockets: FakeSocket[] = [];
  const news: string[] = [];
  let nowMs = 0;
  const ingest = new IngestSocket({
    url: 'wss://live.example/live/s/publish',
    key: 'secret&key',
    policy: new ReconnectPolicy({ firstDelayMs: 100, random: () => 1, giveUpAfterMs: 10_000 }),
    openSocket: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    explainRefusal: () => Promise.resolve(options.refusal),
    nowMs: () => nowMs,
    ...options,
  });
  ingest.on('state', (state) => news.push(state));
  ingest.on('overflow', () => news.push('overflow'));
  return {
    ingest,
    sockets,
    news,
    last: () => sockets.at(-1)!,
    passMs: (durationMs) => {
      nowMs += durationMs;
      ingest.tick();
    },
  };
}

t.test('nothing leaves before the server is ready, and then everything in order', async (t) => {
  const { ingest, last, news } = bench();
  t.equal(last().url, 'wss://live.example/live/s/publish?key=secret%26key');
  ingest.push(bytes(1, 2));
  ingest.push(bytes(3));
  t.same(last().bytes, []);
  last().ready();
  ingest.push(bytes(4));
  t.same(last().bytes, [1, 2, 3, 4]);
  t.same(news, ['connected']);
});

t.test('another server goes on without what was sent: what waits is dropped, and a new recording is sent from byte 0 on, unannounced', async (t) => {
  const { ingest, last, news, passMs } = bench();
  last().ready();
  ingest.push(bytes(0, 1, 2, 3));
  last().say({ type: 'ack', received: 2 });
  last().drop();
  ingest.push(bytes(4, 5));
  passMs(100);
  last().say({ type: 'ready', broadcast: 'run', resume: 'token', received: 0, anew: true, urls: liveStreamUrls('https://live.example', 's') });
  t.same(news, ['connected', 'reconnecting', 'overflow', 'connected']);
  ingest.push(bytes(6));
  t.same(last().bytes, [], 'nothing can be decoded without a header');
  ingest.beginRecording('video/webm');
  ingest.push(bytes(7, 8));
  t.same(last().bytes, [7, 8]);
  last().say({ type: 'ack', received: 2 });
  t.equal(ingest.acknowledgedBytes, 2);
});

t.test('another server goes on: it is sent the header again, then all from the last keyframe before what was acknowledged, and when that was captured', async (t) => {
  const { header, picture } = matroska();
  const { ingest, last, news, passMs } = bench();
  const again = { type: 'ready', broadcast: 'run', resume: 'token', received: 0, anew: true, urls: liveStreamUrls('https://live.example', 's') } as const;
  last().ready();
  ingest.beginRecording('video/x-matroska');
  ingest.push(header);
  ingest.tell({ type: 'clock', captureTimeMs: 7 });
  const pictures = Array.from({ length: 10 }, (_, number) => picture(number, number % 4 === 0));
  const lengthOf = (...parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);
  for (const each of pictures.slice(0, 7)) ingest.push(each);
  last().say({ type: 'ack', received: lengthOf(header, ...pictures.slice(0, 6)) });
  last().drop();
  for (const each of pictures.slice(7)) ingest.push(each);
  passMs(100);
  last().say(again);
  t.same(news, ['connected', 'reconnecting', 'connected'], 'nothing is dropped, so nothing has to begin anew');
  t.same(last().texts, [{ type: 'clock', captureTimeMs: 7 }], 'the recording itself is not announced: it is where every broadcast begins');
  t.same(last().bytes, [...header, ...pictures.slice(4).flatMap((each) => [...each])]);
  t.equal(ingest.acknowledgedBytes, 0, 'it counts from 0 again');

  last().say({ type: 'ack', received: lengthOf(header, ...pictures.slice(4, 9)) });
  ingest.push(picture(10, false));
  const sent = last().bytes.length;
  last().drop();
  passMs(100);
  last().ready(lengthOf(header, ...pictures.slice(4, 9)) + 1);
  t.equal(last().bytes.length, sent - lengthOf(header, ...pictures.slice(4, 9)) - 1, 'at the same server it resumes to the byte');

  last().drop();
  ingest.beginRecording('video/webm', 'quality');
  const next = matroska();
  ingest.push(next.header);
  ingest.push(next.picture(0, true));
  ingest.tell({ type: 'clock', captureTimeMs: 8 });
  passMs(100);
  last().say(again);
  t.same(last().bytes, [...header, ...pictures.slice(8).flatMap((each) => [...each]), ...picture(10, false), ...next.header, ...next.picture(0, true)], 'and at a third one as at the second');
  t.same(last().texts, [{ type: 'clock', captureTimeMs: 7 }, { type: 'recording', mimeType: 'video/webm', reason: 'quality' }, { type: 'clock', captureTimeMs: 8 }], 'each recording with its time');
});

t.test('a server that says what another one would need no more has that kept which lies between, also after a drop', async (t) => {
  const { header, picture } = matroska();
  const { ingest, last, passMs } = bench();
  const pictures = Array.from({ length: 10 }, (_, number) => picture(number, number % 2 === 0));
  const endOf = (count: number): number => pictures.slice(0, count).reduce((sum, { length }) => sum + length, header.length);
  last().ready();
  ingest.beginRecording('video/x-matroska');
  for (const each of [header, ...pictures]) ingest.push(each);
  last().say({ type: 'ack', received: endOf(5), safe: 0 });
  last().say({ type: 'ack', received: endOf(9), safe: endOf(4) });
  t.equal(ingest.acknowledgedBytes, endOf(9), 'what is on its way is measured by what the server has');
  last().drop();
  passMs(100);
  last().ready(endOf(9));
  t.same(last().bytes, [...picture(9, false)]);
  last().drop();
  passMs(100);
  last().say({ type: 'ready', broadcast: 'run', resume: 'token', received: 0, anew: true, urls: liveStreamUrls('https://live.example', 's') });
  t.same(last().bytes, [...header, ...pictures.slice(4).flatMap((each) => [...each])]);
});

t.test('what is kept of what the server has is bounded, where keyframes are far apart', async (t) => {
  const { header, picture } = matroska();
  const { ingest, last, news, passMs } = bench();
  last().ready();
  ingest.beginRecording('video/x-matroska');
  ingest.push(header);
  let received = header.length;
  for (let number = 0; number < 17; number++) {
    const bytes = picture(number, number === 0);
    ingest.push(bytes);
    received += bytes.length;
    passMs(1000);
    last().say({ type: 'ack', received });
  }
  last().drop();
  passMs(100);
  last().say({ type: 'ready', broadcast: 'run', resume: 'token', received: 0, anew: true, urls: liveStreamUrls('https://live.example', 's') });
  t.same(news, ['connected', 'reconnecting', 'overflow', 'connected'], 'viewers have seen most of it: a new recording is begun');
});

t.test('after a drop it resumes with its token and sends from the offset the server names', async (t) => {
  const { ingest, sockets, last, news, passMs } = bench();
  last().ready();
  ingest.push(bytes(0, 1, 2, 3));
  last().say({ type: 'ack', received: 2 });
  last().drop();
  ingest.push(bytes(4, 5));
  passMs(99);
  t.equal(sockets.length, 1, 'it waits');
  passMs(1);
  t.equal(sockets.length, 2);
  t.equal(new URL(last().url).searchParams.get('resume'), 'token');
  last().ready(3);
  t.same(last().bytes, [3, 4, 5]);
  t.same(news, ['connected', 'reconnecting', 'connected']);
});

t.test('pauses between attempts grow, and after too long it gives up in words', async (t) => {
  const { ingest, sockets, last, passMs } = bench();
  last().ready();
  for (const pauseMs of [100, 200, 400]) {
    last().drop();
    await new Promise(setImmediate);
    passMs(pauseMs - 1);
    const attempts = sockets.length;
    passMs(1);
    t.equal(sockets.length, attempts + 1, `after ${pauseMs} ms`);
  }
  passMs(9_999);
  await new Promise(setImmediate);
  passMs(1);
  last().drop();
  t.equal((await ingest.closed)?.reason, 'unreachable');
});

t.test('when the network comes back it does not wait for the next attempt', async (t) => {
  const { ingest, sockets, last } = bench();
  last().ready();
  last().drop();
  ingest.retryNow();
  t.equal(sockets.length, 2);
});

t.test('a close code that is not retryable is never retried', async (t) => {
  for (const [code, reason] of [[4400, 'malformed'], [4401, 'unauthorized'], [4409, 'already-live'], [4413, 'over-limit'], [4415, 'unsupported-media']] as const) {
    const { ingest, sockets, last } = bench();
    last().ready();
    last().drop(code, 'so it is');
    t.equal((await ingest.closed)?.reason, reason);
    t.equal(sockets.length, 1);
  }
});

t.test('a refused resume is told as what it is', async (t) => {
  for (const code of [4409, 4404, 4401]) {
    const { ingest, last, passMs } = bench();
    last().ready();
    last().drop();
    passMs(100);
    last().drop(code, 'gone');
    const error = await ingest.closed;
    t.equal(error?.reason, 'resume-refused');
    t.match(error?.message, /did not let this broadcast go on/);
  }
});

t.test('a refusal before the upgrade is explained by asking over HTTP', async (t) => {
  const refused = bench({ refusal: refusalOf('unauthorized') });
  refused.last().drop();
  t.equal((await refused.ingest.closed)?.reason, 'unauthorized');
  const silent = bench();
  silent.last().drop();
  t.equal((await silent.ingest.closed)?.reason, 'unreachable');
  t.equal(silent.sockets.length, 1, 'the first connection is the user’s to try again');
});

t.test('bytes wait while the network is slow, and go on when it takes more', async (t) => {
  const { ingest, last, passMs } = bench();
  last().ready();
  last().bufferedAmount = 600_000;
  ingest.push(bytes(1));
  t.same(last().bytes, []);
  t.equal(ingest.unsentBytes, 600_001);
  last().bufferedAmount = 0;
  passMs(100);
  t.same(last().bytes, [1]);
});

t.test('a full replay buffer drops what was not sent and goes on with a new recording', async (t) => {
  const { ingest, last, news, passMs } = bench({ maxReplayBytes: 4 });
  last().ready();
  ingest.push(bytes(0, 1));
  last().drop();
  ingest.push(bytes(2, 3));
  ingest.push(bytes(4, 5));
  t.same(news, ['connected', 'reconnecting', 'overflow']);
  ingest.push(bytes(6));
  passMs(100);
  last().ready(1);
  t.same(last().bytes, [1], 'what was sent once is sent again');
  ingest.beginRecording('video/webm');
  ingest.push(bytes(26, 69));
  t.same(last().texts, [{ type: 'recording', mimeType: 'video/webm' }]);
  t.same(last().bytes, [1, 26, 69]);
});

t.test('in an outage longer than the buffer, what was recorded since it was full last is kept', async (t) => {
  const { ingest, last, news, passMs } = bench({ maxReplayBytes: 4 });
  last().ready();
  ingest.push(bytes(0, 1));
  last().drop();
  for (const recording of [10, 20, 30]) {
    ingest.push(bytes(2, 3, 4));
    t.equal(news.at(-1), 'overflow');
    ingest.beginRecording('video/webm');
    ingest.push(bytes(recording));
  }
  passMs(100);
  last().ready(1);
  t.same(last().bytes, [1, 30], 'what was sent once, and the last recording from its beginning');
  t.same(last().texts, [{ type: 'recording', mimeType: 'video/webm' }], 'of those that were dropped nothing is said');
});

t.test('when a recording was captured is said when the server has its beginning, not before', async (t) => {
  const { ingest, last, passMs } = bench();
  const tell = (): boolean => ingest.tell({ type: 'clock', captureTimeMs: 5 });
  t.notOk(tell(), 'no connection');
  last().ready();
  ingest.push(bytes(0));
  t.ok(tell());
  last().drop();
  ingest.beginRecording('video/webm');
  ingest.push(bytes(1));
  passMs(100);
  last().bufferedAmount = 600_000;
  last().ready(1);
  t.notOk(tell(), 'it would be taken for the recording before');
  last().bufferedAmount = 0;
  passMs(100);
  t.ok(tell());
});

t.test('the memory of a publisher whose server never acknowledges is bounded', async (t) => {
  const { ingest, last, news } = bench({ maxReplayBytes: 1_000_000 });
  last().ready();
  last().bufferedAmount = 600_000;
  for (let chunk = 0; chunk < 100; chunk++) ingest.push(new Uint8Array(50_000));
  t.same(news, ['connected', 'overflow']);
  t.equal(ingest.unsentBytes, 600_000);
});

t.test('the end goes out after the last byte, and the server’s word closes', async (t) => {
  const { ingest, last } = bench();
  last().ready();
  last().bufferedAmount = 600_000;
  ingest.push(bytes(1));
  ingest.end();
  t.same(last().sent, []);
  last().bufferedAmount = 0;
  ingest.tick();
  t.same(last().sent, [bytes(1), '{"type":"end"}']);
  last().say({ type: 'ended', message: 'over' });
  t.equal(await ingest.closed, null);
  t.equal(last().closedWith, 1000);
});

t.test('a broadcast that the server ended with a code is over for that reason', async (t) => {
  const { ingest, last } = bench();
  last().ready();
  last().say({ type: 'ended', code: 'unsupported-media', message: 'not a recording' });
  const error = await ingest.closed;
  t.equal(error?.reason, 'unsupported-media');
  t.match(error?.message, /not a recording/);
});

t.test('a connection without a word for too long is taken for dead', async (t) => {
  const { ingest, sockets, last, news, passMs } = bench();
  last().ready();
  passMs(60_000);
  t.same(news, ['connected'], 'silence is fine when there is nothing to acknowledge');
  ingest.push(bytes(1));
  passMs(10_000);
  t.same(news, ['connected']);
  passMs(1);
  t.same(news, ['connected', 'reconnecting']);
  passMs(100);
  t.equal(sockets.length, 2);
});

t.test('when the network changed, a connection that does not answer soon is taken for dead', async (t) => {
  const { ingest, sockets, last, news, passMs } = bench();
  last().ready();
  ingest.retryNow();
  t.match(last().texts, [{ type: 'ping' }]);
  passMs(4_000);
  last().say({ type: 'pong', sentAtMs: 0, serverTimeMs: 0 });
  passMs(5_000);
  t.same(news, ['connected'], 'it answered');
  ingest.probe();
  passMs(4_001);
  passMs(100);
  t.same(news, ['connected', 'reconnecting']);
  t.equal(sockets.length, 2);
});

t.test('with the token of another page it goes on where that page’s bytes ended, and announces its own recording', async (t) => {
  const { ingest, last } = bench({ resumeToken: 'from-before' });
  t.equal(new URL(last().url).searchParams.get('resume'), 'from-before');
  last().ready(700);
  ingest.beginRecording('video/webm');
  ingest.push(bytes(26, 69));
  t.same(last().sent, ['{"type":"recording","mimeType":"video/webm"}', bytes(26, 69)]);
  t.equal(ingest.acknowledgedBytes, 700);
  t.equal(ingest.resumeToken, 'token');
});

t.test('another page’s broadcast that is over is told as one that could not go on', async (t) => {
  const { ingest, last } = bench({ resumeToken: 'from-before', refusal: refusalOf('not-found', 'over') });
  last().drop();
  t.equal((await ingest.closed)?.reason, 'resume-refused');
});

t.test('a broadcast that another page took over is told as that', async (t) => {
  const { ingest, sockets, last } = bench();
  last().ready();
  last().say({ type: 'ended', code: 'already-live', message: 'replaced' });
  t.equal((await ingest.closed)?.reason, 'taken-over');
  t.equal(sockets.length, 1);
});

t.test('an attempt of its own that arrives late does not take the broadcast from it', async (t) => {
  const { ingest, sockets, last, news, passMs } = bench({ policy: new ReconnectPolicy({ firstDelayMs: 100, random: () => 1 }) });
  last().ready();
  last().drop();
  passMs(100);
  passMs(10_001); // the handshake hangs: this attempt is given up, but it is on its way
  await new Promise(setImmediate);
  passMs(200);
  t.equal(sockets.length, 3);
  last().ready();
  last().say({ type: 'ended', code: 'already-live', message: 'replaced' });
  passMs(100);
  t.equal(sockets.length, 4, 'it takes the broadcast back');
  last().ready();
  t.same(news, ['connected', 'reconnecting', 'connected', 'reconnecting', 'connected']);
  passMs(60_000);
  last().say({ type: 'ended', code: 'already-live', message: 'replaced' });
  t.equal((await ingest.closed)?.reason, 'taken-over', 'much later it is another page');
});

t.test('a broadcast that ended while the word of its end was lost has ended as it should', async (t) => {
  const { ingest, last, passMs } = bench({ refusal: refusalOf('not-found', 'over') });
  last().ready();
  ingest.push(bytes(1));
  ingest.end();
  last().drop();
  passMs(100);
  last().drop();
  t.equal(await ingest.closed, null);
});

t.test('a link that is too slow drops once whenever the buffer is full, not at every chunk', async (t) => {
  const { ingest, last, news, passMs } = bench({ maxReplaySeconds: 5 });
  last().ready();
  ingest.push(bytes(0));
  last().bufferedAmount = 600_000; // on its way, and never acknowledged
  for (let second = 0; second < 15; second++) {
    last().say({ type: 'stats', viewers: 0, ingestBitsPerSecond: 0 });
    passMs(1_000);
    ingest.push(bytes(second));
    if (news.at(-1) === 'overflow') {
      news.push('restarted');
      ingest.beginRecording('video/webm');
    }
  }
  t.same(news, ['connected', 'overflow', 'restarted', 'overflow', 'restarted']);
});
