import t from 'tap';
import type { UplinkSecond } from '../../../src/web/sdk/publishing/uplink-history.js';
import { graphPaths } from '../../../src/web/ui/line-graph.js';

const second: UplinkSecond = {
  atMs: 0, connected: true, upstreamBitsPerSecond: 1e6, videoBitsPerSecond: 1e6, wantedBitsPerSecond: 1e6,
  framesPerSecond: 30, wantedFramesPerSecond: 30, backlogMs: 500, droppedMs: 0,
};

t.test('a graph of nothing is empty', async (t) => {
  t.strictSame(graphPaths([]), { carried: '', asked: '', waiting: '', dropped: '' });
});

t.test('the newest second is at the right edge, and every point lies within the graph', async (t) => {
  const seconds = Array.from({ length: 300 }, (_, index) => ({ ...second, upstreamBitsPerSecond: index * 40_000, backlogMs: index * 100, droppedMs: index === 299 ? 5 : 0 }));
  const paths = graphPaths(seconds);
  t.equal(paths.dropped, 'M300 0V64');
  for (const [name, path] of Object.entries(paths)) {
    const points = [...path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    t.ok(points.every(([x, y]) => x >= 0 && x <= 300 && y >= 0 && y <= 64), name);
  }
});
