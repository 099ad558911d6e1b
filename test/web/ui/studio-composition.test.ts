import t from 'tap';
import { settle } from '../sdk/fake-media.js';
import { bench, broadcast, type Bench } from './studio-bench.js';

/** Everything that is asked for opens. */
async function giveAll({ devices }: Bench): Promise<void> {
  for (const request of devices.requests) {
    request.give();
    await settle();
  }
}

t.test('“Both” chosen while live: the camera stays on air until screen and camera are there together, and that is one joint', async (t) => {
  const all = bench(t);
  const { session, devices, composing, onAirNow, joints, goLive } = all;
  await goLive();
  const seen = joints();
  session.choose({ picture: 'both' });
  await settle();
  t.strictSame(onAirNow(), ['webcam', 'headset'], 'while the browser asks which screen');
  t.equal(composing.drawers.length, 0);
  devices.last.give();
  await settle();
  t.strictSame(seen, ['composed 1 + mix']);
  t.strictSame(composing.last?.taken, { screen: 'screen', camera: 'webcam' });
  t.strictSame(devices.live, ['webcam', 'headset', 'screen', 'screen sound']);
});

t.test('a question for the screen that is answered with no leaves the camera on air, without a joint, and is told', async (t) => {
  const all = bench(t);
  const { session, devices, onAirNow, joints, failures, state, goLive } = all;
  await goLive();
  const seen = joints();
  session.choose({ picture: 'both' });
  devices.last.refuse('NotAllowedError');
  await settle();
  t.strictSame([onAirNow(), seen], [['webcam', 'headset'], []]);
  t.strictSame(failures, ['source: permission-denied']);
  t.equal(state().wish.picture, 'camera');
});

t.test('*Stop sharing* goes back to the camera, and nothing draws any more', async (t) => {
  const all = bench(t);
  const { session, devices, composing, onAirNow, state } = all;
  session.choose({ picture: 'both' });
  void session.goLive(broadcast);
  await giveAll(all);
  all.publishers[0]?.take();
  t.strictSame(onAirNow(), ['composed 1', 'mix']);
  devices.tracks.find(({ label }) => label === 'screen')?.lose();
  await settle();
  t.equal(onAirNow()[0], 'webcam');
  t.equal(state().wish.picture, 'camera');
  t.strictSame(composing.open, []);
  t.strictSame(devices.live, ['webcam', 'headset']);
});

t.test('a lost camera leaves the screen', async (t) => {
  const all = bench(t);
  const { session, devices, onAirNow } = all;
  session.choose({ picture: 'both' });
  void session.goLive(broadcast);
  await giveAll(all);
  all.publishers[0]?.take();
  devices.tracks.find(({ label }) => label === 'webcam')?.lose();
  await settle();
  devices.last.refuse('NotFoundError');
  await settle();
  t.equal(onAirNow()[0], 'screen');
});

t.test('a pause shows the card and mutes what it says, and is told as such only when viewers see it; afterwards all is as before', async (t) => {
  const all = bench(t);
  const { session, composing, onAirNow, joints, state, goLive } = all;
  await goLive();
  const seen = joints();
  composing.isSlow = true;
  session.setPaused(true, 'An evening');
  session.setPaused(true, 'An evening');
  await settle();
  t.equal(state().pause, 'starting');
  t.strictSame(onAirNow(), ['webcam', 'headset']);
  composing.draw();
  await settle();
  t.equal(state().pause, 'on');
  t.strictSame(onAirNow(), ['composed 1', 'mix']);
  t.strictSame(composing.levels, { headset: 0 });
  t.match(composing.last?.shown.at(-1)?.pause, { title: 'An evening' });
  session.describe({ title: 'A night' });
  await settle();
  t.match(composing.last?.shown.at(-1)?.pause, { title: 'A night' }, 'the card follows the title');
  session.setPaused(false);
  await settle();
  t.equal(state().pause, 'no');
  t.strictSame(seen, ['composed 1 + mix', 'webcam + headset'], 'a joint there and a joint back');
  t.strictSame(composing.open, []);
});

t.test('a pause that is to be heard leaves the sound on', async (t) => {
  const all = bench(t);
  all.session.compose({ mutesInPause: false });
  await all.goLive();
  all.session.setPaused(true);
  await settle();
  t.strictSame(all.composing.levels, { headset: 1 });
  t.strictSame(all.composing.last?.shown.at(-1)?.pause?.mutes, []);
});

t.test('pressed again and again while it opens, a pause is on or off as it was pressed last, and nothing is left open', async (t) => {
  let seed = 5;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 40; round += 1) {
    const all = bench(t);
    const { session, composing, onAirNow, state } = all;
    await all.goLive();
    composing.isSlow = true;
    let isPaused = false;
    for (let press = 0; press < 9; press += 1) {
      isPaused = random(2) === 0;
      session.setPaused(isPaused);
      if (random(2) === 0) await settle();
      if (random(3) === 0) composing.draw();
    }
    await settle();
    composing.draw();
    await settle();
    t.equal(state().pause, isPaused ? 'on' : 'no', `round ${String(round)}`);
    t.equal(onAirNow()[0]?.startsWith('composed'), isPaused, `round ${String(round)}`);
    t.equal(composing.open.length, isPaused ? 1 : 0, `round ${String(round)}`);
  }
});

t.test('what cannot be composed is told, is no longer shown as chosen, and what was on air stays', async (t) => {
  const all = bench(t);
  const { session, composing, failures, state, onAirNow, joints } = all;
  await all.goLive();
  const seen = joints();
  composing.failure = new Error('did not load');
  session.setPaused(true);
  await settle();
  t.strictSame(failures, ['source: internal']);
  t.equal(state().pause, 'no');
  t.strictSame([onAirNow(), seen], [['webcam', 'headset'], []]);
  session.choose({ picture: 'both' });
  all.devices.last.give();
  await settle();
  t.equal(state().wish.picture, 'screen', 'the screen alone');
  t.strictSame(onAirNow(), ['screen', 'mix']);
  t.strictSame(all.devices.live, ['headset', 'screen', 'screen sound'], 'and no camera is open that is not shown as open');
});

t.test('a name and levels are put on at once while live, and taken away again; before anything is open they wait', async (t) => {
  const all = bench(t);
  const { session, composing, onAirNow, state } = all;
  session.compose({ nameTag: { name: 'Ann' } });
  await settle();
  t.equal(composing.drawers.length, 0);
  await all.goLive();
  t.strictSame(onAirNow(), ['composed 1', 'mix']);
  session.compose({ nameTag: undefined, levels: { microphone: 0.5, screen: 1 } });
  await settle();
  t.strictSame(onAirNow(), ['webcam', 'mix'], 'a level draws nothing');
  t.strictSame(composing.levels, { headset: 0.5 });
  session.compose({ levels: { microphone: 1, screen: 1 } });
  await settle();
  t.strictSame(onAirNow(), ['webcam', 'headset']);
  t.strictSame(state().sounds, ['microphone']);
});

t.test('muted and hidden hold for what is composed, and afterwards', async (t) => {
  const all = bench(t);
  const { session, publishers } = all;
  await all.goLive();
  const enabled = (): boolean[] => {
    const media = publishers[0]?.options.media;
    return media !== undefined && 'media' in media ? media.media.getTracks().map((track) => track.enabled) : [];
  };
  session.setMuted('audio', true);
  session.setPaused(true);
  await settle();
  t.strictSame(enabled(), [true, false]);
  session.setPaused(false);
  await settle();
  t.strictSame(enabled(), [true, false]);
  session.setMuted('audio', false);
  t.strictSame(enabled(), [true, true]);
});

t.test('a broadcast that ends ends its pause', async (t) => {
  const all = bench(t);
  await all.goLive();
  all.session.setPaused(true);
  await settle();
  all.publishers[0]?.over(null);
  await settle();
  t.equal(all.state().pause, 'no');
  t.strictSame(all.state().media.getTracks().map(({ label }) => label), ['webcam', 'headset']);
});

t.test('whatever is chosen and pressed in any order, what is on air and open at the end is what was chosen last', async (t) => {
  const pictures = ['camera', 'screen', 'both', 'none'] as const;
  let seed = 3;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 60; round += 1) {
    const all = bench(t);
    const { session, devices, composing, onAirNow, state } = all;
    await all.goLive();
    let isPaused = false;
    for (let step = 0; step < 10; step += 1) {
      if (random(3) === 0) session.setPaused((isPaused = random(2) === 0));
      else session.choose({ picture: pictures[random(4)] ?? 'camera' });
      if (random(2) === 0) await settle();
      if (random(2) === 0) devices.requests[random(devices.requests.length)]?.give();
    }
    for (const request of devices.requests) {
      request.give();
      await settle();
    }
    const { picture } = state().wish;
    const expected = isPaused || picture === 'both' ? 'composed' : picture === 'none' ? undefined : picture === 'camera' ? 'webcam' : 'screen';
    const pictureOnAir = onAirNow().find((label) => label !== 'mix' && label !== 'headset' && label !== 'screen sound')?.replace(/ .*/, '');
    t.equal(pictureOnAir, expected, `round ${String(round)}: ${picture}${isPaused ? ', paused' : ''}`);
    t.equal(devices.live.includes('webcam'), picture === 'camera' || picture === 'both', `round ${String(round)}: the camera’s light`);
    t.equal(devices.live.includes('screen'), picture === 'screen' || picture === 'both', `round ${String(round)}: the screen`);
    t.equal(composing.open.length, expected === 'composed' ? 1 : 0, `round ${String(round)}: drawers`);
  }
});
