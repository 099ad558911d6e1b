import t from 'tap';
import { chooseEncoder, mediaRecorder, type Encoder } from '../../../src/web/sdk/publishing/encoder.js';
import type { PublisherParts } from '../../../src/web/sdk/publishing/publisher-parts.js';
import { serveEncoding, type EncodeEndpoint, type EncodeMessage, type EncodedMessage } from '../../../src/web/sdk/publishing/webcodecs/encode-service.js';
import { openWebCodecs, type WebCodecs } from '../../../src/web/sdk/publishing/webcodecs/open-webcodecs.js';
import { qualities } from '../../../src/web/sdk/quality.js';
import type { WorkerSeams } from '../../../src/web/sdk/worker-port.js';
import { FakeAudioData, FakeTrackProcessor, FakeVideoEncoder, FakeVideoFrame, installFakeEncoders } from './fake-encoders.js';
import { FakeTrack, mediaOf, settle } from './fake-media.js';
import { publisherBench, type PublisherBench } from './publisher-bench.js';

const magic = [0x1a, 0x45, 0xdf, 0xa3];
/** Where recordings begin in what was sent. */
const headersIn = (bytes: readonly number[]): number[] => bytes.flatMap((byte, at) => (byte === 0x1a && magic.every((each, index) => bytes[at + index] === each) ? [at] : []));

interface Worker {
  readonly seams: WorkerSeams;
  /** The page looks after it, for so many times, and it says nothing. */
  readonly fallSilent: (looks: number) => void;
  /** A tenth of a second of its own. */
  readonly tick: () => void;
  closed: boolean;
}

const wallClock = (): number => performance.timeOrigin + performance.now();

/** A worker that does its work here; its time is the test's, beside the clock's. */
function fakeWorker(t: Parameters<typeof installFakeEncoders>[0], { pictureMs = 1, clock = wallClock } = {}): Worker {
  installFakeEncoders(t);
  let nowMs = 0;
  FakeVideoEncoder.onEncode = () => (nowMs += pictureMs);
  const looks = new Set<() => void>();
  const ticks = new Set<() => void>();
  const openWorker = (): globalThis.Worker => {
    const opened = {
      onmessage: undefined as ((event: { readonly data: EncodedMessage }) => void) | undefined,
      postMessage: (data: EncodeMessage) => endpoint.onmessage?.({ data }),
      terminate: () => undefined,
    };
    const endpoint: EncodeEndpoint = { onmessage: null, postMessage: (data) => queueMicrotask(() => opened.onmessage?.({ data })) };
    serveEncoding(endpoint, {
      startTicker: (_, tick) => {
        ticks.add(tick);
        return () => ticks.delete(tick);
      },
      nowMs: () => clock() + nowMs,
      onClosed: () => (worker.closed = true),
    });
    return opened as unknown as globalThis.Worker;
  };
  const worker: Worker = { seams: { text: 'program', openWorker, startTicker: (_, look) => {
    looks.add(look);
    return () => looks.delete(look);
  } }, fallSilent: (count) => { for (let at = 0; at < count; at += 1) for (const look of looks) look(); }, tick: () => {
    nowMs += 100;
    for (const tick of ticks) tick();
  }, closed: false };
  return worker;
}

const webCodecs = (seams: WorkerSeams): PublisherParts['chooseEncoder'] => (choice) => chooseEncoder(choice, (quality, maxRenditions) => openWebCodecs(quality, maxRenditions, seams));

/** Pictures and sound for so long. */
async function give({ camera, microphone }: Pick<PublisherBench, 'camera' | 'microphone'>, count = 5, size: readonly [number, number] = [1280, 720]): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    FakeTrackProcessor.give(camera, FakeVideoFrame.of(...size, index * 40_000));
    for (let part = 0; part < 4; part += 1) FakeTrackProcessor.give(microphone, FakeAudioData.of(0.5, index * 40_000 + part * 10_000));
  }
  await settle();
}

t.test('by WebCodecs: one recording, other bit rates without a joint, another source with one', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, {}, { chooseEncoder: webCodecs(worker.seams) });
  const { publisher, last } = bench;
  const encoders: string[] = [];
  publisher.on('encoder', ({ encoder, renditions }) => encoders.push(`${encoder} ${String(renditions)}`));
  const told: number[] = [];
  publisher.on('chunk', (bytes) => told.push(...bytes));
  t.equal(publisher.encoder, undefined, 'not chosen yet');
  await bench.goOnAir();
  t.strictSame(encoders, ['webcodecs 3'], 'unless told otherwise');
  t.match(publisher.encoder, { encoder: 'webcodecs', why: /pictures a second/ });
  t.equal(bench.recorders.length, 0, 'no MediaRecorder');
  await give(bench);
  t.strictSame(headersIn(last().bytes), [0]);
  await publisher.setQuality(qualities[1]);
  t.equal(headersIn(last().bytes).length, 1, 'the second has nothing to say yet');
  await give(bench);
  t.equal(headersIn(last().bytes).length, 2);
  const other = { camera: new FakeTrack('video', { width: 1280, height: 720 }), microphone: new FakeTrack('audio') };
  await publisher.replaceMedia(mediaOf(other.camera, other.microphone));
  await give(other);
  t.equal(headersIn(last().bytes).length, 3);
  t.strictSame(last().texts.filter(({ type }) => type === 'recording').map((message) => message.reason), ['quality', 'source']);
  const ended = publisher.end();
  await settle();
  last().say({ type: 'ended', message: '' });
  await ended;
  await settle();
  t.ok(worker.closed, 'the worker goes with it');
  t.strictSame(told, last().bytes, 'whoever keeps a copy is told all that is sent');
});

t.test('a slow line lowers the bit rate of the very recording', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, { renditions: 1 }, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  await give(bench);
  bench.acknowledges = false;
  for (let seconds = 0; seconds < 8; seconds += 1) {
    await give(bench);
    await bench.passMs(1_000);
  }
  t.ok(bench.news.includes('quality-lowered'), bench.news.join(' '));
  const live = FakeVideoEncoder.all.at(-1);
  t.ok((live?.configs.at(-1)?.bitrate ?? Infinity) < (live?.configs[0]?.bitrate ?? 0));
  t.equal(headersIn(bench.last().bytes).length, 1, 'no joint');
});

t.test('pictures of another size begin one other recording, whoever sees them first', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, {}, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  bench.resize({ width: 1280, height: 720 });
  await bench.passMs(2_000);
  await give(bench);
  await give(bench, 2, [720, 1280]);
  bench.resize({ width: 720, height: 1280 });
  await settle();
  await give(bench, 5, [720, 1280]);
  t.equal(headersIn(bench.last().bytes).length, 2);
  t.strictSame(bench.last().texts.filter(({ type }) => type === 'recording').map((message) => message.reason), ['size']);
});

t.test('pictures get another size before anybody told the first one: another recording begins, and shows them', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, { renditions: 1 }, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  await give(bench);
  await give(bench, 2, [854, 480]);
  await give(bench, 5, [854, 480]);
  t.equal(headersIn(bench.last().bytes).length, 2);
  t.equal(FakeVideoEncoder.all.at(-1)?.configs[0]?.width, 854);
});

t.test('an encoder that fails is followed by MediaRecorder, which is told, and the broadcast goes on', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, {}, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  await give(bench);
  const facts: unknown[] = [];
  bench.publisher.on('encoder', (each) => facts.push(each));
  FakeVideoEncoder.all.at(-1)?.fail('the device was lost');
  await settle();
  t.match(facts, [{ encoder: 'mediarecorder', why: /the device was lost/, renditions: 1 }]);
  t.equal(bench.recorders.length, 1);
  bench.recorders[0]?.give(7);
  await settle();
  t.equal(bench.last().bytes.at(-1), 7);
  t.equal(bench.publisher.state, 'live');
  t.strictSame(bench.news, [], 'no warning');
});

t.test('a worker that the browser ended is followed by MediaRecorder, too', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, {}, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  await give(bench);
  worker.fallSilent(6);
  await settle();
  t.match(bench.publisher.encoder, { encoder: 'mediarecorder', why: /ended its worker/ });
  t.equal(bench.recorders.length, 1);
  t.equal(bench.publisher.state, 'live');
});

t.test('the trial decides how many renditions, and whether at all', async (t) => {
  // What a busy machine takes is no encoder's.
  const clock = (): number => 0;
  const worker = fakeWorker(t, { clock });
  const quick = await openWebCodecs(qualities[1], 3, worker.seams);
  t.equal(quick.renditions(), 3);
  t.ok(FakeVideoEncoder.all.length > 0 && FakeVideoEncoder.all.every(({ state }) => state === 'closed'), 'nothing of the trial is left');
  const slower = await openWebCodecs(qualities[1], 3, fakeWorker(t, { pictureMs: 8, clock }).seams);
  t.equal(slower.renditions(), 2, '1000 / 16 is more than 45 pictures a second, 1000 / 24 is not');
  await t.rejects(openWebCodecs(qualities[1], 3, fakeWorker(t, { pictureMs: 40, clock }).seams), { message: /not encode in time: 25 pictures a second/ });
  const { seams } = fakeWorker(t, { clock });
  FakeVideoEncoder.lacks = 'avc1.4D';
  t.equal((await openWebCodecs(qualities[1], 1, seams)).renditions(), 1);
  t.match(FakeVideoEncoder.all.map(({ configs }) => configs[0]?.codec), ['avc1.42E01f'], 'the profile of every encoder in hardware');
  FakeVideoEncoder.lacks = 'avc1';
  await t.rejects(openWebCodecs(qualities[1], 1, { ...seams }), { message: /no H.264 of 1280 by 720/ });
  await t.rejects(openWebCodecs(qualities[1], 1, { ...worker.seams, text: '' }), { message: /worker-src/ });
});

t.test('a trial is made once: by those who ask at the same time, and later, unless the machine may have been busy with something else', async (t) => {
  const worker = fakeWorker(t);
  const configured = (): number => FakeVideoEncoder.all.length;
  const opened = await Promise.all([openWebCodecs(qualities[1], 3, worker.seams), openWebCodecs(qualities[1], 3, worker.seams)]);
  t.strictSame(opened.map(({ renditions }) => renditions()), [3, 3]);
  t.equal(configured(), 3);
  t.equal((await openWebCodecs(qualities[1], 3, worker.seams)).renditions(), 3);
  t.equal(configured(), 3);
  await openWebCodecs(qualities[0], 3, worker.seams);
  t.ok(configured() > 3, 'another quality is another trial');
  const busy = fakeWorker(t, { pictureMs: 8 });
  t.equal((await openWebCodecs(qualities[1], 3, busy.seams)).renditions(), 2);
  const realNowMs = performance.now.bind(performance);
  t.teardown(() => Object.assign(performance, { now: realNowMs }));
  FakeVideoEncoder.onEncode = () => undefined;
  t.equal((await openWebCodecs(qualities[1], 3, busy.seams)).renditions(), 2, 'at once: as before');
  Object.assign(performance, { now: () => realNowMs() + 61_000 });
  t.equal((await openWebCodecs(qualities[1], 3, busy.seams)).renditions(), 3, 'after a minute');
});

t.test('going live waits for a second and no longer; what is found later is let go of, and who asked for WebCodecs alone waits', async (t) => {
  installFakeEncoders(t);
  const { clearTimeout, setTimeout } = globalThis;
  t.teardown(() => Object.assign(globalThis, { clearTimeout, setTimeout }));
  let pass: () => void = () => undefined;
  let waitedMs = 0;
  Object.assign(globalThis, {
    clearTimeout: () => undefined,
    setTimeout: (done: (word: unknown) => void, ms: number, word: unknown) => {
      waitedMs = ms;
      pass = () => done(word);
    },
  });
  const late = (): { found: () => void; closed: boolean; open: NonNullable<Parameters<typeof chooseEncoder>[1]> } => {
    const made = { found: (): void => undefined, closed: false, open: () => new Promise<WebCodecs>((resolve) => (made.found = () => resolve({ open: () => { throw new Error('expected nothing to be recorded'); }, renditions: () => 2, why: 'quick', close: () => (made.closed = true) }))) };
    return made;
  };
  const auto = late();
  const chosen = chooseEncoder({ wish: 'auto', quality: qualities[1], maxRenditions: 3 }, auto.open);
  pass();
  t.match((await chosen).facts, { encoder: 'mediarecorder', why: /within a second/ });
  t.equal(waitedMs, 1_000);
  auto.found();
  await settle();
  t.ok(auto.closed);
  const alone = late();
  const waited = chooseEncoder({ wish: 'webcodecs', quality: qualities[1], maxRenditions: 3 }, alone.open);
  pass();
  alone.found();
  t.match((await waited).facts, { encoder: 'webcodecs', renditions: 2 });
});

t.test('a source that is too small for more is one rendition, and said to be', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, { media: mediaOf(new FakeTrack('video', { width: 320, height: 180 }), new FakeTrack('audio')) }, { chooseEncoder: webCodecs(worker.seams) });
  const told: number[] = [];
  bench.publisher.on('encoder', ({ renditions }) => told.push(renditions));
  await bench.goOnAir();
  t.strictSame([told, bench.publisher.encoder?.renditions], [[1], 1]);
});

t.test('each second it is told what each quality takes of the uplink; by MediaRecorder that is not known', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, {}, { chooseEncoder: webCodecs(worker.seams) });
  let renditions: readonly { readonly width: number; readonly height: number; readonly bitsPerSecond: number }[] = [];
  bench.publisher.on('stats', (stats) => (renditions = stats.renditions));
  await bench.goOnAir();
  for (let index = 0; index < 20; index += 1) {
    await give(bench, 2);
    worker.tick();
    await settle();
  }
  await bench.passMs(1_000);
  t.strictSame(renditions.map(({ width, height }) => [width, height]), [[1280, 720], [852, 480], [640, 360]]);
  t.ok(renditions.every(({ bitsPerSecond }) => bitsPerSecond > 0), JSON.stringify(renditions));
  const recorded = publisherBench(t, {}, { chooseEncoder: () => Promise.resolve(mediaRecorder('so')) });
  recorded.publisher.on('stats', (stats) => (renditions = stats.renditions));
  await recorded.goOnAir();
  await recorded.passMs(1_000);
  t.strictSame(renditions, []);
});

t.test('a machine that falls behind while live goes on with fewer renditions, and says so', async (t) => {
  const worker = fakeWorker(t);
  const bench = publisherBench(t, { renditions: 3 }, { chooseEncoder: webCodecs(worker.seams) });
  await bench.goOnAir();
  await give(bench);
  const told: number[] = [];
  bench.publisher.on('encoder', ({ renditions }) => told.push(renditions));
  const made = (): number => FakeVideoEncoder.all.filter(({ state }) => state === 'configured').length;
  t.equal(made(), 3);
  FakeVideoEncoder.stalls = true;
  await give(bench, 10);
  for (let ticks = 0; made() > 2 && ticks < 40; ticks += 1) {
    worker.tick();
    await settle();
  }
  FakeVideoEncoder.stalls = false;
  await give(bench);
  t.equal(made(), 2);
  t.strictSame(told, [2]);
  t.strictSame(bench.last().texts.filter(({ type }) => type === 'recording').map((message) => message.reason), ['quality']);
});

t.test('where something is missing MediaRecorder is used, and it is said what', async (t) => {
  const choice = { wish: 'auto', quality: qualities[0], maxRenditions: 1 } as const;
  t.match((await chooseEncoder(choice)).facts, { encoder: 'mediarecorder', why: /VideoEncoder/ });
  installFakeEncoders(t);
  Reflect.deleteProperty(globalThis, 'MediaStreamTrackProcessor');
  t.match((await chooseEncoder(choice)).facts, { encoder: 'mediarecorder', why: /MediaStreamTrackProcessor/ });
  installFakeEncoders(t);
  t.match((await chooseEncoder({ ...choice, wish: 'mediarecorder' })).facts, { encoder: 'mediarecorder', why: /asked for/ });
  t.match((await chooseEncoder(choice)).facts, { encoder: 'mediarecorder', why: /worker/ }, 'nothing was built into this text');
  t.match(mediaRecorder('so').facts, { why: 'so' });
});

t.test('a broadcast that ends before it was decided leaves no worker', async (t) => {
  const worker = fakeWorker(t);
  let decide: (encoder: Encoder) => void = () => undefined;
  const bench = publisherBench(t, {}, { chooseEncoder: () => new Promise((resolve) => (decide = resolve)) });
  const started = bench.publisher.start();
  await settle();
  bench.last().ready();
  await started;
  const ended = bench.publisher.end();
  await settle();
  bench.last().say({ type: 'ended', message: '' });
  await ended;
  decide(await webCodecs(worker.seams)({ wish: 'auto', quality: qualities[0], maxRenditions: 1 }));
  await settle();
  t.ok(worker.closed);
});
