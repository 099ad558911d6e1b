import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

import { CuttingProxy, type Cut, type Manner } from '../helpers/cutting-proxy.js';
import { messagesOf, readFixture, recordingsOf, type FixtureName } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { record } from '../helpers/numbered-recording.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { childrenOf, waitUntil } from '../helpers/programs.js';
import { RefusedUpgrade, TestPublisher } from '../helpers/publisher.js';
import { ResumingPublisher } from '../helpers/resuming-publisher.js';
import { openSdkSocket } from '../helpers/sdk-publisher.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(150_000);

const seed = Number(process.env.RESUME_SEED ?? 20_260);
const cutsEach = 9;
const recordings = ['chromium-h264.mkv', 'chromium-vp8.webm', 'chromium-restart-vp8.webm'] as const;

/** Cuts at random bytes of either direction, in every manner, now and then on a link that is too slow. */
function planCuts(random: () => number): Cut[] {
  const manners: Manner[] = ['fin', 'reset', 'half-open'];
  return Array.from({ length: cutsEach }, (_, index) => {
    // A publisher that was never let in has nothing to resume: the first cut comes later.
    const isUp = index === 0 || random() < 0.7;
    return {
      direction: isUp ? 'up' : 'down',
      afterBytes: Math.floor(isUp ? (index === 0 ? 5_000 : 200) + random() * 70_000 : 40 + random() * 800),
      afterMs: 1_200,
      // Every manner comes up; a half-open connection costs the most time.
      manner: manners[index % 4 === 3 ? 2 : index % 2]!,
      upBytesPerSecond: index > 0 && random() < 0.3 ? 25_000 : undefined,
    };
  });
}

async function watchedNumbers(t: Test, viewer: HlsViewer): Promise<{ numbers: number[]; timelines: number }> {
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), [], 'its playlists broke no rule, and their numbers went on');
  const timelines = await viewer.timelines();
  const decoded = await Promise.all(timelines.map(({ bytes }) => decode(t, bytes)));
  return { numbers: decoded.flatMap(({ pictures }) => pictures.map(({ number }) => number)), timelines: timelines.length };
}

async function sourceNumbers(t: Test, name: FixtureName): Promise<number[]> {
  const decoded = await Promise.all(recordingsOf(readFixture(name)).map((bytes) => decode(t, bytes)));
  return decoded.flatMap(({ pictures }) => pictures.map(({ number }) => number));
}

async function paced(name: FixtureName, push: (data: Buffer, beginsRecording: boolean) => void): Promise<void> {
  const start = performance.now();
  for (const { atMs, data } of messagesOf(readFixture(name))) {
    await sleep(Math.max(0, start + atMs - performance.now()));
    push(data, data.length >= 4 && data.readUInt32BE(0) === 0x1a45dfa3);
  }
}

function describe(made: CuttingProxy['made']): string {
  const count = (test: (cut: CuttingProxy['made'][number]) => boolean): number => made.filter(test).length;
  return (
    `${String(made.length)} cuts: ${String(count((cut) => cut.direction === 'up'))} by the publisher's bytes, ` +
    `${String(count((cut) => cut.insideFrame))} within a frame, ${String(count((cut) => cut.manner === 'half-open'))} half-open, ` +
    `${String(count((cut) => cut.manner === 'reset'))} reset, ${String(count((cut) => cut.upBytesPerSecond !== undefined))} on a slow link`
  );
}

t.test(`publishers whose connections are cut at random (seed ${String(seed)}) lose no picture and double none`, async (t) => {
  t.setTimeout(150_000);
  const server = await startServer(t);
  const made: CuttingProxy['made'] = [];
  t.jobs = 2;
  const runs: Promise<unknown>[] = [];
  for (const [index, name] of recordings.entries()) {
    const plain = t.test(`${name}, by the protocol alone`, async (t) => {
      const random = seededRandom(seed + index);
      const stream = `plain-${String(index)}`;
      const proxy = await CuttingProxy.listen(t, server.origin, planCuts(random));
      const publisher = new ResumingPublisher(t, { url: proxy.through(server.publishUrl(stream)), random });
      await publisher.whenReady();
      const viewer = new HlsViewer(server.hlsUrl(stream));
      await paced(name, (data) => publisher.push(data));
      await waitUntil('every byte to be acknowledged', () => publisher.acknowledged === readFixture(name).bytes.length, 30_000);
      publisher.end();
      t.match((await publisher.closed).code, /^(1000|404)$/, 'it ended');
      const { numbers, timelines } = await watchedNumbers(t, viewer);
      t.strictSame(numbers, await sourceNumbers(t, name), 'every picture once, in order');
      t.equal(timelines, recordingsOf(readFixture(name)).length, 'no break but those of the recorder');
      t.equal(publisher.broadcasts.size, 1, 'one broadcast throughout');
      t.strictSame(publisher.faults, [], `received was exact ${String(publisher.resumedAt.length)} times`);
      t.comment(describe(proxy.made));
      made.push(...proxy.made);
    });
    const sdk = t.test(`${name}, by the SDK`, async (t) => {
      const random = seededRandom(seed + 100 + index);
      const stream = `sdk-${String(index)}`;
      const proxy = await CuttingProxy.listen(t, server.origin, planCuts(random));
      const url = proxy.through(`ws://${new URL(server.origin).host}/live/${stream}/publish`);
      const broadcasts = new Set<string>();
      const publisher = await openSdkSocket(t, { url, key: server.key, random, hurry: 8, maxReplaySeconds: 600 });
      publisher.on('message', (message) => {
        if (message.type === 'ready') broadcasts.add(message.broadcast);
      });
      await waitUntil('the first ready', () => broadcasts.size > 0);
      const viewer = new HlsViewer(server.hlsUrl(stream));
      await paced(name, (data, beginsRecording) => {
        if (beginsRecording) publisher.beginRecording('video/webm');
        publisher.push(data);
      });
      publisher.end();
      t.equal(await publisher.closed, null, 'it ended as it should');
      const { receivedBytes } = (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as { receivedBytes: number };
      t.equal(receivedBytes, readFixture(name).bytes.length, 'no byte was counted twice');
      const { numbers, timelines } = await watchedNumbers(t, viewer);
      t.strictSame(numbers, await sourceNumbers(t, name), 'every picture once, in order');
      t.equal(timelines, recordingsOf(readFixture(name)).length, 'no break but those of the recorder');
      t.equal(broadcasts.size, 1, 'one broadcast throughout');
      t.comment(describe(proxy.made));
      made.push(...proxy.made);
    });
    runs.push(plain, sdk);
  }
  await Promise.all(runs);
  t.comment(describe(made));
  t.ok(made.length >= 50, `${String(made.length)} cuts`);
  t.ok(made.filter(({ insideFrame }) => insideFrame).length >= 10, 'some within a frame');
  for (const manner of ['fin', 'reset', 'half-open']) t.ok(made.some((cut) => cut.manner === manner), manner);
  for (const direction of ['up', 'down']) t.ok(made.some((cut) => cut.direction === direction), direction);
});

async function refusal(t: Test, url: string): Promise<{ status: number; message: string }> {
  const publisher = new TestPublisher(t, url);
  const error: unknown = await publisher.closed.then(
    () => new Error('expected a refusal'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof RefusedUpgrade)) throw error;
  const body = (await (await fetch(url.replace(/^ws/, 'http'))).json()) as { message: string };
  return { status: error.statusCode, message: body.message };
}

t.test('a publisher that comes back while its old connection still seems open is let in; the old one is told', async (t) => {
  const server = await startServer(t);
  const first = new TestPublisher(t, server.publishUrl('own'));
  const { resume, broadcast } = await first.message('ready');
  const head = readFixture('chromium-h264.mkv').bytes.subarray(0, 50_000);
  await first.send(head);
  await first.message('ack');
  const second = new TestPublisher(t, `${server.publishUrl('own')}&resume=${resume}`);
  const ready = await second.message('ready');
  t.equal(ready.broadcast, broadcast);
  t.equal(ready.received, head.length);
  const { code, reason } = await first.hangUp();
  t.equal(code, 4409);
  t.match(reason, /another connection .* took the broadcast over/);
  const third = new TestPublisher(t, `${server.publishUrl('own')}&resume=${resume}`);
  t.equal((await third.message('ready')).received, head.length, 'and the later one wins again');
  t.equal((await second.hangUp()).code, 4409);
  await third.send(readFixture('chromium-h264.mkv').bytes.subarray(head.length));
  await third.message('live');
  t.equal((await third.end()).code, 1000);
});

t.test('a token that is wrong, or of another stream, lets nobody in and harms nobody', async (t) => {
  const server = await startServer(t);
  const own = new TestPublisher(t, server.publishUrl('own'));
  const { resume } = await own.message('ready');
  const wrong = await refusal(t, `${server.publishUrl('own')}&resume=${'x'.repeat(resume.length)}`);
  t.equal(wrong.status, 404);
  t.match(wrong.message, /start a new one/);
  t.equal((await refusal(t, `${server.publishUrl('other')}&resume=${resume}`)).status, 404);
  t.equal((await refusal(t, `${server.publishUrl('own').replace(server.key, 'not-the-key')}&resume=${resume}`)).status, 401, 'the key is asked for all the same');
  t.equal((await refusal(t, server.publishUrl('own'))).status, 409, 'without a token it is somebody else');
  t.equal((await own.end()).code, 1000, 'the broadcast never noticed');
});

t.test('after the window a resume is refused in words, and a new broadcast may start', async (t) => {
  const server = await startServer(t, { RESUME_WINDOW_SECONDS: '1' });
  const first = new TestPublisher(t, server.publishUrl('late'));
  const { resume, broadcast } = await first.message('ready');
  await first.send(readFixture('chromium-h264.mkv').bytes.subarray(0, 200_000));
  await first.message('live');
  const viewer = new HlsViewer(server.hlsUrl('late'));
  first.terminate();
  await viewer.ended;
  t.pass('viewers were told the end');
  const { status, message } = await refusal(t, `${server.publishUrl('late')}&resume=${resume}`);
  t.equal(status, 404);
  t.match(message, /over.*start a new one/);
  const next = new TestPublisher(t, server.publishUrl('late'));
  t.not((await next.message('ready')).broadcast, broadcast);
  t.equal((await next.end()).code, 1000);
});

t.test('who comes back when viewers can watch already is told so again', async (t) => {
  const server = await startServer(t);
  const first = new TestPublisher(t, server.publishUrl('lamp'));
  const { resume } = await first.message('ready');
  await first.send(readFixture('chromium-h264.mkv').bytes.subarray(0, 200_000));
  await first.message('live');
  first.terminate();
  const second = new TestPublisher(t, `${server.publishUrl('lamp')}&resume=${resume}`);
  await second.message('live');
  t.strictSame(second.messages.slice(0, 2).map(({ type }) => type), ['ready', 'live']);
  t.equal((await second.end()).code, 1000);
});

t.test('a publisher that was lost before it was told its token does not block its own name', async (t) => {
  const server = await startServer(t);
  const first = new TestPublisher(t, server.publishUrl('name'));
  const { broadcast } = await first.message('ready');
  t.equal((await refusal(t, server.publishUrl('name'))).status, 409, 'while it is connected the name is taken');
  first.terminate();
  await waitUntil('the loss to be noticed', async () => ((await (await fetch(`${server.origin}/api/streams/name`)).json()) as { state: string }).state === 'waiting');
  const second = new TestPublisher(t, server.publishUrl('name'));
  t.not((await second.message('ready')).broadcast, broadcast);
  await second.send(readFixture('chromium-h264.mkv').bytes.subarray(0, 200_000));
  await second.message('live');
  second.terminate();
  await waitUntil('the loss to be noticed', async () => ((await (await fetch(`${server.origin}/api/streams/name`)).json()) as { state: string }).state === 'waiting');
  t.equal((await refusal(t, server.publishUrl('name'))).status, 409, 'what has been sent is waited for');
});

t.test('who comes back again and again while the server can pass nothing on is not taken more from', async (t) => {
  const server = await startServer(t);
  const first = new TestPublisher(t, server.publishUrl('eager'));
  const { resume } = await first.message('ready');
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '1M', '-nal-hrd', 'cbr'];
  const bytes = await record({ seconds: 30 }, ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', ...rate, '-c:a', 'aac', '-f', 'matroska']);
  const sliceBytes = 1_000_000;
  await first.send(bytes.subarray(0, 2 * sliceBytes));
  await first.message('live');
  const [ffmpeg] = await childrenOf(process.pid, 'ffmpeg');
  if (ffmpeg === undefined) throw new Error('expected an ffmpeg');
  process.kill(ffmpeg, 'SIGSTOP');
  t.teardown(() => {
    try {
      process.kill(ffmpeg, 'SIGKILL');
    } catch {
      // it has gone, as it should
    }
  });
  const received: number[] = [];
  for (let connection = 0; connection < 12; connection++) {
    const next = new TestPublisher(t, `${server.publishUrl('eager')}&resume=${resume}`);
    received.push((await next.message('ready')).received);
    await next.send(bytes.subarray((2 + connection) * sliceBytes, (3 + connection) * sliceBytes));
    await sleep(50);
  }
  // A pipe's worth went through, and 10 s were read ahead; the rest was not taken, and would be sent again.
  const secondsBytes = bytes.length / 30;
  t.ok(received.at(-1)! <= (4.5 + 10) * secondsBytes + 2 * sliceBytes, `received: ${received.join(', ')}`);
  t.equal(received.at(-1), received.at(-2), 'no more, however often it comes back');
});
