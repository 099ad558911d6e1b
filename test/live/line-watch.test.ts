import t from 'tap';
import { LineWatch } from '../../src/live/line-watch.js';

/** A line with a delay, which carries so much; marks come back when all before them has. */
class Line {
  readonly watch = new LineWatch();
  bitsPerSecond: number;
  readonly #delayMs: number;
  #nowMs = 0;
  #freeAtMs = 0;
  #marks: { readonly atMs: number; readonly arrived: (nowMs: number) => void }[] = [];

  constructor({ bitsPerSecond, delayMs }: { bitsPerSecond: number; delayMs: number }) {
    this.bitsPerSecond = bitsPerSecond;
    this.#delayMs = delayMs;
  }

  /** A picture each 40 ms. */
  send(seconds: number, bitsPerSecond: number): void {
    for (let picture = 0; picture < seconds * 25; picture++) {
      this.wait(40);
      const bytes = bitsPerSecond / 8 / 25;
      this.#freeAtMs = Math.max(this.#freeAtMs, this.#nowMs) + (bytes * 8000) / this.bitsPerSecond;
      if (this.watch.sent(bytes, this.#nowMs)) this.#marks.push({ atMs: this.#freeAtMs + this.#delayMs, arrived: this.watch.mark() });
    }
  }

  wait(ms: number): void {
    this.#nowMs += ms;
    while (this.#marks[0] && this.#marks[0].atMs <= this.#nowMs) this.#marks.shift()?.arrived(this.#nowMs);
  }
}

t.test('a line that carries all it is given is not late, however far away its end is', async (t) => {
  const line = new Line({ bitsPerSecond: 6e6, delayMs: 700 });
  line.send(20, 3e6);
  t.ok(line.watch.lagSeconds < 0.1, `${line.watch.lagSeconds} s`);
  t.equal(line.watch.bitsPerSecond, undefined, 'and what it could carry is not known');
  t.equal(line.watch.drainSeconds, 0);
});

t.test('one that got slow is found late within a second, with what it carries and what is on its way', async (t) => {
  const line = new Line({ bitsPerSecond: 6e6, delayMs: 20 });
  line.send(5, 3e6);
  line.bitsPerSecond = 0.8e6;
  line.send(1, 3e6);
  t.ok(line.watch.lagSeconds > 0.5, `${line.watch.lagSeconds} s`);
  const rate = line.watch.bitsPerSecond ?? 0;
  t.ok(rate >= 0.75e6 && rate < 2e6, `at most ${rate} bit/s`);
  t.ok(line.watch.drainSeconds > 0.8, `${line.watch.drainSeconds} s are on their way`);
  line.send(3, 3e6);
  t.ok(Math.abs((line.watch.bitsPerSecond ?? 0) - 0.8e6) < 0.2e6, `later it is known: ${String(line.watch.bitsPerSecond)}`);
  line.bitsPerSecond = 6e6;
  line.send(15, 0.3e6);
  t.ok(line.watch.lagSeconds < 0.1, 'and free again when all of it has arrived');
});

t.test('who never answers a mark is asked once and never late; a server that stood still takes nobody for late', async (t) => {
  const silent = new LineWatch();
  let asked = 0;
  for (let ms = 0; ms < 20_000; ms += 40) {
    if (!silent.sent(1000, ms)) continue;
    asked++;
    silent.mark();
  }
  t.equal(asked, 1);
  t.equal(silent.lagSeconds, 0);
  const line = new Line({ bitsPerSecond: 6e6, delayMs: 20 });
  line.send(2, 1e6);
  const { watch } = line;
  watch.sent(1000, 2040);
  watch.mark();
  watch.sent(1000, 62_000);
  t.ok(watch.lagSeconds <= 0.5, `${watch.lagSeconds} s`);
});
