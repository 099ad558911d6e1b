import t from 'tap';
import { HlsPace } from '../../src/web/sdk/playback/hls-pace.js';

const partSeconds = 1 / 3;
const stepMs = 10;

/** A source, and a player that follows its pace; in seconds. Parts come whole, each so long after its end as the line takes. */
class Playing {
  readonly #pace = new HlsPace(partSeconds, 2, 0);
  nowMs = 0;
  /** What was published of the source, on the player's timeline. */
  published = 0;
  /** What stands in the way of the source: nothing of it comes before. */
  heldUntilMs = 0;
  buffered = 0;
  at = 0;
  rate = 1;
  standsMs = 0;
  timeline = 0;
  lineSeconds = 0.05;
  readonly #underWay: { readonly atMs: number; readonly end: number; readonly timeline: number }[] = [];
  #isMoving = true;

  constructor(delaySeconds: number) {
    this.published = delaySeconds - partSeconds / 2;
    this.buffered = this.published;
  }

  get delaySeconds(): number {
    return this.#sourceSeconds - this.at;
  }

  /** Where the source is by the clock, whatever was published. */
  #sourceSeconds = 0;

  pass(seconds: number): void {
    if (this.#sourceSeconds === 0) this.#sourceSeconds = this.published;
    for (const until = this.nowMs + seconds * 1000; this.nowMs < until; ) this.#step();
  }

  #step(): void {
    this.nowMs += stepMs;
    this.#sourceSeconds += stepMs / 1000;
    while (this.nowMs >= this.heldUntilMs && this.published + partSeconds <= this.#sourceSeconds) {
      this.published += partSeconds;
      this.#underWay.push({ atMs: this.nowMs + this.lineSeconds * 1000, end: this.published, timeline: this.timeline });
    }
    for (let next = this.#underWay[0]; next !== undefined && next.atMs <= this.nowMs; next = this.#underWay[0]) {
      this.#underWay.shift();
      this.#pace.came(next.timeline);
      this.#look();
      this.buffered = next.end;
    }
    const moves = this.buffered - this.at > 0.03;
    if (!moves && this.#isMoving) this.#pace.stalled();
    this.#isMoving = moves;
    if (moves) this.at += (stepMs / 1000) * this.rate;
    else this.standsMs += stepMs;
    if (this.nowMs % 250 < stepMs) this.#look();
  }

  #look(): void {
    const { rate, seekAheadSeconds } = this.#pace.look(this.nowMs, this.buffered - this.at);
    this.rate = rate;
    this.at += seekAheadSeconds;
  }
}

/** After it found its distance. */
function settled(): { readonly playing: Playing; readonly delaySeconds: number } {
  const playing = new Playing(0.75);
  playing.pass(30);
  return { playing, delaySeconds: playing.delaySeconds };
}

t.test('it stays two parts behind the edge, and stands at nothing', async (t) => {
  const { playing, delaySeconds } = settled();
  t.ok(delaySeconds > partSeconds && delaySeconds < 2.3 * partSeconds, `${String(delaySeconds)} s`);
  playing.pass(60);
  t.equal(playing.standsMs, 0);
  t.ok(Math.abs(playing.delaySeconds - delaySeconds) < 0.1);
});

t.test('where one recording follows another and its first media comes late, the picture stands for no longer than that, and the delay is as before within a quarter of a minute', async (t) => {
  for (const lateMs of [400, 900, 1400]) {
    const { playing, delaySeconds } = settled();
    playing.timeline += 1;
    playing.heldUntilMs = playing.nowMs + lateMs;
    playing.pass(16);
    t.ok(playing.standsMs < lateMs, `${String(lateMs)} ms late: it stood for ${String(playing.standsMs)} ms`);
    t.ok(Math.abs(playing.delaySeconds - delaySeconds) < 0.15, `${String(lateMs)} ms late: ${playing.delaySeconds.toFixed(2)} s after ${delaySeconds.toFixed(2)} s`);
    const { standsMs } = playing;
    playing.pass(30);
    t.equal(playing.standsMs, standsMs, 'and it stands at nothing after that');
    t.ok(Math.abs(playing.delaySeconds - delaySeconds) < 0.1, 'for good');
  }
});

t.test('what is far behind is left out at once', async (t) => {
  const { playing, delaySeconds } = settled();
  playing.at -= 5;
  playing.pass(1);
  t.ok(playing.delaySeconds < delaySeconds + 0.5, `${String(playing.delaySeconds)} s`);
});

t.test('a line that holds up its parts gets a longer distance, and half a minute of calm takes it back', async (t) => {
  const { playing, delaySeconds } = settled();
  playing.lineSeconds = 0.6;
  playing.pass(20);
  t.ok(playing.delaySeconds > delaySeconds + 0.2);
  const { standsMs } = playing;
  t.ok(standsMs > 0);
  playing.pass(20);
  t.ok(playing.standsMs - standsMs < 50, 'it stands no more, as slow as the line is');
  playing.lineSeconds = 0.05;
  playing.pass(120);
  t.ok(playing.delaySeconds < delaySeconds + 0.1, `${String(playing.delaySeconds)} s`);
});
