import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { planPictures } from '../../src/live/picture-options.js';
import { PictureReader } from '../../src/live/picture.js';
import { Pictures, type PicturesOptions } from '../../src/live/pictures.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import { Viewers } from '../../src/live/viewers.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import type { Teardown } from '../helpers/programs.js';
import { turns, until } from './fake-studio.js';
import { FakeTranscoder } from './fake-transcoder.js';

interface Gallery {
  readonly pictures: Pictures;
  readonly bus: FragmentBus;
  readonly viewers: Viewers;
  readonly transcoders: FakeTranscoder[];
  readonly failures: string[];
  /** A viewer of `/frames`; `leave` is what its closed connection does. */
  readonly look: (wishes?: { width?: number; framesPerSecond?: number }) => { next: () => Promise<string | undefined>; leave: () => void };
}

const video = readInitSegment(initSegment([videoTrack]));
const sound = readInitSegment(initSegment([audioTrack]));

/** Pictures of a stream whose fragments and transcoders are in the test's hand. */
function openGallery(t: Teardown, options: Partial<PicturesOptions> = {}): Gallery {
  const bus = new FragmentBus({ maxBacklogBytes: 1e6, onDropped: () => undefined });
  const viewers = new Viewers({ bus });
  const transcoders: FakeTranscoder[] = [];
  const failures: string[] = [];
  const pictures = new Pictures({
    ...{ framesPerSecond: 5, width: 640, posterMaxAgeMs: 60_000, encoders: new Semaphore(4), posters: new Semaphore(1), ffmpegMajor: 5, viewers, restartDelayMs: 0 },
    startTranscoder: (plan) => {
      const transcoder = new FakeTranscoder(plan);
      transcoders.push(transcoder);
      return transcoder;
    },
    onFailure: (reason) => failures.push(reason),
    ...options,
  });
  t.teardown(() => pictures.close());
  const look: Gallery['look'] = (wishes = {}) => {
    const gone = new AbortController();
    const looking = pictures.look({ ...wishes, signal: gone.signal });
    const next = async (): Promise<string | undefined> => {
      const { value, done } = await looking.next();
      return done ? undefined : String(value.jpeg);
    };
    return { next, leave: () => gone.abort() };
  };
  return { pictures, bus, viewers, transcoders, failures, look };
}

function push(bus: FragmentBus, number: number, keyframe: boolean): void {
  bus.push([fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe }], number)]);
}

/** Numbers of the fragments that a transcoder was given. */
function given({ written }: FakeTranscoder): string[] {
  return [...Buffer.concat(written).toString('latin1').matchAll(/media \d+/g)].map(([text]) => text);
}

t.test('pictures are made while somebody looks, once for all of them, from the last keyframe on', async (t) => {
  const { bus, viewers, transcoders, look } = openGallery(t);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  for (const [number, keyframe] of [true, false, true, false].entries()) push(bus, number, keyframe);
  t.equal(transcoders.length, 0);
  const [one, other] = [look(), look()];
  t.equal(viewers.count, 2, 'each is a viewer, the encoder is none');
  const transcoder = await until(() => transcoders[0]);
  push(bus, 4, false);
  await until(() => given(transcoder).length === 3);
  t.same(given(transcoder), ['media 2', 'media 3', 'media 4']);
  t.same(transcoder.written[0], video.bytes, 'the init segment first');
  transcoder.jpeg('A');
  t.same(await Promise.all([one.next(), other.next()]), ['A', 'A']);
  one.leave();
  t.equal(viewers.count, 1);
  transcoder.jpeg('B');
  t.equal(await other.next(), 'B');
  t.equal(transcoder.ended, false);
  other.leave();
  await until(() => transcoder.ended);
  t.equal(viewers.count, 0);
  t.equal(transcoders.length, 1);
});

t.test('who comes later sees the latest picture at once; who is slow gets the latest, never those between', async (t) => {
  const { bus, transcoders, look } = openGallery(t);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  const slow = look();
  const transcoder = await until(() => transcoders[0]);
  transcoder.jpeg('A');
  t.equal(await slow.next(), 'A');
  for (const picture of ['B', 'C', 'D']) transcoder.jpeg(picture);
  await turns(10);
  t.equal(await look().next(), 'D');
  t.equal(await slow.next(), 'D');
});

t.test('there are three widths, and no encoder beyond what the server allows', async (t) => {
  const { transcoders, bus, look } = openGallery(t, { encoders: new Semaphore(2) });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  const widthOf = (index: number): string | undefined => /min\((\d+)/.exec(transcoders[index]?.plan.outputOptions.join(' ') ?? '')?.[1];
  const narrow = look({ width: 100 });
  look({ width: 160 });
  await until(() => transcoders.length === 1);
  t.equal(widthOf(0), '160', 'the narrowest that is wide enough, for both');
  look({ width: 5000 });
  look();
  look({ width: 321 });
  await until(() => transcoders.length === 2);
  t.equal(widthOf(1), '640');
  t.throws(() => look({ width: 320 }), { code: 'unavailable' });
  narrow.leave();
  t.equal(transcoders.length, 2, 'somebody else still looks at it');
});

t.test('fewer pictures a second are had by leaving some out', async (t) => {
  const { transcoders, bus, look } = openGallery(t);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  const rare = look({ framesPerSecond: 0.01 });
  const transcoder = await until(() => transcoders[0]);
  transcoder.jpeg('A');
  t.equal(await rare.next(), 'A');
  transcoder.jpeg('B');
  const next = rare.next();
  t.equal(await Promise.race([next, turns(20).then(() => 'still waiting')]), 'still waiting');
  rare.leave();
  t.equal(await next, undefined);
  t.equal(transcoders.length, 1);
});

t.test('a new timeline has a transcoder of its own, never two at once; without a picture it has none', async (t) => {
  const { transcoders, bus, look } = openGallery(t);
  const viewer = look();
  await turns(5);
  t.equal(transcoders.length, 0, 'nothing is there yet');
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  const first = await until(() => transcoders[0]);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  const second = await until(() => transcoders[1]);
  t.equal(first.ended, true);
  push(bus, 7, true);
  await until(() => given(second).length === 1);
  second.jpeg('A');
  t.equal(await viewer.next(), 'A');
  bus.startTimeline({ init: sound, captureTimeMs: 0 });
  await until(() => second.ended);
  await turns(5);
  t.equal(transcoders.length, 2);
  t.throws(() => look(), { code: 'not-found', message: /sound only/ });
});

t.test('a transcoder that dies is replaced and goes on from the last keyframe; after some failures everybody is told the end', async (t) => {
  const { transcoders, bus, viewers, failures, look } = openGallery(t);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  const viewer = look();
  const first = await until(() => transcoders[0]);
  first.jpeg('A');
  t.equal(await viewer.next(), 'A');
  push(bus, 1, true);
  first.die('it crashed', 'server');
  const second = await until(() => transcoders[1]);
  await until(() => given(second).length > 0);
  t.same(given(second), ['media 1']);
  second.jpeg('B');
  t.equal(await viewer.next(), 'B');
  for (let index = 1; index < 4; index++) (await until(() => transcoders[index])).die('it crashed', 'server');
  t.equal(await viewer.next(), undefined);
  t.same(failures, ['it crashed', 'it crashed', 'it crashed', 'it crashed']);
  t.equal(viewers.count, 0);
  look();
  await until(() => transcoders[4]);
});

t.test('a transcoder that takes nothing is closed and replaced', async (t) => {
  const { transcoders, bus, failures, look } = openGallery(t, { hungAfterMs: 20 });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  look();
  const first = await until(() => transcoders[0]);
  first.jpeg('A');
  first.hungry = false;
  push(bus, 0, true);
  await until(() => transcoders[1]);
  t.equal(first.ended, true);
  t.match(failures, [/hung/]);
});

t.test('with the broadcast it is over for everybody, and no transcoder is left', async (t) => {
  const encoders = new Semaphore(1);
  const { pictures, transcoders, bus, look } = openGallery(t, { encoders });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  const viewer = look();
  const transcoder = await until(() => transcoders[0]);
  transcoder.hungry = false;
  const next = viewer.next();
  bus.end();
  await pictures.close();
  t.equal(await next, undefined);
  t.equal(transcoder.ended, true);
  t.equal(encoders.tryAcquire(), true, 'its room is free again');
  t.throws(() => look(), { code: 'unavailable' }, 'whether it is over is not for pictures to say');
});

/** Transcoders that have a picture as soon as they begin. */
function posterTranscoders(made: FakeTranscoder[]): PicturesOptions['startTranscoder'] {
  return (plan) => {
    const transcoder = new FakeTranscoder(plan);
    made.push(transcoder);
    transcoder.jpeg(`poster ${made.length}`);
    return transcoder;
  };
}

t.test('a poster is made of the last keyframe alone, once for all who ask, and not again for a while', async (t) => {
  const made: FakeTranscoder[] = [];
  const { pictures, bus } = openGallery(t, { startTranscoder: posterTranscoders(made) });
  await t.rejects(pictures.poster(), { code: 'not-found', message: /no picture of it yet/ });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  for (const [number, keyframe] of [true, true, false].entries()) push(bus, number, keyframe);
  const answers = await Promise.all([pictures.poster(), pictures.poster()]);
  t.same(answers.map(({ jpeg }) => String(jpeg)), ['poster 1', 'poster 1']);
  t.same(given(made[0]!), ['media 1']);
  push(bus, 3, true);
  t.equal(String((await pictures.poster()).jpeg), 'poster 1');
  t.equal(made.length, 1);
  bus.startTimeline({ init: sound, captureTimeMs: 0 });
  await t.rejects(pictures.poster(), { code: 'not-found', message: /sound only/ });
});

t.test('a poster that has grown old is made anew; one that fails leaves the old one', async (t) => {
  const made: FakeTranscoder[] = [];
  const start = posterTranscoders(made);
  let works = true;
  const { pictures, bus } = openGallery(t, { posterMaxAgeMs: 0, startTranscoder: (plan) => (works ? start(plan) : new FakeTranscoder(plan)) });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  t.equal(String((await pictures.poster()).jpeg), 'poster 1');
  t.equal(String((await pictures.poster()).jpeg), 'poster 2');
  works = false;
  t.equal(String((await pictures.poster()).jpeg), 'poster 2');
});

t.test('what a viewer of pictures has at hand is the poster too', async (t) => {
  const { pictures, bus, transcoders, look } = openGallery(t);
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  const viewer = look();
  (await until(() => transcoders[0])).jpeg('A');
  await viewer.next();
  t.equal(String((await pictures.poster()).jpeg), 'A');
  t.equal(transcoders.length, 1);
});

t.test("posters wait for each other's turn, and for nothing once the broadcast is over", async (t) => {
  const posters = new Semaphore(1);
  t.equal(posters.tryAcquire(), true);
  const { pictures, bus, transcoders } = openGallery(t, { posters });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  const poster = pictures.poster();
  poster.catch(() => undefined);
  await turns(5);
  t.equal(transcoders.length, 0);
  await pictures.close();
  await t.rejects(poster, { code: 'unavailable' });
  await t.rejects(pictures.poster(), { code: 'unavailable' }, 'nobody is told that there is none yet');
  t.equal(transcoders.length, 0);
  posters.release();
  t.equal(posters.tryAcquire(), true, 'whoever gave up waiting has taken nothing');
});

t.test('ffmpeg is asked for no more pictures than wanted, never for copies of one', async (t) => {
  const { inputFormat, outputOptions } = planPictures({ width: 320, framesPerSecond: 2.5, ffmpegMajor: 5 });
  t.equal(inputFormat, 'mp4');
  const filter = outputOptions[outputOptions.indexOf('-vf') + 1];
  t.match(filter, 'select=isnan(prev_selected_t)+gt(floor(t*2.5+0.001)\\,floor(prev_selected_t*2.5+0.001)),scale=w=max(2\\,trunc(min(320\\,iw*max(sar\\,1))/2)*2)');
  t.match(planPictures({ width: 320, ffmpegMajor: 8 }).outputOptions.join(' '), '-fps_mode passthrough -frames:v 1 ');
});

t.test("pictures are taken out of ffmpeg's stream however it is sliced, and nonsense is refused", async (t) => {
  const stream = Buffer.from(['one', 'two \r\n\r\n with a break', 'x'].map((text) => `--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${text.length}\r\n\r\n${text}\r\n`).join(''));
  for (const size of [1, 2, 7, 1000]) {
    const reader = new PictureReader();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size) for (const { jpeg } of reader.push(stream.subarray(at, at + size))) found.push(String(jpeg));
    t.same(found, ['one', 'two \r\n\r\n with a break', 'x']);
  }
  t.throws(() => new PictureReader().push(Buffer.alloc(2000)), RangeError);
  t.throws(() => new PictureReader().push(Buffer.from('--ffmpeg\r\nContent-type: image/jpeg\r\n\r\n')), RangeError);
  t.throws(() => new PictureReader().push(Buffer.from('Content-length: 99999999999\r\n\r\n')), RangeError);
});

t.test('an encoder that can not even begin ends for those who look, and nobody else', async (t) => {
  const { bus, failures, look } = openGallery(t, {
    startTranscoder: () => {
      throw new Error('no more processes');
    },
  });
  bus.startTimeline({ init: video, captureTimeMs: 0 });
  push(bus, 0, true);
  t.equal(await look().next(), undefined);
  t.strictSame(failures, ['no more processes']);
  push(bus, 1, false);
});
