import type { SourceEvent } from '../source/source-events.js';
import { Signal } from './signal.js';
import { SlidingList } from './sliding-list.js';

export interface IngestPaceOptions {
  /** How far media may run ahead of time before it is held: enough for a first playlist. */
  readonly burstSeconds: number;
  /** Takes what is due, at once; resolves when more may follow. */
  readonly pass: (events: readonly SourceEvent[]) => Promise<void>;
  /** Whether media counts: what leads to nothing yet does not. */
  readonly counts: () => boolean;
  /** Told when `pass` failed for what was held: nobody waits for it. */
  readonly onFailure: (error: unknown) => void;
  /** Monotonic, in ms. */
  readonly now?: (() => number) | undefined;
}

interface Held {
  readonly what: SourceEvent | (() => void);
  readonly bytes: number;
  /** How much media came up to it. */
  readonly atSeconds: number;
}

/** So much is read ahead of what is due, to see whether the source goes on like this. */
const maxHeldSeconds = 10;
const maxHeldBytes = 8 * 1024 * 1024;
/** What is held takes room beside its bytes; frames may have none at all. */
const heldOverheadBytes = 128;
/** A source that could go on for so long, and gave no more than time does, is live: what it was ahead was kept somewhere on the way. */
const judgedAfterMs = 1500;
/** Of media to time: clocks differ, and what comes in pieces comes unevenly. */
const livelyRate = 1.25;
/** A longer step, or one back, is a clock that was set. */
const longestStepSeconds = 10;
/** What is due within so much goes together. */
const leastWaitMs = 20;

/**
 * Lets media through as it comes, unless it comes faster than time goes by for long: a finished file, pushed as fast as the line
 * takes it, is let through at its own pace, and its publisher is read no faster. What lies behind, after an outage, catches up
 * unhindered, and so does a source that is live, however much it begins with.
 */
export class IngestPace {
  readonly #burstSeconds: number;
  readonly #pass: (events: readonly SourceEvent[]) => Promise<void>;
  readonly #counts: () => boolean;
  readonly #onFailure: (error: unknown) => void;
  readonly #now: () => number;
  readonly #held = new SlidingList<Held>();
  #heldBytes = 0;
  /** How much media came, over all recordings. */
  #cameSeconds = 0;
  /** Of pictures and sound, each for itself: the recording's own time, and how much came. */
  readonly #clocks = new Map<'video' | 'audio', { seconds: number; cameSeconds: number }>();
  /** When media at 0 s is due, burst aside. */
  #anchorMs: number | undefined;
  /** Since when, and from what amount of media on, the source could send as it likes. */
  #watched = { sinceMs: 0, cameSeconds: 0 };
  #draining = false;
  /** What became of the last that was let through. */
  #passed: Promise<void> = Promise.resolve();
  /** Ends the present wait. */
  #goOn: (() => void) | undefined;
  readonly #room = new Signal();

  constructor({ burstSeconds, counts, pass, onFailure, now = () => performance.now() }: IngestPaceOptions) {
    this.#burstSeconds = burstSeconds;
    this.#counts = counts;
    this.#pass = pass;
    this.#onFailure = onFailure;
    this.#now = now;
  }

  /** Whether something is held: its publisher is not silent, it is not listened to. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** Resolves when more may come: at once, or when some of what is held was let through. */
  async push(events: readonly SourceEvent[]): Promise<void> {
    this.#judge();
    let due = 0;
    for (let event = events[0]; event; event = events[due]) {
      this.#note(event);
      if (this.#draining || this.#waitMs(this.#cameSeconds) > 0) break;
      due++;
    }
    // In order: what is due goes before anything is held.
    if (due > 0) this.#passed = this.#pass(due === events.length ? events : events.slice(0, due));
    for (const [index, event] of events.slice(due).entries()) {
      if (index > 0) this.#note(event);
      this.#hold(event);
    }
    // Where nothing of it was let through, it waits for what was before it.
    await this.#passed;
    while (this.#isFull) {
      await this.#room.next();
      this.#watch();
    }
  }

  /** Runs at once, or when all that came before was let through. */
  after(act: () => void): void {
    if (this.#draining) this.#hold(act);
    else act();
  }

  /** Whatever is held goes at once. */
  flush(): void {
    this.#give(this.#held.length).catch(this.#onFailure);
    this.#goOn?.();
  }

  get #isFull(): boolean {
    const first = this.#held.at(0);
    return first !== undefined && (this.#heldBytes > maxHeldBytes || this.#cameSeconds - first.atSeconds > maxHeldSeconds);
  }

  #note(event: SourceEvent): void {
    if (event.type === 'recording') this.#clocks.clear();
    if (event.type !== 'frame' || !this.#counts()) return;
    const { kind, decodeSeconds } = event;
    const clock = this.#clocks.get(kind) ?? { seconds: decodeSeconds, cameSeconds: this.#cameSeconds };
    this.#clocks.set(kind, clock);
    const step = decodeSeconds - clock.seconds;
    clock.seconds = decodeSeconds;
    if (step > 0 && step <= longestStepSeconds) clock.cameSeconds += step;
    this.#cameSeconds = Math.max(this.#cameSeconds, clock.cameSeconds);
    this.#anchorMs ??= this.#now();
  }

  #waitMs(atSeconds: number): number {
    return this.#anchorMs === undefined ? 0 : this.#anchorMs + (atSeconds - this.#burstSeconds) * 1000 - this.#now();
  }

  #hold(what: Held['what']): void {
    const bytes = heldOverheadBytes + (typeof what === 'object' && what.type === 'frame' ? what.bytes.length : 0);
    this.#held.push({ what, bytes, atSeconds: this.#cameSeconds });
    this.#heldBytes += bytes;
    if (this.#draining) return;
    this.#draining = true;
    this.#drain().catch(this.#onFailure);
  }

  async #drain(): Promise<void> {
    try {
      for (let first = this.#held.at(0); first; first = this.#held.at(0)) {
        this.#judge();
        const waitMs = this.#waitMs(first.atSeconds);
        if (waitMs > 0) await this.#wait(waitMs);
        else await this.#give(this.#held.countWhile(({ atSeconds }) => this.#waitMs(atSeconds) <= 0));
      }
    } finally {
      this.#draining = false;
    }
  }

  /** From now on it counts what the source does. */
  #watch(): void {
    this.#watched = { sinceMs: this.#now(), cameSeconds: this.#cameSeconds };
  }

  /** A source that is not held up, and brings no more than time does, is live: it is ahead of nothing. */
  #judge(): void {
    if (this.#isFull || this.#anchorMs === undefined) return this.#watch();
    const { sinceMs, cameSeconds } = this.#watched;
    const nowMs = this.#now();
    if (nowMs - sinceMs < judgedAfterMs) return;
    const isLive = (this.#cameSeconds - cameSeconds) * 1000 <= (nowMs - sinceMs) * livelyRate;
    if (isLive) this.#anchorMs = Math.min(this.#anchorMs, nowMs - this.#cameSeconds * 1000);
    this.#watch();
  }

  /** Lets the first ones through, all in one go. */
  #give(count: number): Promise<void> {
    const passed: Promise<void>[] = [];
    let events: SourceEvent[] = [];
    const pass = (): void => {
      if (events.length > 0) passed.push(this.#pass(events));
      events = [];
    };
    for (let index = 0; index < count; index++) {
      const held = this.#held.at(index);
      if (!held) break;
      this.#heldBytes -= held.bytes;
      if (typeof held.what === 'object') events.push(held.what);
      else {
        pass();
        held.what();
      }
    }
    this.#held.drop(count);
    pass();
    this.#room.wake();
    return (this.#passed = Promise.all(passed).then(() => undefined));
  }

  async #wait(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ms = Math.max(leastWaitMs, Math.min(waitMs, judgedAfterMs));
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
