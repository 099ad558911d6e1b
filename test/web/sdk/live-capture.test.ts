import t from 'tap';
import type { CaptureWish } from '../../../src/web/sdk/publishing/capture-wish.js';
import { LiveCapture } from '../../../src/web/sdk/publishing/live-capture.js';
import { defaultQuality, qualities } from '../../../src/web/sdk/quality.js';
import { FakeDevices } from './fake-devices.js';
import { installFakeMedia, settle } from './fake-media.js';

const camera: CaptureWish = { picture: 'camera', microphone: true, quality: defaultQuality };
const screen: CaptureWish = { ...camera, picture: 'screen' };
const both: CaptureWish = { ...camera, picture: 'both' };
const sound: CaptureWish = { ...camera, picture: 'none' };

interface Bench {
  readonly devices: FakeDevices;
  readonly capture: LiveCapture;
  readonly news: string[];
  /** Labels of what is captured, picture first. */
  readonly captured: () => string[];
}

function bench(t: Parameters<typeof installFakeMedia>[0]): Bench {
  installFakeMedia(t);
  const devices = new FakeDevices();
  const capture = new LiveCapture(devices.parts);
  const news: string[] = [];
  capture.on('warning', ({ code }) => news.push(code));
  capture.on('recovered', ({ code }) => {
    if (news.includes(code) && !news.includes(`${code} recovered`)) news.push(`${code} recovered`);
  });
  t.teardown(() => capture.close());
  return { devices, capture, news, captured: () => capture.media.getTracks().map(({ label }) => label) };
}

async function open(bench: Bench, wish: CaptureWish): Promise<void> {
  const chosen = bench.capture.choose(wish);
  bench.devices.last.give();
  await chosen;
}

t.test('a screen chosen while the camera opens is what is captured, and the late camera is closed', async (t) => {
  const { devices, capture, captured } = bench(t);
  const early = capture.choose(camera);
  const late = capture.choose({ ...screen, microphone: false });
  devices.requests[1]?.give();
  await late;
  t.strictSame(captured(), ['screen', 'screen sound']);
  devices.requests[0]?.give();
  await early;
  t.strictSame(captured(), ['screen', 'screen sound']);
  t.strictSame(devices.live, ['screen', 'screen sound'], 'no device is open that is not wished');
});

t.test('“No microphone” chosen while the camera opens anew: no sound is captured, then or later', async (t) => {
  const { devices, capture, captured, ...rest } = bench(t);
  await open({ devices, capture, captured, ...rest }, camera);
  void capture.choose({ ...camera, camera: 'other' });
  const silent = capture.choose({ ...camera, camera: 'other', microphone: false });
  t.strictSame(captured(), ['webcam'], 'it is off at once, before the camera is there');
  for (const request of devices.requests.slice(1)) request.give();
  await silent;
  t.strictSame(captured(), ['other']);
  t.strictSame(devices.live, ['other']);
});

t.test('wishes in any order, answered in any order: what was wished last is captured, and nothing else is open', async (t) => {
  const wishes = [camera, screen, both, sound, { ...camera, microphone: false }, { ...camera, camera: 'other', music: true }];
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 60; round += 1) {
    const { devices, capture, captured } = bench(t);
    const chosen: Promise<void>[] = [];
    const unanswered: (typeof devices.requests)[number][] = [];
    let seen = 0;
    for (let step = 0; step < 12; step += 1) {
      const wish = wishes[random(wishes.length)] ?? camera;
      if (random(2) === 0 || step === 11) chosen.push(capture.choose(wish).catch(() => undefined));
      await settle();
      unanswered.push(...devices.requests.slice(seen));
      seen = devices.requests.length;
      const [request] = unanswered.length > 0 && random(3) > 0 ? unanswered.splice(random(unanswered.length), 1) : [];
      if (random(5) === 0) request?.refuse('NotAllowedError');
      else request?.give();
    }
    // Answers may lead to further questions.
    for (const request of devices.requests) {
      request.give();
      await settle();
    }
    await Promise.all(chosen);
    const wish = capture.wish;
    const shown = Object.values(capture.devices).length;
    t.equal(devices.live.filter((label) => label !== 'screen sound').length, shown, `round ${String(round)}: ${devices.live.join(', ')} are open, ${captured().join(', ')} captured`);
    t.equal(capture.devices.microphone !== undefined, wish !== undefined && wish.microphone !== false, `round ${String(round)}`);
    t.equal(capture.devices.screen !== undefined, wish?.picture === 'screen' || wish?.picture === 'both', `round ${String(round)}`);
    t.equal(capture.devices.camera !== undefined, wish?.picture === 'camera' || wish?.picture === 'both', `round ${String(round)}`);
  }
});

t.test('for a composition screen and camera are open together; *Stop sharing* leaves the camera, which is not asked for again', async (t) => {
  const all = bench(t);
  await open(all, camera);
  const chosen = all.capture.choose(both);
  const [shared] = all.devices.last.give();
  await chosen;
  t.strictSame(all.devices.live, ['webcam', 'headset', 'screen', 'screen sound']);
  t.strictSame(Object.entries(all.capture.tracks).map(([kind, { label }]) => `${kind}: ${label}`).sort(), ['camera: webcam', 'microphone: headset', 'screen: screen', 'screenSound: screen sound']);
  t.strictSame(all.captured(), ['screen', 'mix'], 'who takes one picture gets the screen');
  shared?.lose();
  await settle();
  t.equal(all.devices.requests.length, 2);
  t.equal(all.capture.wish?.picture, 'camera');
  t.strictSame(all.captured(), ['webcam', 'mix']);
  t.strictSame(all.news, ['sharing-stopped']);
});

t.test('a camera that is lost beside a screen leaves it, and is told so; plugged in again it comes back', async (t) => {
  const all = bench(t);
  await open(all, camera);
  const chosen = all.capture.choose(both);
  all.devices.last.give();
  await chosen;
  const said: string[] = [];
  all.capture.on('warning', ({ message }) => said.push(message));
  const lost = all.devices.tracks.find(({ label }) => label === 'webcam');
  lost?.lose();
  await settle();
  all.devices.last.refuse('NotFoundError');
  await settle();
  t.match(said, [/the screen alone/]);
  t.strictSame(all.captured(), ['screen', 'mix']);
  t.equal(all.capture.wish?.picture, 'both');
  all.devices.plug({ kind: 'videoinput', deviceId: 'webcam' });
  await settle();
  all.devices.last.give();
  await settle();
  t.equal(all.capture.tracks.camera?.label, 'webcam');
  t.strictSame(all.news, ['picture-lost', 'picture-lost recovered']);
});

t.test('who follows the devices has the new ones before the old are stopped', async (t) => {
  const all = bench(t);
  await open(all, camera);
  const states: string[] = [];
  const before = all.capture.tracks.camera;
  all.capture.on('devices', () => states.push(`${all.capture.tracks.camera?.label ?? 'none'}, before: ${before?.readyState ?? ''}`));
  await open(all, { ...camera, camera: 'other' });
  t.match(states.at(-1), 'other, before: live');
  t.equal(before?.readyState, 'ended');
});

t.test('a wish that fails leaves what is open, is told, and is no longer the wish', async (t) => {
  const all = bench(t);
  await open(all, camera);
  const refused = all.capture.choose(screen);
  all.devices.last.refuse('NotAllowedError');
  await t.rejects(refused, /not shared/);
  t.strictSame(all.captured(), ['webcam', 'headset']);
  t.strictSame(all.capture.wish, camera);
  t.equal(all.capture.opening, false);
});

t.test('only what changes is opened: a microphone is exchanged without asking for the screen again', async (t) => {
  const all = bench(t);
  const chosen = all.capture.choose(screen);
  all.devices.last.give();
  await settle();
  all.devices.last.give();
  await chosen;
  t.strictSame(all.captured(), ['screen', 'mix'], 'its own sound and the voice are one');
  await open(all, { ...screen, microphone: 'usb' });
  t.strictSame(all.captured(), ['screen', 'mix'], 'with the same track as before');
  t.strictSame(all.devices.mixed.at(-1)?.map(({ label }) => label), ['screen sound', 'usb']);
  t.strictSame(all.devices.requests.map(({ kinds }) => kinds.join()), ['screen,screen sound', 'microphone', 'microphone']);
  t.strictSame(all.devices.live, ['screen', 'screen sound', 'usb']);
});

t.test('a microphone that is lost behind the mixer is replaced by the default one, told, and comes back when it is plugged in', async (t) => {
  const all = bench(t);
  const chosen = all.capture.choose({ ...screen, microphone: 'usb' });
  all.devices.last.give();
  await settle();
  const [usb] = all.devices.last.give();
  await chosen;
  usb?.lose();
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame(all.devices.mixed.at(-1)?.map(({ label }) => label), ['screen sound', 'headset']);
  t.strictSame(all.news, ['sound-lost', 'sound-lost recovered', 'sound-replaced']);
  all.devices.plug({ kind: 'audioinput', deviceId: 'headset' }, { kind: 'audioinput', deviceId: 'usb' });
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame(all.devices.mixed.at(-1)?.map(({ label }) => label), ['screen sound', 'usb']);
  t.equal(all.news.at(-1), 'sound-replaced recovered');
  t.strictSame(all.devices.live, ['screen', 'screen sound', 'usb']);
});

t.test('where there is no other device the loss is told, and any that is plugged in is taken', async (t) => {
  const all = bench(t);
  await open(all, camera);
  all.devices.plugged = [];
  all.devices.tracks[0]?.lose();
  await settle();
  all.devices.last.refuse('NotFoundError');
  await settle();
  t.strictSame(all.captured(), ['headset']);
  t.strictSame(all.news, ['picture-lost']);
  all.devices.plug({ kind: 'videoinput', deviceId: 'another' });
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame(all.captured(), ['another', 'headset']);
  t.strictSame(all.news, ['picture-lost', 'picture-lost recovered']);
});

t.test('a chosen device that is unplugged stays the wish over other changes, is replaced meanwhile, and comes back', async (t) => {
  const all = bench(t);
  const usb: CaptureWish = { ...camera, microphone: 'usb' };
  await open(all, usb);
  all.devices.tracks[1]?.lose();
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame([all.captured(), all.capture.wish], [['webcam', 'headset'], usb]);
  // The screen beside it, and back: the camera is opened anew, and the microphone not at all.
  await open(all, { ...usb, picture: 'screen' });
  await open(all, usb);
  t.strictSame(all.capture.wish, usb);
  t.strictSame(all.devices.requests.slice(2).map(({ kinds }) => kinds.join()), ['screen,screen sound', 'camera']);
  // Closed meanwhile, it is no longer known as lost; it is found missing when it is asked for.
  await all.capture.choose({ ...usb, microphone: false });
  const chosen = all.capture.choose(usb);
  all.devices.last.refuse('OverconstrainedError');
  await settle();
  t.equal((all.devices.last.constraints.audio as MediaTrackConstraints).deviceId, undefined);
  all.devices.last.give();
  await chosen;
  t.strictSame([all.captured().at(-1), all.capture.wish, all.news.at(-1)], ['mix', usb, 'sound-replaced']);
  t.equal(all.capture.devices.microphone?.label, 'headset');
  const back = [{ kind: 'audioinput', deviceId: 'headset' }, { kind: 'audioinput', deviceId: 'usb' }] as const;
  // One that was plugged in just now may not open yet.
  all.devices.plug(...back);
  await settle();
  all.devices.last.refuse('NotReadableError');
  await settle();
  all.devices.last.refuse('NotReadableError');
  await settle();
  all.devices.plug(...back);
  await settle();
  // Another wish at this very moment takes nothing from it.
  const opening = all.devices.last;
  await all.capture.choose({ ...usb, quality: qualities[0] });
  opening.give();
  await settle();
  all.devices.last.give();
  await settle();
  t.equal(all.capture.devices.microphone?.label, 'usb');
  t.strictSame(all.devices.live.sort(), ['usb', 'webcam']);
});

t.test('while a device is missing and nothing stands in for it, other choices are followed all the same', async (t) => {
  const all = bench(t);
  await open(all, { ...camera, camera: 'usb' });
  all.devices.plugged = [{ kind: 'audioinput', deviceId: 'headset' }];
  all.devices.tracks[0]?.lose();
  await settle();
  all.devices.last.refuse('NotFoundError');
  await settle();
  const chosen = all.capture.choose({ ...camera, camera: 'usb', microphone: 'other' });
  all.devices.last.give();
  await settle();
  for (let asked = 0; asked < 2; asked += 1) {
    all.devices.last.refuse('NotFoundError');
    await settle();
  }
  await chosen;
  t.strictSame([all.captured(), all.capture.wish?.camera], [['other'], 'usb']);
  all.devices.plug({ kind: 'videoinput', deviceId: 'usb' });
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame(all.captured(), ['usb', 'other']);
});

t.test('a device that was plugged in again while something else was being opened comes back after that', async (t) => {
  const all = bench(t);
  await open(all, { ...sound, microphone: 'usb' });
  all.devices.tracks[0]?.lose();
  await settle();
  all.devices.last.give();
  await settle();
  const chosen = all.capture.choose({ ...camera, microphone: 'usb' });
  all.devices.plug({ kind: 'audioinput', deviceId: 'headset' }, { kind: 'audioinput', deviceId: 'usb' });
  await settle();
  all.devices.last.give();
  await chosen;
  await settle();
  all.devices.last.give();
  await settle();
  t.equal(all.capture.devices.microphone?.label, 'usb');
});

t.test('sharing that the browser’s own button stopped goes back to the camera, if there was one, else to no picture', async (t) => {
  const all = bench(t);
  await open(all, camera);
  await open(all, screen);
  t.strictSame(all.devices.live, ['headset', 'screen', 'screen sound'], 'the camera is closed while the screen is shown');
  all.devices.tracks[2]?.lose();
  await settle();
  all.devices.last.give();
  await settle();
  t.strictSame(all.captured().slice(0, 1), ['webcam']);
  t.equal(all.capture.wish?.picture, 'camera');
  t.strictSame(all.news, ['sharing-stopped'], 'that the camera stands in for it takes nothing back of what was said');
  await open(all, screen);
  t.equal(all.news.at(-1), 'sharing-stopped recovered');

  const never = bench(t);
  await open(never, { ...screen, microphone: false });
  never.devices.tracks[0]?.lose();
  await settle();
  t.equal(never.capture.wish?.picture, 'none', 'a camera that was never chosen stays closed');
  t.strictSame(never.devices.live, []);
});

t.test('a device that is lost while another one is being chosen does not come back under that choice', async (t) => {
  const all = bench(t);
  await open(all, camera);
  all.devices.tracks[1]?.lose();
  await settle();
  const [substitute] = all.devices.requests.slice(1);
  await all.capture.choose({ ...camera, microphone: false });
  substitute?.give();
  await settle();
  t.strictSame(all.devices.live, ['webcam']);
});

t.test('a camera that is busy since the one before is still open is asked for again when that is closed', async (t) => {
  const all = bench(t);
  await open(all, { ...camera, facing: 'user' });
  const turned = all.capture.choose({ ...camera, facing: 'environment' });
  t.strictSame((all.devices.last.constraints.video as MediaTrackConstraints).facingMode, { ideal: 'environment' });
  all.devices.last.refuse('NotReadableError');
  await settle();
  t.strictSame(all.devices.live, ['headset']);
  all.devices.last.give();
  await turned;
  t.equal(all.captured().length, 2);
});

t.test('speech is cleaned, music is not', async (t) => {
  const all = bench(t);
  await open(all, sound);
  t.match(all.devices.last.constraints.audio, { echoCancellation: true, noiseSuppression: true, autoGainControl: true });
  await open(all, { ...sound, music: true });
  t.match(all.devices.last.constraints.audio, { echoCancellation: false, noiseSuppression: false, autoGainControl: false });
});

t.test('another quality is asked of the camera that is open', async (t) => {
  const all = bench(t);
  await open(all, camera);
  await all.capture.choose({ ...camera, quality: qualities[0] });
  t.equal(all.devices.requests.length, 1);
  t.match(all.devices.tracks[0]?.asked.at(-1), { height: { ideal: 480 } });
});

t.test('what opens after it was closed is closed', async (t) => {
  const { devices, capture } = bench(t);
  const chosen = capture.choose(camera).catch(() => undefined);
  capture.close();
  devices.last.give();
  await Promise.race([chosen, settle()]);
  t.strictSame(devices.live, []);
  await t.rejects(capture.choose(camera), TypeError);
});
