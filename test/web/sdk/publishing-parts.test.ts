import t from 'tap';
import { openCanvasDrawer } from '../../../src/web/sdk/publishing/composition/canvas-drawer.js';
import { defaultSettings } from '../../../src/web/sdk/publishing/composition/settings.js';
import { openFiller } from '../../../src/web/sdk/publishing/filler.js';
import { tellPictureSize } from '../../../src/web/sdk/publishing/picture-size.js';
import { SoundMixer } from '../../../src/web/sdk/publishing/sound-mixer.js';
import { keepScreenOn } from '../../../src/web/sdk/publishing/wake-lock.js';
import { steadyVideo } from '../../../src/web/sdk/steady-video.js';
import { FakeAudioContext, FakeNode } from './fake-audio.js';
import { FakeDocument, installGlobals } from './fake-document.js';
import { FakeTrack, installFakeMedia, settle } from './fake-media.js';

type Teardown = Parameters<typeof installFakeMedia>[0];

function installAudio(t: Teardown): void {
  installFakeMedia(t);
  FakeAudioContext.made = [];
  class Limiter extends FakeNode {
    constructor(context: unknown) {
      super(context, { isLimit: true });
    }
  }
  installGlobals(t, { AudioContext: FakeAudioContext, DynamicsCompressorNode: Limiter, GainNode: FakeNode, ConstantSourceNode: FakeNode });
}

function installDocument(t: Teardown, more: Readonly<Record<string, unknown>> = {}): FakeDocument {
  const fake = new FakeDocument();
  installFakeMedia(t);
  installGlobals(t, { document: fake, ...more });
  return fake;
}

const asTrack = (track: FakeTrack): MediaStreamTrack => track as unknown as MediaStreamTrack;

t.test('a mixer is one track whatever comes and goes, each sound as loud as it is said, and none that is no longer wished', async (t) => {
  installAudio(t);
  const [voice, film] = [new FakeTrack('audio', { label: 'voice' }), new FakeTrack('audio', { label: 'film' })];
  const mixer = new SoundMixer();
  const [context] = FakeAudioContext.made;
  const { track } = mixer;
  // The limiter's own gain is the same for every sound.
  const base = ((): number => {
    mixer.use([asTrack(voice)]);
    return context?.heard().voice ?? NaN;
  })();
  t.ok(base > 0);
  mixer.use([asTrack(voice), asTrack(film)], (each) => (each === asTrack(voice) ? 0.5 : 2));
  t.strictSame(context?.heard(), { voice: base * 0.5, film: base * 2 });
  mixer.use([asTrack(voice), asTrack(film)], () => 0);
  t.strictSame(context?.heard(), { voice: 0, film: 0 });
  mixer.use([asTrack(film)]);
  t.strictSame(context?.heard(), { film: base });
  t.equal(mixer.track, track);
  if (context !== undefined) context.state = 'suspended';
  await mixer.resume();
  t.equal(context?.state, 'running');
  mixer.close();
  mixer.close();
  t.strictSame([context?.state, track?.readyState, voice.readyState], ['closed', 'ended', 'live'], 'the sounds are their opener’s to stop');
});

t.test('silence and a card stand in for what is missing: live at once, the card in the size of the picture, drawn at every tick', async (t) => {
  installAudio(t);
  const silence = openFiller('audio', { width: 0, height: 0 });
  t.equal(silence.track.readyState, 'live');
  const [context] = FakeAudioContext.made;
  if (context !== undefined) context.state = 'suspended';
  await silence.resume();
  t.equal(context?.state, 'running');
  silence.close();
  silence.close();
  t.strictSame([silence.track.readyState, context?.state], ['ended', 'closed']);
  const { made } = installDocument(t);
  const card = openFiller('video', { width: 360, height: 640 });
  const [canvas] = made;
  t.match(canvas, { width: 360, height: 640 });
  const drawn = canvas?.drawn ?? 0;
  t.ok(drawn > 0, 'at once');
  card.tick();
  t.ok((canvas?.drawn ?? 0) > drawn, 'a canvas gives a picture only when something was drawn');
  card.close();
  t.equal(card.track.readyState, 'ended');
});

t.test('the size of pictures is told at first and at every change, by the element or, where it shows nothing, by the settings', async (t) => {
  let nowMs = 0;
  const { made } = installDocument(t, { performance: { now: () => nowMs } });
  const track = new FakeTrack('video', { width: 640, height: 360 });
  const told: string[] = [];
  const teller = tellPictureSize(asTrack(track), ({ width, height }) => told.push(`${String(width)}x${String(height)}`));
  const [video] = made;
  video?.show(640, 360, 'loadedmetadata');
  Object.assign(track.settings, { width: 360, height: 640 });
  teller.tick();
  video?.show(360, 640);
  nowMs += 1_000;
  teller.tick();
  t.strictSame(told, ['640x360', '360x640'], 'once, not once more by the settings');
  Object.assign(track.settings, { width: 1280, height: 720 });
  teller.tick();
  t.equal(told.length, 2);
  nowMs += 1_000;
  teller.tick();
  t.equal(told.at(-1), '1280x720', 'a hidden tab’s element shows nothing');
  t.equal(teller.pictures(), 2);
  (globalThis.document as unknown as FakeDocument).turn('hidden');
  t.equal(teller.pictures(), undefined, 'where nobody counts');
  teller.close();
  video?.show(10, 10);
  t.equal(told.length, 3);
  t.equal(video?.srcObject, null);
});

t.test('the screen stays on, also after the page was hidden, until it is let go; a refusal is nothing worse', async (t) => {
  const locks: { released: boolean }[] = [];
  let refuses = false;
  const wakeLock = {
    request: () => {
      if (refuses) return Promise.reject(new DOMException('battery', 'NotAllowedError'));
      const lock = { released: false };
      locks.push(lock);
      return Promise.resolve({ release: () => Promise.resolve((lock.released = true)) });
    },
  };
  const fake = installDocument(t, { navigator: { wakeLock } });
  const letGo = keepScreenOn();
  await settle();
  t.equal(locks.length, 1);
  fake.turn('hidden');
  await settle();
  t.equal(locks.length, 1, 'a hidden page may not ask');
  fake.turn('visible');
  await settle();
  t.equal(locks.length, 2);
  letGo();
  await settle();
  t.ok(locks.at(-1)?.released);
  fake.turn('hidden');
  fake.turn('visible');
  await settle();
  t.equal(locks.length, 2, 'and it is not asked for again');
  const early = keepScreenOn();
  early();
  await settle();
  t.ok(locks.at(-1)?.released, 'one that is given late is given back');
  refuses = true;
  keepScreenOn()();
  await settle();
  installGlobals(t, { navigator: {} });
  keepScreenOn()();
});

t.test('on a canvas, too, screen and camera are drawn when a picture is new, repeated when none is, and let go of at the end', async (t) => {
  let nowMs = 0;
  const ticks: (() => void)[] = [];
  const NoWorker = (): never => {
    throw new Error('no worker');
  };
  const every = (run: () => void): number => ticks.push(run);
  const { made } = installDocument(t, { Worker: NoWorker, HTMLMediaElement: { HAVE_CURRENT_DATA: 2 }, performance: { now: () => nowMs }, setInterval: every, clearInterval: (timer: number) => (ticks[timer - 1] = () => undefined) });
  const tick = (): void => {
    nowMs += 33;
    for (const run of ticks) run();
  };
  const drawn: number[] = [];
  const drawer = openCanvasDrawer((version) => drawn.push(version));
  const [canvas] = made;
  drawer.take('camera', asTrack(new FakeTrack('video', { label: 'camera' })));
  const video = made.find(({ name }) => name === 'video');
  drawer.show({ ...defaultSettings, pause: undefined, version: 1 });
  tick();
  t.strictSame(drawn, [], 'nothing is shown of what has no picture yet');
  video?.show(320, 180);
  tick();
  t.strictSame(drawn, [1]);
  t.match(canvas, { width: 320, height: 180 });
  const once = canvas?.drawn ?? 0;
  for (let turn = 0; turn < 6; turn += 1) tick();
  const repeats = (canvas?.drawn ?? 0) - once;
  t.ok(repeats > 0 && repeats <= 3, `${String(repeats)} in 0.2 s of standstill: its first pixel`);
  drawer.take('camera', undefined);
  t.equal(video?.srcObject, null);
  drawer.close();
  const left = canvas?.drawn;
  tick();
  t.equal(canvas?.drawn, left);
  t.equal(drawer.track.readyState, 'ended');
});

/** A frame that counts how often it is open. */
class FakeFrame {
  static open = 0;
  readonly timestamp: number;
  #isOpen = true;
  constructor(_source: unknown, { timestamp }: { readonly timestamp: number }) {
    FakeFrame.open += 1;
    this.timestamp = timestamp;
  }
  clone(): FakeFrame {
    return new FakeFrame(this, this);
  }
  close(): void {
    if (this.#isOpen) FakeFrame.open -= 1;
    this.#isOpen = false;
  }
}

t.test('a picture that stands still is repeated, later each time, never before the one it repeats; every frame is given back', async (t) => {
  let source: ReadableStreamDefaultController<FakeFrame> | undefined;
  const written: number[] = [];
  class Processor {
    readonly readable = new ReadableStream<FakeFrame>({ start: (controller) => void (source = controller) });
  }
  class Generator extends FakeTrack {
    readonly writable = new WritableStream<FakeFrame>({
      write: (frame) => {
        written.push(frame.timestamp);
        frame.close();
      },
    });
    constructor() {
      super('video', { label: 'copy' });
    }
  }
  installGlobals(t, { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator, VideoFrame: FakeFrame });
  const copy = steadyVideo(asTrack(new FakeTrack('video')));
  copy?.tick();
  t.strictSame(written, [], 'nothing to repeat yet');
  source?.enqueue(new FakeFrame(undefined, { timestamp: 1_000_000 }));
  await settle();
  copy?.tick();
  await settle();
  t.strictSame(written, [1_000_000], 'it is fresh');
  copy?.tick();
  copy?.tick();
  await settle();
  t.equal(written.length, 3);
  source?.enqueue(new FakeFrame(undefined, { timestamp: 1_000_001 }));
  await settle();
  t.equal(written.length, 4);
  t.strictSame([...written].sort((a, b) => a - b), written, 'time goes on');
  t.equal(new Set(written).size, written.length);
  copy?.close();
  copy?.tick();
  await settle();
  t.equal(FakeFrame.open, 0);
  t.equal(copy?.track.readyState, 'ended');
});

t.test('a source that ends ends its copy; a browser without frames copies none', async (t) => {
  t.equal(steadyVideo(asTrack(new FakeTrack('video'))), undefined);
  let source: ReadableStreamDefaultController<FakeFrame> | undefined;
  class Processor {
    readonly readable = new ReadableStream<FakeFrame>({ start: (controller) => void (source = controller) });
  }
  class Generator extends FakeTrack {
    readonly writable = new WritableStream();
    constructor() {
      super('video');
    }
  }
  installGlobals(t, { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator, VideoFrame: FakeFrame });
  const copy = steadyVideo(asTrack(new FakeTrack('video')));
  source?.close();
  await settle();
  t.equal(copy?.track.readyState, 'ended');
});
