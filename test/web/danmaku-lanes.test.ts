import t from 'tap';
import { DanmakuLanes } from '../../src/web/ui/danmaku-lanes.js';

t.test('no comment runs into another one of its lane', async (t) => {
  const durationMs = 8000;
  const stageWidth = 600;
  const lanes = new DanmakuLanes({ durationMs });
  const flights: { lane: number; width: number; startMs: number }[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 170) {
    const width = 40 + ((nowMs * 7919) % 900);
    const lane = lanes.take({ stageWidth, width, nowMs }, 5);
    if (lane !== undefined) flights.push({ lane, width, startMs: nowMs });
  }
  t.ok(flights.length > 40, `${flights.length} flew`);
  const placeOf = ({ width, startMs }: { width: number; startMs: number }, atMs: number): { left: number; right: number } => {
    const left = stageWidth - ((atMs - startMs) / durationMs) * (stageWidth + width);
    return { left, right: left + width };
  };
  const collisions = flights.flatMap((a, index) =>
    flights.slice(index + 1).filter((b) => {
      if (a.lane !== b.lane || b.startMs >= a.startMs + durationMs) return false;
      return [b.startMs, a.startMs + durationMs].some((atMs) => placeOf(b, atMs).left < placeOf(a, atMs).right);
    }),
  );
  t.strictSame(collisions, []);
});

t.test('when every lane is taken a comment does not fly, and later ones do', async (t) => {
  const lanes = new DanmakuLanes({ durationMs: 8000 });
  const take = (nowMs: number): number | undefined => lanes.take({ stageWidth: 600, width: 200, nowMs }, 2);
  t.strictSame([take(0), take(0), take(0)], [0, 1, undefined]);
  t.equal(take(4000), 0);
});
