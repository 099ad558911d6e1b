import t from 'tap';
import { SlowLineWatch } from '../../src/web/sdk/playback/slow-line-watch.js';

/** When a line that shows this is called slow, in seconds. */
function calledSlowAt(view: (second: number) => { edgeBehindMs: number | undefined; answerDelayMs: number; silentMs?: number; skipped?: boolean }): number | undefined {
  const watch = new SlowLineWatch();
  for (let second = 0; second < 300; second += 0.2) {
    const { skipped, silentMs = 100, ...rest } = view(second);
    if (skipped === true) watch.skipped(second * 1000);
    if (watch.look({ nowMs: second * 1000, silentMs, ...rest })) return Math.round(second);
  }
  return undefined;
}

t.test('a line that carries less than the stream is known within seconds of falling behind', async (t) => {
  // 1.5 Mbit/s over 1.3: 0.13 s more every second, in the media and in every answer alike.
  const behindMs = (second: number): number => 200 + second * 133;
  t.equal(calledSlowAt((second) => ({ edgeBehindMs: behindMs(second), answerDelayMs: behindMs(second) })), 19);
});

t.test('a broadcaster who falls behind is not the viewer’s line', async (t) => {
  t.equal(calledSlowAt((second) => ({ edgeBehindMs: 200 + second * 133, answerDelayMs: 40 })), undefined);
});

t.test('a hiccup, a far-away viewer and a stream that was always late are not slow lines', async (t) => {
  t.equal(calledSlowAt((second) => ({ edgeBehindMs: second > 10 && second < 13 ? 3_000 : 200, answerDelayMs: 3_000 })), undefined);
  t.equal(calledSlowAt(() => ({ edgeBehindMs: 900, answerDelayMs: 800 })), undefined);
  t.equal(calledSlowAt(() => ({ edgeBehindMs: 8_000, answerDelayMs: 1_500 })), undefined);
  t.equal(calledSlowAt(() => ({ edgeBehindMs: undefined, answerDelayMs: 5_000 })), undefined);
});

t.test('the server’s word counts: skipped twice within half a minute is slow, once an hour is not', async (t) => {
  const fine = { edgeBehindMs: 200, answerDelayMs: 40 };
  const at = (...seconds: number[]) => (second: number) => ({ ...fine, skipped: seconds.some((each) => Math.abs(each - second) < 0.05) });
  t.equal(calledSlowAt(at(10, 25)), 25);
  t.equal(calledSlowAt(at(10, 100, 200)), undefined);
});

t.test('a line that is gone is not slow, however long it is gone and whatever was asked over it', async (t) => {
  const sinceMs = (second: number): number => Math.max(0, second - 10) * 1000;
  t.equal(calledSlowAt((second) => ({ edgeBehindMs: 200 + sinceMs(second), answerDelayMs: sinceMs(second), silentMs: sinceMs(second) })), undefined);
});
