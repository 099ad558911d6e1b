import t, { type Test } from 'tap';

import { readFixture, type FixtureName } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { withLyingClock } from '../helpers/lying-clock.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(120_000);
t.jobs = 4;

const server = await startServer(t);
const hourMs = 3_600_000;

const lies: Readonly<Record<string, { readonly lie: (ms: number) => number; readonly timelines: number; readonly mayLose: number }>> = {
  // A keyframe begins every cluster of these recordings, so nothing lies between the jump and where it goes on. ffmpeg keeps
  // the last picture before it to itself if the next cluster had begun when its end was seen.
  'jumps an hour ahead': { lie: (ms) => (ms < 4000 ? ms : ms + hourMs), timelines: 2, mayLose: 1 },
  'goes back to zero': { lie: (ms) => (ms < 4000 ? ms : ms - 4000), timelines: 2, mayLose: 1 },
  'jumps a century ahead and comes back': { lie: (ms) => (ms > 3000 && ms < 6000 ? ms + 876_000 * hourMs : ms), timelines: 3, mayLose: 2 },
  'goes back by half a second': { lie: (ms) => (ms < 4000 ? ms : ms - 500), timelines: 1, mayLose: 0 },
  'begins at an hour': { lie: (ms) => ms + hourMs, timelines: 1, mayLose: 0 },
};

async function watch(t: Test, stream: string, bytes: Buffer): Promise<HlsViewer> {
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  const viewer = new HlsViewer(server.hlsUrl(stream));
  const slices = Array.from({ length: Math.ceil(bytes.length / 6000) }, (_, index) => bytes.subarray(index * 6000, (index + 1) * 6000));
  await publisher.sendPaced(slices.map((data, index) => ({ atMs: (index * 6000) / slices.length, data })));
  t.equal((await publisher.end()).code, 1000);
  await viewer.ended;
  return viewer;
}

for (const [what, { lie, timelines, mayLose }] of Object.entries(lies)) {
  for (const name of ['chromium-vp8.webm', 'chromium-h264.mkv'] as const satisfies FixtureName[]) {
    t.test(`a clock that ${what}: ${name} goes on, in order, with its sound`, async (t) => {
      const { bytes } = readFixture(name);
      const viewer = await watch(t, `${what}-${name}`.replaceAll(/[^a-z0-9]/g, '-'), withLyingClock(bytes, lie));
      t.strictSame(violations(viewer.playlists), [], 'its playlists broke no rule');
      const seconds = viewer.segments.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);
      t.ok(seconds > 8 && seconds < 12, `${seconds.toFixed(1)} s of ten were shown`);
      const spanMs = Date.parse(viewer.segments.at(-1)?.programDateTime ?? '') - Date.parse(viewer.segments[0]?.programDateTime ?? '');
      t.ok(spanMs < 15_000, `date-times go on by ${spanMs} ms`);
      const source = await decode(t, bytes);
      const seen = await Promise.all((await viewer.timelines()).map((timeline) => decode(t, timeline.bytes)));
      t.equal(seen.length, timelines);
      const numbers = seen.flatMap(({ pictures }) => pictures.map(({ number }) => number));
      t.strictSame(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'no picture is doubled or out of order');
      const lost = source.pictures.length - numbers.length;
      t.ok(lost <= mayLose, `${lost} pictures are lost`);
      for (const timeline of seen.filter(({ pictures }) => pictures.length > 45)) {
        const delay = soundDelay(source, timeline);
        t.ok(Math.abs(delay) <= 0.06, `sound is ${(delay * 1000).toFixed(0)} ms off the picture`);
      }
    });
  }
}
