import t from 'tap';
import { TimelineMap } from '../../src/web/sdk/playback/timeline-map.js';

t.test('the first timeline begins at the start of the element, whatever its media time', async (t) => {
  const map = new TimelineMap();
  t.equal(map.place({ mediaTimeSeconds: 3600, captureTimeMs: 1_000_000 }, 3600.5, undefined), -3600.5);
  t.equal(map.captureTimeMs(0), 1_000_500);
  t.equal(map.captureTimeMs(2.25), 1_002_750);
});

t.test('a new timeline goes right behind what is buffered, and each keeps its own capture times', async (t) => {
  const map = new TimelineMap();
  map.place({ mediaTimeSeconds: 0, captureTimeMs: 10_000 }, 0, undefined);
  t.equal(map.place({ mediaTimeSeconds: 0, captureTimeMs: 60_000 }, 0, 8), 8);
  t.equal(map.captureTimeMs(7.5), 17_500);
  t.equal(map.captureTimeMs(8.5), 60_500);
});

t.test('after a reconnect the repeated pictures overwrite their own copies', async (t) => {
  const map = new TimelineMap();
  const offset = map.place({ mediaTimeSeconds: 100, captureTimeMs: 500_000 }, 100, undefined);
  t.equal(map.place({ mediaTimeSeconds: 104, captureTimeMs: 504_005 }, 104, 5), offset);
});

t.test('after a reconnect that missed media there is a hole to jump over, and no longer one', async (t) => {
  const map = new TimelineMap();
  map.place({ mediaTimeSeconds: 100, captureTimeMs: 500_000 }, 100, undefined);
  const offset = map.place({ mediaTimeSeconds: 120, captureTimeMs: 520_000 }, 120, 5);
  t.ok(Math.abs(120 + offset - 5.2) < 1e-9);
  t.ok(Math.abs((map.captureTimeMs(6.2) ?? 0) - 521_000) < 1e-3);
});

t.test('over a joint each track goes on behind its own end, though the buffer ends where the shorter one does', async (t) => {
  for (const soundIsShorterBySeconds of [0, 0.004, 0.02, 0.13]) {
    const map = new TimelineMap();
    const offset = map.place({ mediaTimeSeconds: 100, captureTimeMs: 500_000 }, 100, undefined);
    const endSeconds = 105;
    const next = map.place({ mediaTimeSeconds: endSeconds, captureTimeMs: 900_000 }, endSeconds, endSeconds + offset - soundIsShorterBySeconds);
    t.ok(Math.abs(next - offset) < 1e-9, `the first picture is ${String(Math.round((next - offset) * 1000))} ms before the end of the last one`);
  }
});

t.test('before anything was placed nothing is claimed', async (t) => {
  t.equal(new TimelineMap().captureTimeMs(1), undefined);
});

t.test('a corrected clock changes when the newest timeline was captured, and nothing else', async (t) => {
  const map = new TimelineMap();
  map.place({ mediaTimeSeconds: 0, captureTimeMs: 10_000 }, 0, undefined);
  map.place({ mediaTimeSeconds: 0, captureTimeMs: 60_000 }, 0, 8);
  map.correct({ mediaTimeSeconds: 1, captureTimeMs: 60_700 });
  t.equal(map.captureTimeMs(7.5), 17_500);
  t.equal(map.captureTimeMs(9.5), 61_200);
});
