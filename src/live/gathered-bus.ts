import type { Fragment } from '../fmp4/fragment.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';

/** What is as large as this needs no company: the system call costs less than the copy. */
const enoughBytes = 65_536;

/**
 * A bus on which what comes within some milliseconds is one burst, for consumers to whom a system call less is worth a moment. It has the
 * bounds of the one it is fed from, and ends with it.
 */
export function gatheredBus(from: FragmentBus, { withinMs }: { readonly withinMs: number }): FragmentBus {
  const into = from.derive();
  from.subscribe(new Gatherer(into, withinMs), { from: 'group', loss: 'never' });
  return into;
}

class Gatherer implements FragmentConsumer {
  readonly #into: FragmentBus;
  readonly #withinMs: number;
  #held: Fragment[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(into: FragmentBus, withinMs: number) {
    this.#into = into;
    this.#withinMs = withinMs;
  }

  startTimeline(timeline: Timeline): void {
    this.#release();
    this.#into.startTimeline(timeline);
  }

  push({ fragments, byteLength, startsWithKeyframe }: FragmentBurst): void {
    this.#held.push(...fragments);
    this.#heldBytes += byteLength;
    // Who joins now is to begin with this keyframe, not with the one before.
    if (startsWithKeyframe || this.#heldBytes >= enoughBytes) return this.#release();
    this.#timer ??= setTimeout(() => this.#release(), this.#withinMs);
  }

  skipped(seconds: number): void {
    this.#release();
    this.#into.skip(seconds);
  }

  endTimeline(): void {
    this.#release();
    this.#into.endTimeline();
  }

  end(): void {
    this.#release();
    this.#into.end();
  }

  drop(): void {
    this.end();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#into.push(held);
  }
}
