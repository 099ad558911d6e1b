import t from 'tap';
import { Publisher } from '../../../src/web/sdk/publisher.js';
import { qualities } from '../../../src/web/sdk/quality.js';
import { FakeMediaRecorder, FakeTrack, mediaOf, settle } from './fake-media.js';
import { publisherBench } from './publisher-bench.js';

const kindsOf = (recorder: FakeMediaRecorder | undefined): string[] => (recorder?.tracks ?? []).map(({ kind }) => kind);

t.test('however often it is ended, the end goes out once, after the last byte', async (t) => {
  const { publisher, recorders, last, goOnAir } = publisherBench(t);
  await goOnAir();
  FakeMediaRecorder.stopsByItself = false;
  recorders[0]?.give(1, 2);
  const ends = [publisher.end(), publisher.end()];
  await settle();
  t.strictSame(last().texts.filter(({ type }) => type === 'end'), [], 'not before the recorder’s last chunk');
  recorders[0]?.finish();
  await settle();
  t.strictSame(last().bytes, [1, 2, 19]);
  t.strictSame(last().texts.at(-1), { type: 'end' });
  t.equal(last().texts.filter(({ type }) => type === 'end').length, 1);
  last().say({ type: 'ended', message: 'over' });
  await Promise.all(ends);
  await publisher.end();
  t.equal(publisher.state, 'ended');
  t.equal(await publisher.closed, null);
});

t.test('other media goes on in the same broadcast: the last of the old comes first, then a recording with its reason', async (t) => {
  const { publisher, recorders, sockets, last, goOnAir, news, camera } = publisherBench(t);
  await goOnAir();
  FakeMediaRecorder.stopsByItself = false;
  recorders[0]?.give(1);
  const screen = new FakeTrack('video', { displaySurface: 'monitor' });
  const replaced = publisher.replaceMedia(mediaOf(screen, new FakeTrack('audio')));
  await settle();
  t.equal(recorders[1]?.state, 'recording', 'the next recorder does not wait for the end of the one before');
  recorders[1]?.give(2);
  await settle();
  t.strictSame(last().bytes, [1], 'but its bytes do');
  recorders[0]?.finish();
  await replaced;
  recorders[1]?.give(3);
  await settle();
  t.strictSame(last().bytes, [1, 19, 2, 3]);
  t.strictSame(last().texts.filter(({ type }) => type === 'recording'), [{ type: 'recording', mimeType: recorders[1]?.mimeType, reason: 'source' }]);
  t.equal(recorders[1]?.tracks[0], screen);
  t.equal(camera.readyState, 'live', 'what was given to it is left running');
  t.equal(sockets.length, 1);
  t.strictSame(news, [], 'nobody was told of an end');
});

t.test('of two changes in a row, the one in between never began', async (t) => {
  const { publisher, recorders, last, goOnAir } = publisherBench(t);
  await goOnAir();
  FakeMediaRecorder.stopsByItself = false;
  const changes = [publisher.replaceMedia(mediaOf(new FakeTrack('video'))), publisher.replaceMedia(mediaOf(new FakeTrack('video')))];
  recorders[1]?.give(2);
  recorders[2]?.give(3);
  await settle();
  t.equal(recorders[1]?.state, 'inactive');
  recorders[1]?.finish();
  recorders[0]?.finish();
  await Promise.all(changes);
  await settle();
  t.strictSame(last().bytes, [19, 3]);
});

t.test('an end that comes in the middle of a change cuts neither tail', async (t) => {
  const { publisher, recorders, last, goOnAir } = publisherBench(t);
  await goOnAir();
  FakeMediaRecorder.stopsByItself = false;
  void publisher.replaceMedia(mediaOf(new FakeTrack('video')));
  const ended = publisher.end();
  recorders[1]?.finish();
  await settle();
  recorders[0]?.finish();
  await settle();
  t.strictSame(last().bytes, [19, 29]);
  t.strictSame(last().texts.at(-1), { type: 'end' });
  last().say({ type: 'ended', message: 'over' });
  await ended;
});

t.test('media that cannot be recorded changes nothing, and says so', async (t) => {
  const { publisher, recorders, goOnAir, last } = publisherBench(t);
  await goOnAir();
  FakeMediaRecorder.failure = new Error('no such codec');
  await t.rejects(publisher.replaceMedia(mediaOf(new FakeTrack('video'))), /cannot record/);
  recorders[0]?.give(1);
  await settle();
  t.strictSame(last().bytes, [1]);
  t.equal(publisher.state, 'live');
});

t.test('a kind of track that is missing from other media is sent as silence or as a card', async (t) => {
  const { publisher, recorders, goOnAir, fillers, resize } = publisherBench(t);
  await goOnAir();
  resize({ width: 640, height: 360 });
  await publisher.replaceMedia(mediaOf(new FakeTrack('audio')));
  t.strictSame(fillers.map(({ kind, size }) => ({ kind, size })), [{ kind: 'video', size: { width: 640, height: 360 } }], 'a card of the picture’s size');
  t.strictSame(kindsOf(recorders.at(-1)), ['video', 'audio']);
  await publisher.replaceMedia(mediaOf(new FakeTrack('video')));
  t.equal(fillers[0]?.closed, true, 'which goes when there is a picture again');
  t.equal(fillers[1]?.kind, 'audio');
});

t.test('a device that is lost ends nothing: silence or a card takes its place, and it is told what to do', async (t) => {
  const { publisher, recorders, goOnAir, news, microphone, camera, passMs } = publisherBench(t);
  await goOnAir();
  microphone.lose();
  await passMs(100);
  t.strictSame(news, ['sound-lost']);
  t.strictSame(kindsOf(recorders.at(-1)), ['video', 'audio']);
  t.not(recorders.at(-1)?.tracks[1], microphone);
  t.equal(recorders.at(-1)?.tracks[0], camera, 'the picture goes on');
  await publisher.replaceMedia(mediaOf(camera, new FakeTrack('audio')));
  t.strictSame(news, ['sound-lost', 'sound-lost recovered']);
  t.equal(publisher.state, 'live');
});

t.test('a recorder whose tracks all ended, or which failed, is followed by another; one that fails at once again is not', async (t) => {
  const { publisher, recorders, goOnAir, news, passMs } = publisherBench(t);
  await goOnAir();
  recorders[0]?.finish();
  await settle();
  t.equal(recorders.length, 2);
  await passMs(20_000);
  recorders[1]?.fail();
  recorders[1]?.finish();
  await passMs(100);
  t.equal(recorders.length, 3);
  t.equal(publisher.state, 'live');
  recorders[2]?.fail();
  recorders[2]?.finish();
  await passMs(100);
  t.match(news, ['error recorder-failed', 'ended']);
});

t.test('what the system holds back is told, and told as recovered', async (t) => {
  const { goOnAir, news, microphone, camera } = publisherBench(t);
  await goOnAir();
  microphone.hold(true);
  camera.hold(true);
  camera.hold(false);
  t.strictSame(news, ['sound-held', 'picture-held', 'picture-held recovered']);
});

t.test('pictures of another size begin a recording with that reason: at once, then once a second', async (t) => {
  const { recorders, goOnAir, resize, passMs, last } = publisherBench(t);
  await goOnAir();
  resize({ width: 1280, height: 720 });
  await settle();
  t.equal(recorders.length, 1, 'the first size is no change');
  await passMs(2_000);
  resize({ width: 720, height: 1280 });
  await settle();
  t.equal(recorders.length, 2);
  for (let width = 700; width < 720; width += 1) resize({ width, height: 500 });
  await settle();
  t.equal(recorders.length, 2, 'a window that is being drawn larger');
  await passMs(1_000);
  t.equal(recorders.length, 3, 'is followed when it has its size');
  await passMs(5_000);
  t.equal(recorders.length, 3);
  recorders[2]?.give(1);
  await settle();
  t.strictSame(last().texts.filter(({ type }) => type === 'recording').map(({ reason }) => reason), ['size', 'size']);
});

t.test('another quality is asked of the camera and of the recorder', async (t) => {
  const { publisher, recorders, goOnAir, camera, news } = publisherBench(t);
  await goOnAir();
  await publisher.setQuality(qualities[0]);
  t.strictSame(news, [], 'nothing is told as recovered that was not told before');
  t.strictSame(camera.asked, [{ width: { ideal: 854 }, height: { ideal: 480 }, frameRate: { ideal: 30 } }]);
  t.equal(recorders.at(-1)?.options.videoBitsPerSecond, 1_200_000);
});

t.test('mute holds for whatever media comes next, and the device stays open', async (t) => {
  const { publisher, goOnAir, microphone } = publisherBench(t);
  await goOnAir();
  publisher.mute('audio');
  t.notOk(microphone.enabled);
  t.equal(microphone.readyState, 'live');
  const next = new FakeTrack('audio');
  await publisher.replaceMedia(mediaOf(new FakeTrack('video'), next));
  t.notOk(next.enabled);
  publisher.unmute('audio');
  t.ok(next.enabled);
  t.notOk(publisher.isMuted('audio'));
});

t.test('a recorder that gives nothing is told; one that never gave a byte, as WebKitGTK’s may do, otherwise than one that did', async (t) => {
  const now = performance.now.bind(performance);
  let laterMs = 0;
  performance.now = () => now() + laterMs;
  t.teardown(() => (performance.now = now));
  const { publisher, recorders, news, passMs, goOnAir } = publisherBench(t);
  const said: string[] = [];
  publisher.on('warning', ({ message }) => said.push(message));
  await goOnAir();
  laterMs = 5_000;
  await passMs(1_000);
  t.same(news, ['recorder-silent']);
  t.match(said.at(-1), /nothing since it began.*use a current/);
  recorders[0]?.give(1);
  await passMs(1_000);
  t.same(news, ['recorder-silent', 'recorder-silent recovered']);
  laterMs = 10_000;
  await passMs(1_000);
  t.same(news.slice(2), ['recorder-silent']);
  t.match(said.at(-1), /nothing at the moment.*camera and microphone/);
});

t.test('an address that is none, and a name that is none, are refused in words', (t) => {
  for (const url of ['', 'http://']) t.throws(() => new Publisher({ url, stream: 's', key: 'k' }), /expected a server's address .*, got/, url);
  t.throws(() => new Publisher({ url: 'https://live.example', stream: 'a b', key: 'k' }), /expected a stream name .*, got "a b"/);
  t.end();
});
