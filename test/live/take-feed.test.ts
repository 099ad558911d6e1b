import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { TakeFeed } from '../../src/live/take-feed.js';
import type { SourceEvent } from '../../src/source/source-events.js';
import { TakeCutter } from '../../src/source/take-cutter.js';

const tracks = [
  { id: 1, kind: 'video', codec: 'vp8', width: 64, height: 48 },
  { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 },
] as const;
/** A picture, and sound that was announced and has not come. */
const half: SourceEvent[] = [
  { type: 'recording', offset: 0 },
  { type: 'header', header: { container: 'matroska', tracks } },
  { type: 'frame', offset: 0, track: 1, kind: 'video', timeSeconds: 0, decodeSeconds: 0, keyframe: true, bytes: Buffer.from([1, 2, 3]) },
];

function open(t: Test): { feed: TakeFeed; failures: unknown[] } {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
  const failures: unknown[] = [];
  const feed = new TakeFeed({ onNotice: () => undefined, onRefusal: () => undefined, onFailure: (error) => failures.push(error), burstSeconds: Infinity });
  return { feed, failures };
}

t.test('a track that was announced is waited for a moment, and the take begins without it', async (t) => {
  const { feed, failures } = open(t);
  await feed.push(half);
  const take = feed.next();
  mock.timers.tick(1500);
  t.strictSame((await take)?.header.tracks.map(({ kind }) => kind), ['video']);
  t.strictSame(failures, []);
});

t.test('a fault while nobody waits is the end of its broadcast, not of the server', async (t) => {
  const fault = new Error('expected a track, got none');
  mock.method(TakeCutter.prototype, 'hurry', () => {
    throw fault;
  });
  const { feed, failures } = open(t);
  await feed.push(half);
  t.doesNotThrow(() => mock.timers.tick(1500));
  t.strictSame(failures, [fault]);
});
