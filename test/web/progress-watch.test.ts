import t from 'tap';
import { ProgressWatch } from '../../src/web/sdk/playback/progress-watch.js';

const gaveUpAtMs = (atSeconds: (nowMs: number) => number, shouldMove: (nowMs: number) => boolean): number | undefined => {
  const watch = new ProgressWatch();
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 1000) {
    if (watch.look({ nowMs, atSeconds: atSeconds(nowMs), shouldMove: shouldMove(nowMs) })) return nowMs;
  }
  return undefined;
};

t.test('a path that takes media in for ten seconds and shows nothing of it is given up', async (t) => {
  t.equal(gaveUpAtMs(() => 3, () => true), 10_000);
  t.equal(gaveUpAtMs((nowMs) => Math.min(nowMs, 5000), () => true), 15_000);
});

t.test('a paused viewer, and a stream from which nothing comes, are no reason to change the path', async (t) => {
  t.equal(gaveUpAtMs(() => 3, () => false), undefined);
  t.equal(gaveUpAtMs(() => 3, (nowMs) => nowMs % 8000 !== 0), undefined);
  t.equal(gaveUpAtMs((nowMs) => nowMs, () => true), undefined);
});
