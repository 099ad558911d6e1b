import t from 'tap';
import { Composition, type CompositionTracks } from '../../../src/web/sdk/publishing/composition/composition.js';
import type { Drawing } from '../../../src/web/sdk/publishing/composition/compositor.js';
import { LiveCapture } from '../../../src/web/sdk/publishing/live-capture.js';
import { defaultQuality } from '../../../src/web/sdk/quality.js';
import { FakeDevices } from './fake-devices.js';
import { FakeTrack, installFakeMedia, settle } from './fake-media.js';
import { FakeCompositionParts } from './fake-composition.js';

interface Bench {
  readonly parts: FakeCompositionParts;
  readonly composition: Composition;
  readonly tracks: Readonly<Record<'screen' | 'camera' | 'microphone' | 'screenSound', FakeTrack>>;
  /** The same, as the composition takes them. */
  readonly given: CompositionTracks;
  /** Labels of what goes on air. */
  readonly onAir: () => string[];
  readonly joints: () => number;
}

function bench(t: Parameters<typeof installFakeMedia>[0]): Bench {
  installFakeMedia(t);
  const parts = new FakeCompositionParts();
  const composition = new Composition(parts.parts);
  t.teardown(() => composition.close());
  const tracks = {
    screen: new FakeTrack('video', { label: 'screen' }),
    camera: new FakeTrack('video', { label: 'camera' }),
    microphone: new FakeTrack('audio', { label: 'microphone' }),
    screenSound: new FakeTrack('audio', { label: 'screen sound' }),
  };
  let joints = 0;
  composition.follow(() => (joints += 1));
  return {
    parts,
    composition,
    tracks,
    given: tracks as unknown as CompositionTracks,
    onAir: () => composition.media.getTracks().map(({ label }) => label),
    joints: () => joints,
  };
}

t.test('screen and camera are one picture, microphone and screen’s sound one sound; later changes are no joint', async (t) => {
  const { parts, composition, given, onAir, joints } = bench(t);
  await composition.use(given);
  t.strictSame(onAir(), ['composed 1', 'mix']);
  t.equal(joints(), 1, 'once both are there');
  await composition.set({ corner: 'top-left', size: 0.4, nameTag: { name: 'Ann' } });
  await composition.use({ ...given, camera: undefined });
  await composition.pause();
  await composition.resume();
  t.strictSame(onAir(), ['composed 1', 'mix']);
  t.equal(joints(), 1);
  t.match(parts.last?.shown.at(-1), { corner: 'top-left', size: 0.4, nameTag: { name: 'Ann' }, pause: undefined });
});

t.test('one picture with nothing on it goes on air as it is, and nothing draws', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  await composition.use({ camera: given.camera, microphone: given.microphone });
  t.strictSame(onAir(), ['camera', 'mix']);
  t.equal(parts.drawers.length, 0);
  await composition.pause();
  t.strictSame(onAir(), ['composed 1', 'mix']);
  await composition.resume();
  t.strictSame(onAir(), ['camera', 'mix']);
  t.strictSame(parts.open, [], 'what is not needed is closed');
});

t.test('the card mutes what it says it mutes, at once: before the card is drawn, and whatever the levels are', async (t) => {
  const { parts, composition, given } = bench(t);
  await composition.use(given);
  await composition.set({ levels: { microphone: 0.5, screen: 2 } });
  t.strictSame(parts.levels, { microphone: 0.5, 'screen sound': 2 });
  parts.isSlow = true;
  const paused = composition.pause({ mutes: ['microphone'] });
  t.strictSame(parts.levels, { microphone: 0, 'screen sound': 2 });
  const levelled = composition.set({ levels: { microphone: 1, screen: 1 } });
  t.strictSame(parts.levels, { microphone: 0, 'screen sound': 1 }, 'also when a level is moved meanwhile');
  await settle();
  parts.draw();
  await Promise.all([paused, levelled]);
  const resumed = composition.resume();
  await settle();
  parts.draw();
  await resumed;
  t.strictSame(parts.levels, { microphone: 1, 'screen sound': 1 });
});

t.test('nothing of what is drawn late, for an older wish, goes on air', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  await composition.use({ camera: given.camera });
  parts.isSlow = true;
  const paused = composition.pause();
  const resumed = composition.resume();
  await settle();
  parts.draw();
  await Promise.all([paused, resumed]);
  t.strictSame(onAir(), ['camera']);
  t.strictSame(parts.open, [], 'and nothing is left open');
});

t.test('paused and gone on with in any order, twice or late: what holds is what was wished last', async (t) => {
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 40; round += 1) {
    const { parts, composition, given, onAir } = bench(t);
    await composition.use({ camera: given.camera });
    parts.isSlow = true;
    const wishes: Promise<void>[] = [];
    let isPaused = false;
    for (let step = 0; step < 8; step += 1) {
      isPaused = random(2) === 0;
      wishes.push(isPaused ? composition.pause() : composition.resume());
      if (random(2) === 0) await settle();
      if (random(2) === 0) parts.draw();
    }
    await settle();
    parts.draw();
    await Promise.all(wishes);
    t.strictSame(onAir().map((label) => label.replace(/ .*/, '')), [isPaused ? 'composed' : 'camera'], `round ${String(round)}`);
    t.equal(parts.open.length, isPaused ? 1 : 0, `round ${String(round)}`);
    composition.close();
  }
});

t.test('a camera that is lost leaves the screen, without a joint; a screen that is lost leaves the camera', async (t) => {
  const { parts, composition, tracks, given, joints, onAir } = bench(t);
  await composition.use(given);
  await composition.set({ nameTag: { name: 'Ann' } });
  tracks.camera.lose();
  await settle();
  t.strictSame(parts.last?.taken, { screen: 'screen' });
  t.strictSame(onAir(), ['composed 1', 'mix']);
  tracks.screen.lose();
  await settle();
  t.strictSame([onAir(), parts.open], [['mix'], []], 'without any picture nothing is drawn: the publisher has its own card');
  t.equal(joints(), 2);
});

t.test('a capture’s devices are followed as they change, before those before them are stopped', async (t) => {
  const { parts, composition, onAir } = bench(t);
  const devices = new FakeDevices();
  const capture = new LiveCapture(devices.parts);
  t.teardown(() => capture.close());
  const chosen = capture.choose({ picture: 'both', microphone: true, quality: defaultQuality });
  devices.last.give();
  await settle();
  devices.last.give();
  await chosen;
  await composition.use(capture);
  t.strictSame(parts.last?.taken, { screen: 'screen', camera: 'webcam' });
  t.strictSame(parts.levels, { headset: 1, 'screen sound': 1 });
  const exchanged = capture.choose({ picture: 'both', microphone: true, camera: 'other', quality: defaultQuality });
  devices.last.give();
  await exchanged;
  t.strictSame(parts.last?.taken, { screen: 'screen', camera: 'other' });
  t.strictSame(onAir(), ['composed 1', 'mix']);
  composition.close();
  t.strictSame(devices.live, ['screen', 'screen sound', 'headset', 'other'], 'the devices are their opener’s to close');
});

t.test('once closed it is over: nothing is left open, and another call is told so', async (t) => {
  const { parts, composition, given } = bench(t);
  await composition.use(given);
  composition.close();
  composition.close();
  t.strictSame(parts.open, []);
  await t.rejects(composition.pause(), /closed/);
});

t.test('a browser that cannot draw is told, and what was on air before stays', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  await composition.use({ camera: given.camera });
  parts.failure = new TypeError('no canvas');
  await t.rejects(composition.pause(), /no canvas/);
  t.strictSame(onAir(), ['camera']);
  t.equal(composition.card, undefined, 'no pause is claimed');
  parts.failure = undefined;
  await composition.pause();
  t.strictSame(onAir(), ['composed 1']);
});

t.test('settings that there are not are refused, and change nothing', async (t) => {
  const { composition } = bench(t);
  const before = composition.settings;
  await t.rejects(composition.set({ size: 3 }), RangeError);
  t.strictSame(composition.settings, before);
});

t.test('what is asked of the drawer is bounded by the quality', async (t) => {
  const { parts, composition, given } = bench(t);
  await composition.use(given);
  await composition.set({ quality: { width: 854, height: 480, frameRate: 15 } });
  t.match(parts.last?.shown.at(-1) satisfies Drawing | undefined, { quality: { width: 854, height: 480, frameRate: 15 } });
});

t.test('a worker that dies is replaced: the same pictures in the same look, one joint, said in words, and what is dead is stopped', async (t) => {
  const { parts, composition, given, onAir, joints } = bench(t);
  const said: string[] = [];
  composition.on('warning', ({ code }) => said.push(code));
  await composition.use(given);
  await composition.set({ corner: 'top-left', nameTag: { name: 'Ann' } });
  const jointsBefore = joints();
  parts.isSlow = true;
  parts.last?.die();
  await settle();
  t.strictSame(onAir(), ['composed 1', 'mix'], 'its last picture, until there is another');
  t.strictSame(said, []);
  parts.draw();
  t.strictSame(onAir(), ['composed 2', 'mix']);
  t.strictSame([parts.last?.taken, parts.open, joints() - jointsBefore, said], [{ screen: 'screen', camera: 'camera' }, ['composed 2'], 1, ['composition-redrawn']]);
  t.match(parts.last?.shown.at(-1), { corner: 'top-left', nameTag: { name: 'Ann' } });
  parts.isSlow = false;
  await composition.set({ corner: 'top-right' });
  t.match(parts.last?.shown.at(-1), { corner: 'top-right' }, 'and it goes on');
});

t.test('a worker that dies before it has drawn what was wished keeps nobody waiting', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  parts.isSlow = true;
  const used = composition.use(given);
  await settle();
  parts.last?.die();
  const set = composition.set({ corner: 'top-left' });
  await settle();
  parts.draw();
  await Promise.all([used, set]);
  t.strictSame(onAir(), ['composed 2', 'mix']);
  t.strictSame(parts.open, ['composed 2']);
});

t.test('when workers die again and again, the page draws', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  await composition.use(given);
  for (let death = 0; death < 2; death += 1) {
    parts.last?.die();
    await settle();
  }
  t.strictSame(parts.drawers.map(({ onThePage }) => onThePage), [false, false, true]);
  t.strictSame(onAir(), ['composed 3', 'mix']);
});

t.test('whatever dies in a pause, and whatever cannot be opened then, no camera is shown', async (t) => {
  const { parts, composition, given, onAir } = bench(t);
  const seen: string[] = [];
  await composition.use({ camera: given.camera });
  await composition.pause();
  composition.follow(() => seen.push(...onAir()));
  parts.last?.die();
  await settle();
  t.strictSame(onAir(), ['composed 2']);
  parts.failure = new TypeError('no canvas');
  parts.last?.die();
  await settle();
  t.strictSame(onAir(), []);
  t.notOk(seen.includes('camera'));
  parts.failure = undefined;
  await composition.resume();
  t.strictSame(onAir(), ['camera']);
});
