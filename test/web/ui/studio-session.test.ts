import t from 'tap';
import { OnairError } from '../../../src/web/sdk/errors.js';
import type { PublisherStats } from '../../../src/web/sdk/publisher-events.js';
import { qualities } from '../../../src/web/sdk/quality.js';
import { settle } from '../sdk/fake-media.js';
import { bench, broadcast } from './studio-bench.js';

t.test('a screen chosen while the camera opens is what goes on air', async (t) => {
  const { session, devices, publishers, onAirNow } = bench(t);
  void session.openDevices();
  session.choose({ picture: 'screen' });
  void session.goLive(broadcast);
  for (const request of devices.requests) {
    request.give();
    await settle();
  }
  t.equal(publishers.length, 1);
  t.strictSame(onAirNow(), ['screen', 'mix']);
  t.strictSame(devices.live, ['screen', 'screen sound', 'headset'], 'the camera that came late is closed, also its light');
});

t.test('“No microphone” chosen while the camera opens: no sound goes on air', async (t) => {
  const { session, devices, onAirNow } = bench(t);
  void session.openDevices();
  session.choose({ microphone: false });
  void session.goLive(broadcast);
  for (const request of devices.requests) {
    request.give();
    await settle();
  }
  t.strictSame(onAirNow(), ['webcam']);
  t.strictSame(devices.live, ['webcam']);
});

t.test('“Go live” pressed while the page opens its devices leaves one capture, which closes with the choice', async (t) => {
  const { session, devices, publishers, passMs } = bench(t);
  void session.openDevices();
  void session.goLive(broadcast);
  for (const request of devices.requests) {
    request.give();
    await settle();
  }
  publishers[0]?.take();
  t.strictSame(devices.live, ['webcam', 'headset']);
  passMs(5_000);
  session.end();
  await settle();
  session.choose({ picture: 'none', microphone: false });
  t.strictSame(devices.live, []);
});

t.test('a double click on “Go live” goes live once, and ends nothing', async (t) => {
  const { session, devices, publishers, state, passMs } = bench(t);
  void session.goLive(broadcast);
  void session.goLive(broadcast);
  devices.last.give();
  await settle();
  session.end();
  publishers[0]?.take();
  passMs(300);
  session.end();
  await settle();
  t.equal(publishers.length, 1);
  t.strictSame(publishers[0]?.calls.filter((call) => call === 'end'), []);
  t.equal(state().air, 'live');
});

t.test('ending asks while people watch, and asks nothing while nobody does', async (t) => {
  const { session, publishers, state, passMs, goLive } = bench(t);
  await goLive();
  passMs(2_000);
  publishers[0]?.emit('stats', { viewers: 3 } as PublisherStats);
  session.end();
  t.equal(state().ending, 'asked');
  session.goOn();
  t.equal(state().ending, 'no');
  t.equal(state().air, 'live');
  session.end();
  session.end();
  await session.endNow();
  await session.endNow();
  t.strictSame(publishers[0]?.calls.filter((call) => call === 'end'), ['end'], 'once');
  await settle();
  t.equal(state().air, 'ended');
  await goLive();
  passMs(2_000);
  session.end();
  t.equal(publishers[1]?.calls.at(-1), 'end', 'nobody watches');
});

t.test('an attempt that does not get anywhere can be given up', async (t) => {
  const { session, devices, publishers, state, passMs } = bench(t);
  void session.goLive(broadcast);
  devices.last.give();
  await settle();
  passMs(1_500);
  session.end();
  await settle();
  t.strictSame(publishers[0]?.calls, ['end']);
  t.notOk(state().going);
});

t.test('what fails is told, and it can be tried again', async (t) => {
  const { session, devices, publishers, failures, state, goLive } = bench(t);
  void session.goLive(broadcast);
  devices.last.refuse('NotAllowedError');
  await settle();
  t.strictSame(failures, ['source: permission-denied']);
  t.notOk(state().going);
  t.equal(publishers.length, 0);
  void session.goLive(broadcast);
  devices.last.give();
  await settle();
  publishers[0]?.refuse(new OnairError('unauthorized', 'wrong key'));
  await settle();
  t.strictSame(failures, ['source: permission-denied', 'broadcast: unauthorized']);
  t.notOk(state().going);
  await goLive();
  t.equal(state().air, 'live');
});

t.test('sources and quality change while live, without another broadcast', async (t) => {
  const { session, devices, publishers, onAirNow, state, goLive } = bench(t);
  await goLive();
  session.choose({ picture: 'screen' });
  devices.last.give();
  await settle();
  t.strictSame(onAirNow(), ['screen', 'mix']);
  session.choose({ quality: qualities[0] });
  await settle();
  t.ok(publishers[0]?.calls.includes('quality 480p'));
  devices.tracks.find(({ label }) => label === 'screen')?.lose();
  await settle();
  t.equal(state().wish.picture, 'camera', 'the form shows what the stopped sharing left');
  t.equal(publishers.length, 1);
  t.equal(state().air, 'live');
});

t.test('a choice that could not be opened is not shown as chosen', async (t) => {
  const { session, devices, state, failures, onAirNow, goLive } = bench(t);
  await goLive();
  session.choose({ camera: 'other' });
  devices.last.refuse('NotReadableError');
  await settle();
  devices.last.refuse('NotReadableError');
  await settle();
  t.strictSame(failures, ['source: device-busy']);
  t.equal(state().wish.camera, undefined);
  t.ok(onAirNow().includes('headset'), 'the sound went on');
});

t.test('mute holds over devices and broadcasts', async (t) => {
  const { session, devices, publishers, goLive } = bench(t);
  void session.openDevices();
  devices.last.give();
  await settle();
  session.setMuted('audio', true);
  t.strictSame(devices.tracks.map(({ enabled }) => enabled), [true, false]);
  await goLive();
  t.ok(publishers[0]?.calls.includes('mute audio'));
  session.choose({ microphone: 'usb' });
  devices.last.give();
  await settle();
  t.equal(devices.tracks.at(-1)?.enabled, false);
});

t.test('what was said of a broadcast is over with it; what is said of the devices is not', async (t) => {
  const { session, devices, publishers, goLive } = bench(t);
  await goLive();
  const said: string[] = [];
  session.on('warning', ({ code }) => said.push(code));
  session.on('recovered', ({ code }) => said.push(`${code} recovered`));
  publishers[0]?.emit('warning', { code: 'slow-uplink', message: 'Too slow.' });
  publishers[0]?.emit('warning', { code: 'quality-lowered', message: 'Lowered.' });
  publishers[0]?.emit('recovered', { code: 'quality-lowered' });
  devices.tracks.find(({ label }) => label === 'webcam')?.lose();
  await settle();
  devices.last.refuse('NotFoundError');
  await settle();
  t.strictSame(said, ['slow-uplink', 'quality-lowered', 'quality-lowered recovered', 'picture-lost']);
  publishers[0]?.over(null);
  await settle();
  t.strictSame(said.slice(4), ['slow-uplink recovered']);
});
