import t from 'tap';
import { Encoding, type EncodingOptions } from '../../../src/web/sdk/publishing/webcodecs/encoding.js';
import { TrackClock } from '../../../src/web/sdk/publishing/webcodecs/track-clock.js';
import { FakeAudioData, FakeAudioEncoder, FakeVideoEncoder, FakeVideoFrame, installFakeEncoders, openItems } from './fake-encoders.js';

interface ReadFrame {
  readonly type: 'frame';
  readonly track: number;
  readonly kind: 'video' | 'audio';
  readonly timeSeconds: number;
  readonly keyframe: boolean;
  readonly bytes: Uint8Array;
}
interface ReadHeader {
  readonly type: 'header';
  readonly header: { readonly container: string; readonly tracks: readonly { readonly kind: string; readonly codec: string; readonly width?: number; readonly height?: number; readonly channels?: number }[] };
}
interface Reader {
  push(bytes: Uint8Array): (ReadFrame | ReadHeader)[];
}

/** The server's own reader: this side is typed for browsers. */
const { SourceReader } = (await import(new URL('../../../src/source/source-reader.ts', import.meta.url).href)) as { SourceReader: new () => Reader };

interface Bench {
  readonly encoding: Encoding;
  readonly outgrown: unknown[];
  readonly failures: unknown[];
  /** What came out so far, read as the server reads it. */
  readonly header: () => ReadHeader['header'] | undefined;
  readonly frames: (kind: 'video' | 'audio') => ReadFrame[];
  /** Time passes, with ticks, a picture every 40 ms and sound every 10 ms. */
  readonly pass: (durationMs: number, what?: { readonly picture?: boolean; readonly sound?: number; readonly format?: { readonly sampleRate: number; readonly channels: number } }) => void;
  readonly now: () => number;
}

const startedAtMs = 5_000_000;

function bench(t: Parameters<typeof installFakeEncoders>[0], options: Partial<EncodingOptions> = {}): Bench {
  installFakeEncoders(t);
  let nowMs = startedAtMs;
  const outgrown: unknown[] = [];
  const failures: unknown[] = [];
  const events: (ReadFrame | ReadHeader)[] = [];
  const reader = new SourceReader();
  const encoding = new Encoding({
    startedAtMs,
    picture: { standsStill: true, frameRate: 25, profile: '4D00', renditions: [{ bitsPerSecond: 2_500_000 }] },
    sound: { bitsPerSecond: 128_000 },
    onBytes: (bytes) => events.push(...reader.push(bytes)),
    onOutgrown: (size) => outgrown.push(size),
    onFailure: (error) => failures.push(error),
    nowMs: () => nowMs,
    ...options,
  });
  return {
    encoding,
    outgrown,
    failures,
    header: () => events.find((event) => event.type === 'header')?.header,
    frames: (kind) => events.filter((event): event is ReadFrame => event.type === 'frame' && event.kind === kind),
    pass: (durationMs, { picture = true, sound = 0.5, format } = {}) => {
      for (const endMs = nowMs + durationMs; nowMs < endMs; ) {
        nowMs += 10;
        // Stamped by clocks of their own, and here 5 ms after that.
        if (picture && nowMs % 40 === 0) encoding.seePicture(FakeVideoFrame.of(1280, 720, (nowMs - 4_000_005) * 1000) as unknown as VideoFrame);
        if (sound > 0) encoding.hearSound(FakeAudioData.of(sound, (nowMs - 15) * 1000 - 77, format) as unknown as AudioData);
        if (nowMs % 100 === 0) encoding.tick();
      }
    },
    now: () => nowMs,
  };
}

const stepsMs = (frames: readonly ReadFrame[]): number[] => frames.slice(1).map(({ timeSeconds }, index) => Math.round((timeSeconds - (frames[index]?.timeSeconds ?? 0)) * 1e4) / 10);

t.test('pictures and sound are one recording that the server reads, each at its time, keyframes each second', async (t) => {
  const { header, frames, pass, encoding } = bench(t);
  pass(6_400);
  t.match(header(), { container: 'matroska', tracks: [{ kind: 'video', codec: 'h264', width: 1280, height: 720 }, { kind: 'audio', codec: 'opus', channels: 2 }] });
  const pictures = frames('video');
  t.equal(pictures.length, 160);
  t.ok(stepsMs(pictures).every((step) => step === 40), stepsMs(pictures).join(' '));
  const keyframes = pictures.filter(({ keyframe }) => keyframe).map(({ timeSeconds }) => timeSeconds);
  t.strictSame(keyframes.map((seconds) => Math.floor(seconds)), [0, 1, 2, 3, 4, 5, 6]);
  t.ok(keyframes.every((seconds, index) => index === 0 || seconds % 1 < 0.041), `at the first picture of each: ${keyframes.join(' ')}`);
  const sounds = frames('audio');
  t.ok(stepsMs(sounds).every((step) => step === 20), stepsMs(sounds).join(' '));
  t.ok(Math.abs((sounds.at(-1)?.timeSeconds ?? 0) - (pictures.at(-1)?.timeSeconds ?? 0)) < 0.05, 'in step');
  await encoding.finish();
  encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 }, 'nothing is left open');
});

t.test('a picture that stands still is repeated, with keyframes, and moves on without going back', async (t) => {
  const { frames, pass, encoding } = bench(t);
  pass(1_000);
  pass(4_900, { picture: false });
  const still = frames('video').slice(25);
  t.ok(still.length >= 44 && still.length <= 52, `${String(still.length)} in 4.9 s`);
  t.equal(still.filter(({ keyframe }) => keyframe).length, 4);
  pass(1_000);
  t.ok(stepsMs(frames('video')).every((step) => step > 0), stepsMs(frames('video')).join(' '));
  encoding.close();
});

t.test('sound that does not come is silence, at the start and later, and what comes again is heard at its time', async (t) => {
  const { frames, pass, encoding } = bench(t);
  pass(2_000, { sound: 0 });
  t.ok(frames('video').length > 0, 'the picture does not wait for it');
  pass(2_000);
  pass(3_000, { sound: 0 });
  pass(2_000);
  const sounds = frames('audio');
  t.ok(stepsMs(sounds).every((step) => Math.abs(step - 20) < 0.5), stepsMs(sounds).join(' '));
  const loud = sounds.filter(({ bytes }) => (bytes[0] ?? 0) > 0).map(({ timeSeconds }) => timeSeconds);
  t.ok(loud.every((seconds) => (seconds > 1.9 && seconds < 4.1) || seconds > 6.8), loud.join(' '));
  t.ok(loud.length > 170, `${String(loud.length)} packets of some 200`);
  t.ok(encoding.soundMissingMs < 50);
  pass(5_000, { sound: 0 });
  t.equal(encoding.soundMissingMs, 5_000, 'who holds the device is told how long');
  encoding.close();
});

t.test('several renditions are the same pictures with the same keyframes, none larger than the source, the source first', async (t) => {
  const renditions = [{ bitsPerSecond: 2_500_000 }, { lines: 480, bitsPerSecond: 1_000_000 }, { lines: 360, bitsPerSecond: 500_000 }];
  const { header, frames, pass, encoding } = bench(t, { picture: { standsStill: false, frameRate: 25, profile: '4D00', renditions } });
  pass(5_000);
  t.match(header()?.tracks, [{ width: 1280, height: 720 }, { width: 852, height: 480 }, { width: 640, height: 360 }, { kind: 'audio' }]);
  const timesOf = (track: number, keyframes: boolean): number[] => frames('video').filter((frame) => frame.track === track && (!keyframes || frame.keyframe)).map(({ timeSeconds }) => timeSeconds);
  for (const track of [2, 3]) {
    t.strictSame(timesOf(track, false), timesOf(1, false));
    t.strictSame(timesOf(track, true), timesOf(1, true));
  }
  t.equal(timesOf(1, true).length, 6);
  encoding.close();

  const small = bench(t, { picture: { standsStill: false, frameRate: 25, profile: '4D00', renditions: [{ bitsPerSecond: 1_000_000 }, { lines: 720, bitsPerSecond: 500_000 }] } });
  small.pass(1_000);
  t.equal(small.header()?.tracks.filter(({ kind }) => kind === 'video').length, 1, '720 lines are no less');
  small.encoding.close();
});

t.test('another bit rate is told at once, and with the next keyframe another encoder takes over: one header, every picture once and in order', async (t) => {
  const { frames, pass, encoding, outgrown } = bench(t);
  pass(1_000);
  encoding.setBitRates([800_000]);
  pass(500);
  const [first] = FakeVideoEncoder.all;
  t.equal(FakeVideoEncoder.all.length, 1);
  t.strictSame(first?.configs.map(({ bitrate }) => bitrate), [2_500_000, 800_000]);
  pass(400);
  FakeVideoEncoder.stalls = true;
  pass(200);
  FakeVideoEncoder.stalls = false;
  const [, second] = FakeVideoEncoder.all;
  t.strictSame(second?.configs.map(({ bitrate }) => bitrate), [800_000]);
  second?.goOn();
  await encoding.finish();
  t.equal(first?.state, 'closed');
  const times = frames('video').map(({ timeSeconds }) => timeSeconds);
  t.strictSame(times, [...times].sort((one, other) => one - other), 'what the new one gives waits for the old one');
  t.equal(times.length, (first?.encoded.length ?? 0) + (second?.encoded.length ?? 0));
  t.equal(frames('video').filter(({ keyframe }) => keyframe).length, 3);
  t.strictSame(outgrown, []);
  encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 });
});

t.test('pictures of another size, or other parameter sets, ask for another recording once and are left out of this one', async (t) => {
  const { frames, pass, encoding, outgrown } = bench(t);
  pass(400);
  for (const timestamp of [1, 2, 3]) encoding.seePicture(FakeVideoFrame.of(720, 1280, timestamp) as unknown as VideoFrame);
  t.strictSame(outgrown, [{ width: 720, height: 1280 }]);
  const before = frames('video').length;
  pass(200, { picture: false });
  t.ok(frames('video').length > before, 'the last one is repeated meanwhile');
  encoding.close();

  const other = bench(t);
  other.pass(400);
  FakeVideoEncoder.all.at(-1)!.configuration = [1, 0x42, 0, 0x1f];
  other.pass(4_000);
  t.strictSame(other.outgrown, [undefined]);
  t.ok(other.frames('video').every(({ timeSeconds }) => timeSeconds < 1), 'none under a header that does not describe it');
  other.encoding.close();
});

t.test('a source whose first pictures have another size is recorded in the size of the others, in one recording', async (t) => {
  const { frames, pass, encoding, outgrown, header } = bench(t);
  for (const timestamp of [1, 2]) encoding.seePicture(FakeVideoFrame.of(640, 480, timestamp) as unknown as VideoFrame);
  t.equal(header(), undefined, 'there was no sound yet');
  pass(80, { sound: 0 });
  pass(1_000);
  t.match(header()?.tracks, [{ width: 1280, height: 720 }, { kind: 'audio' }]);
  t.strictSame(outgrown, []);
  t.equal(frames('video')[0]?.keyframe, true);
  t.equal(FakeVideoEncoder.all[0]?.state, 'closed');
  encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 });
});

t.test('what is late for the encoder is not encoded, counted, and no keyframe is lost by it', async (t) => {
  const { pass, encoding, frames } = bench(t);
  pass(1_000);
  FakeVideoEncoder.stalls = true;
  pass(1_500);
  t.equal(encoding.queue, 5, 'no more wait');
  t.ok(encoding.skipped > 20, String(encoding.skipped));
  FakeVideoEncoder.stalls = false;
  FakeVideoEncoder.all[0]?.goOn();
  pass(1_000);
  const keyframes = frames('video').filter(({ keyframe }) => keyframe);
  t.strictSame(keyframes.map(({ timeSeconds }) => Math.floor(timeSeconds)), [0, 1, 2, 3]);
  encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 });
});

t.test('an encoder that fails, or that can not be had, says so', async (t) => {
  const { pass, failures, encoding } = bench(t);
  pass(400);
  FakeVideoEncoder.all[0]?.fail('the device was lost');
  t.match(failures, [{ message: 'the device was lost' }]);
  pass(400);
  encoding.close();
  const other = bench(t);
  FakeVideoEncoder.failure = new Error('not this size');
  other.pass(400);
  t.match(other.failures, [{ message: 'not this size' }], 'once');
  other.encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 });
});

t.test('a frame that says how it is to be turned is turned before it is encoded', async (t) => {
  const drawn: unknown[] = [];
  class FakeCanvas {
    displayWidth: number;
    displayHeight: number;
    constructor(readonly width: number, readonly height: number) {
      this.displayWidth = width;
      this.displayHeight = height;
    }
    getContext(): object {
      return { drawImage: (...of: unknown[]) => drawn.push(of.slice(1)) };
    }
  }
  Object.assign(globalThis, { OffscreenCanvas: FakeCanvas });
  t.teardown(() => Reflect.deleteProperty(globalThis, 'OffscreenCanvas'));
  const { encoding, pass, outgrown } = bench(t);
  const turned = Object.assign(FakeVideoFrame.of(720, 1280, 1_000), { rotation: 90 });
  encoding.seePicture(turned as unknown as VideoFrame);
  pass(300, { picture: false });
  t.strictSame(drawn, [[0, 0, 720, 1280]]);
  t.match(FakeVideoEncoder.all[0]?.configs, [{ width: 720, height: 1280 }]);
  t.strictSame(outgrown, []);
  await encoding.finish();
  encoding.close();
  t.strictSame(openItems, { frames: 0, sounds: 0 });
});

t.test('it tells how many bytes each rendition took, the source first', async (t) => {
  const { encoding, frames, pass } = bench(t, { picture: { standsStill: false, frameRate: 25, profile: '4D00', renditions: [{ bitsPerSecond: 2_500_000 }, { lines: 360, bitsPerSecond: 500_000 }] } });
  t.strictSame(encoding.given, []);
  pass(2_500);
  const bytesOf = (track: number): number => frames('video').filter((frame) => frame.track === track).reduce((sum, { bytes }) => sum + bytes.length, 0);
  t.ok(bytesOf(1) > 0);
  t.strictSame(encoding.given, [{ width: 1280, height: 720, byteLength: bytesOf(1) }, { width: 640, height: 360, byteLength: bytesOf(2) }]);
  await encoding.finish();
  encoding.close();
});

t.test('sound of another rate or with other channels goes on in the same track', async (t) => {
  const { encoding, frames, pass, header } = bench(t);
  pass(400);
  const from = frames('audio').length;
  pass(400, { format: { sampleRate: 44_100, channels: 1 } });
  t.ok(frames('audio').length > from + 15);
  t.equal(header()?.tracks.at(-1)?.channels, 2);
  t.strictSame(FakeAudioEncoder.all[0]?.configs.map(({ sampleRate, numberOfChannels }) => [sampleRate, numberOfChannels]), [[48_000, 2], [44_100, 2]]);
  encoding.close();
});

t.test('a clock of stamps: the quickest way counts as none, what is held up keeps its time, a source that paused is found again', async (t) => {
  const clock = new TrackClock(1_000);
  const at = (stampMs: number, nowMs: number): number => Math.round(clock.mediaUs(stampMs * 1000, nowMs) / 1000);
  t.equal(at(0, 1_050), 50);
  t.equal(at(40, 1_085), 85, 'quicker than the one before');
  t.equal(at(80, 1_400), 125, 'held up, yet captured then');
  t.equal(at(120, 1_400), 165);
  for (let ms = 160; ms < 10_000; ms += 40) at(ms, ms + 1_045.5);
  t.ok(Math.abs(at(10_000, 11_045.5) - 10_045) <= 1, 'a little drift is followed');
  t.ok(Math.abs(at(10_040, 11_600) - 10_086) <= 2, 'held up for half a second, and what waited behind it');
  for (let ms = 10_080; ms < 10_560; ms += 40) at(ms, 11_600);
  t.ok(Math.abs(at(10_560, 11_606) - 10_606) <= 2, 'nothing was learned from that');
  // Five seconds of pause, over which it did not count.
  for (let ms = 10_600; ms < 13_000; ms += 40) at(ms, ms + 6_046);
  t.ok(Math.abs(at(13_000, 19_046) - 18_046) <= 2, 'found again');
});
