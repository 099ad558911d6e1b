import t from 'tap';
import { LevelPolicy, type LevelView } from '../../../src/web/sdk/playback/level-policy.js';

const bitsPerSecond = [640_000, 1_140_000, 2_710_000];
const partSeconds = 1 / 3;
const partsInSegment = 6;
const stepMs = 20;

interface Seen {
  readonly atSeconds: number;
  readonly to: number;
}

/** Part by part at the live edge of a stream, over a line whose bit rate is the test's: what a change of level costs is loaded again, from the keyframe on. */
class Watched {
  readonly policy = new LevelPolicy();
  readonly changes: Seen[] = [];
  at = 2;
  /** When the picture stood, in seconds. */
  stoodSeconds = 0;
  tripMs = 40;
  lookEveryMs = 100;
  /** A smaller level has a keyframe with each of so many. */
  partsBetweenKeyframes = partsInSegment;
  #nowMs = 0;
  #ahead = 0.7;
  /** Of these parts all up to the last are in hand; the next is loaded. */
  #inHand = 0;
  #next = 0;
  #startMs: number | undefined;
  #bits = 0;

  watch(seconds: number, lineBitsPerSecond: number): void {
    for (const untilMs = this.#nowMs + seconds * 1000; this.#nowMs < untilMs; this.#nowMs += stepMs) {
      this.#load(lineBitsPerSecond);
      if (this.#ahead === 0) this.stoodSeconds += stepMs / 1000;
      this.#ahead = Math.max(0, this.#ahead - stepMs / 1000);
      if (this.#nowMs % this.lookEveryMs === 0) this.#look();
    }
  }

  get levels(): number[] {
    return this.changes.map(({ to }) => to);
  }

  #load(lineBitsPerSecond: number): void {
    const isMade = (this.#next + 1) * partSeconds * 1000 <= this.#nowMs;
    if (this.#startMs === undefined && isMade) [this.#startMs, this.#bits] = [this.#nowMs, 0];
    if (this.#startMs === undefined || this.#nowMs - this.#startMs < this.tripMs) return;
    this.#bits += (lineBitsPerSecond * stepMs) / 1000;
    const whole = (bitsPerSecond[this.at] ?? 0) * partSeconds;
    if (this.#bits < whole) return;
    this.policy.came({ startMs: this.#startMs, firstByteMs: this.#startMs + this.tripMs, bytes: whole / 8, durationSeconds: partSeconds }, this.#nowMs);
    this.#startMs = undefined;
    this.#next += 1;
    if (this.#next > this.#inHand) [this.#inHand, this.#ahead] = [this.#next, this.#ahead + partSeconds];
    if (this.#next % partsInSegment === 1) this.#change(this.policy.up(this.#view));
  }

  #look(): void {
    const coming = this.#startMs === undefined ? undefined : { startMs: this.#startMs, firstByteMs: this.#bits > 0 ? this.#startMs + this.tripMs : undefined, bytes: this.#bits / 8, durationSeconds: partSeconds };
    this.#change(this.policy.down(this.#view, coming));
  }

  #change(level: number | undefined): void {
    if (level === undefined) return;
    this.changes.push({ atSeconds: this.#nowMs / 1000, to: level });
    this.at = level;
    this.#startMs = undefined;
    this.#next -= this.#next % (level < bitsPerSecond.length - 1 ? this.partsBetweenKeyframes : partsInSegment);
  }

  get #view(): LevelView {
    return { nowMs: this.#nowMs, bitsPerSecond, at: this.at, aheadSeconds: this.#ahead };
  }
}

t.test('a line that carries the level is left alone, also a far one', async (t) => {
  for (const tripMs of [20, 100]) {
    const viewer = new Watched();
    viewer.tripMs = tripMs;
    viewer.watch(60, 6e6);
    t.strictSame(viewer.changes, [], `${tripMs} ms away`);
    t.equal(viewer.stoodSeconds, 0);
  }
});

t.test('from 6 Mbit/s to 0.8 and back: down to what it carries within a second, and all the way up within twenty', async (t) => {
  for (let phase = 0; phase < 2; phase += 0.1) {
    const viewer = new Watched();
    viewer.watch(10 + phase, 6e6);
    viewer.watch(20, 0.8e6);
    const [down] = viewer.changes;
    t.match(viewer.levels, [0], `${phase.toFixed(1)} s: straight to the lowest, and no further try`);
    t.ok((down?.atSeconds ?? 99) < 11 + phase, `after ${((down?.atSeconds ?? 99) - 10 - phase).toFixed(1)} s`);
    t.ok(viewer.stoodSeconds < 2.5, `the picture stood ${viewer.stoodSeconds.toFixed(1)} s`);
    const stood = viewer.stoodSeconds;
    viewer.watch(20, 6e6);
    t.strictSame(viewer.levels, [0, 1, 2], 'up one at a time');
    t.equal(viewer.stoodSeconds, stood, 'without a stall');
  }
});

t.test('with a keyframe each second in the smaller levels it stands for less than a second, even where none is waited for', async (t) => {
  const stood = (partsBetweenKeyframes: number): number[] =>
    Array.from({ length: 20 }, (_, phase) => {
      const viewer = new Watched();
      viewer.partsBetweenKeyframes = partsBetweenKeyframes;
      viewer.watch(10 + phase / 10, 6e6);
      viewer.watch(20, 0.8e6);
      return viewer.stoodSeconds;
    });
  const [seldom, often] = [stood(6), stood(3)].map((seconds) => Math.max(...seconds)) as [number, number];
  t.ok(often < 1, `${often.toFixed(2)} s in all, wherever in a segment the line falls`);
  t.ok(seldom > 1.5 * often, `${seldom.toFixed(2)} s with keyframes at segments alone`);
});

t.test('what a line is seen to carry is where it goes, not always the lowest', async (t) => {
  const viewer = new Watched();
  viewer.watch(10, 6e6);
  viewer.watch(30, 1.8e6);
  t.strictSame(viewer.levels, [1]);
});

t.test('a line a little below the level is left, too, before all in hand is played', async (t) => {
  const viewer = new Watched();
  viewer.watch(10, 6e6);
  viewer.watch(20, 2.4e6);
  t.strictSame(viewer.levels, [1]);
});

t.test('a page that was busy is no slow line: a look that is late counts for nothing', async (t) => {
  const viewer = new Watched();
  viewer.watch(10, 6e6);
  viewer.lookEveryMs = 400;
  viewer.watch(5, 0.8e6);
  t.strictSame(viewer.changes, []);
});

t.test('a step up that did not hold is tried again ever more rarely', async (t) => {
  const viewer = new Watched();
  viewer.at = 1;
  // Free while little is asked of it, and slow as soon as there is more: a line with a burst in hand.
  for (let second = 0; second < 120; second += 1) viewer.watch(1, viewer.at === 2 ? 1.5e6 : 6e6);
  const ups = viewer.changes.filter(({ to }) => to === 2).map(({ atSeconds }) => atSeconds);
  t.ok(ups.length >= 3 && ups.length <= 6, `up at ${ups.join(' ')} s`);
  const waits = ups.slice(1).map((at, index) => at - (ups[index] ?? 0));
  t.ok(waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0)), `waits: ${waits.map((wait) => wait.toFixed(0)).join(' ')} s`);
});

t.test('nothing of a line is known at once: it stays where it is', async (t) => {
  const policy = new LevelPolicy();
  t.equal(policy.up({ nowMs: 60_000, bitsPerSecond, at: 0, aheadSeconds: 1 }), undefined);
  t.equal(policy.down({ nowMs: 60_000, bitsPerSecond, at: 2, aheadSeconds: 1 }, undefined), undefined);
});

t.test('a line that has just become slow is not tried with more, however fast it was', async (t) => {
  for (const newest of [6e6, 0.8e6]) {
    const policy = new LevelPolicy();
    const rates = [...Array.from({ length: 12 }, () => 6e6), newest];
    let nowMs = 5000;
    for (const rate of rates) {
      const bytes = (0.64e6 * partSeconds) / 8;
      policy.came({ startMs: nowMs, firstByteMs: nowMs, bytes, durationSeconds: partSeconds }, nowMs + (bytes * 8000) / rate);
      nowMs += partSeconds * 1000;
    }
    t.equal(policy.up({ nowMs, bitsPerSecond, at: 0, aheadSeconds: 0.5 }), newest === 6e6 ? 1 : undefined);
  }
});
