import t, { type Test } from 'tap';

import { messagesOf, readFixture, recordingsOf, type FixtureName } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, loudnessSwitches, soundDelay, type Decoded } from '../helpers/pictures-and-sound.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(150_000);
t.jobs = 4;

const server = await startServer(t);

/** Publishes a recording the way its browser did, watches it by HLS, and decodes both. */
async function publishAndWatch(t: Test, name: FixtureName): Promise<{ source: Decoded[]; result: Decoded[] }> {
  const fixture = readFixture(name);
  const stream = name.replace('.', '-');
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  const viewer = new HlsViewer(server.hlsUrl(stream));
  await publisher.sendPaced(messagesOf(fixture));
  const { code } = await publisher.end();
  t.equal(code, 1000, 'the broadcast ended cleanly');
  t.match(publisher.messages.map(({ type }) => type), ['ready'], 'the server greeted first');
  t.ok(publisher.messages.some(({ type }) => type === 'live'), 'the server said when it was on air');
  t.match(publisher.messages.findLast(({ type }) => type === 'ack'), { received: fixture.bytes.length }, 'every byte was acknowledged');
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), [], 'its playlists broke no rule');
  t.strictSame([...multivariantViolations(viewer.multivariant)], []);
  t.ok(viewer.segments.length >= 4, `${String(viewer.segments.length)} segments were watched`);
  const recordings = recordingsOf(fixture);
  const timelines = await viewer.timelines();
  t.equal(timelines.length, recordings.length, 'one timeline a recording');
  return {
    source: await Promise.all(recordings.map((bytes) => decode(t, bytes))),
    result: await Promise.all(timelines.map(({ bytes }) => decode(t, bytes))),
  };
}

/** The numbers of all pictures, in order. */
const numbersOf = (decoded: readonly Decoded[]): number[] => decoded.flatMap(({ pictures }) => pictures.map(({ number }) => number));

/** Sound and picture stay together: within 50 ms of how they were recorded. */
function checkSync(t: Test, source: readonly Decoded[], result: readonly Decoded[]): void {
  for (const [index, recording] of source.entries()) {
    const timeline = result[index];
    if (!timeline) continue; // its absence has been told already
    const delay = soundDelay(recording, timeline);
    t.ok(Math.abs(delay) <= 0.05, `recording ${String(index)}: sound is ${(delay * 1_000).toFixed(0)} ms off the picture`);
  }
}

for (const name of ['chromium-h264.mkv', 'chromium-h264.mp4', 'chromium-vp8.webm', 'chromium-vp9.webm'] as const) {
  t.test(`${name}: no picture is lost, doubled or out of order, and the sound stays with it`, async (t) => {
    const { source, result } = await publishAndWatch(t, name);
    t.strictSame(numbersOf(result), numbersOf(source));
    checkSync(t, source, result);
  });
}

t.test('chromium-restart-vp8.webm: a restarted recorder goes on in the same broadcast, over a discontinuity', async (t) => {
  const { source, result } = await publishAndWatch(t, 'chromium-restart-vp8.webm');
  t.strictSame(numbersOf(result), numbersOf(source));
  checkSync(t, source, result);
});

t.test('chromium-still-vp8.webm: a picture that hardly changes is shown as it was, with its sound', async (t) => {
  const { source, result } = await publishAndWatch(t, 'chromium-still-vp8.webm');
  const seen = numbersOf(result);
  // A segment must begin with a keyframe: a still picture may be repeated, but never out of turn.
  t.strictSame(seen.filter((number, index) => number !== seen[index - 1]), numbersOf(source));
  checkSync(t, source, result);
});

t.test('chromium-audio.webm: sound without a picture is a broadcast too', async (t) => {
  const { source, result } = await publishAndWatch(t, 'chromium-audio.webm');
  t.strictSame(numbersOf(result), []);
  const [recorded, heard] = [source, result].map((decoded) => loudnessSwitches(decoded[0]?.loudness ?? new Float64Array()));
  // The first tenths of a second are an encoder settling.
  const settled = (times: number[] = []): number[] => times.filter((time) => time > 0.2);
  t.equal(settled(heard).length, settled(recorded).length, 'every change of loudness is heard');
  const shifts = settled(heard).map((time, index) => Math.abs(time - (settled(recorded)[index] ?? Infinity)));
  t.ok(Math.max(...shifts) < 0.05, `and at its time: ${String(Math.max(...shifts))} s off at most`);
});

t.test('firefox-vp8.webm: the other browser, whose keyframes are far apart', async (t) => {
  const { source, result } = await publishAndWatch(t, 'firefox-vp8.webm');
  t.equal(numbersOf(result).length, numbersOf(source).length, 'as many pictures as were recorded');
  const [recorded = 0, watched = 0] = [source, result].map((decoded) => decoded[0]?.loudness.length ?? 0);
  t.ok(Math.abs(recorded - watched) < 100, `as much sound as was recorded: ${String(recorded)} ms, then ${String(watched)} ms`);
});
