import { ofTrack, soundInit } from '../fmp4/sound-alone.js';
import type { Timeline } from '../hls/presentation.js';
import { sameClock } from './clocked-timeline.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';

/** A bus with the sound alone of what comes on another, for consumers without a picture. It has the bounds of that one, and ends with it. */
export function soundBus(from: FragmentBus): FragmentBus {
  const into = from.derive();
  from.subscribe(new SoundTaker(into), { from: 'group', loss: 'never' });
  return into;
}

class SoundTaker implements FragmentConsumer {
  readonly #into: FragmentBus;
  /** Of the present timeline; undefined: it is silent. */
  #trackId: number | undefined;

  constructor(into: FragmentBus) {
    this.#into = into;
  }

  startTimeline(timeline: Timeline): void {
    const sound = soundInit(timeline.init);
    this.#trackId = sound?.trackId;
    if (sound) this.#into.startTimeline(sameClock(sound.init, timeline));
  }

  push({ fragments }: FragmentBurst): void {
    const trackId = this.#trackId;
    if (trackId !== undefined) this.#into.push(fragments.flatMap((fragment) => ofTrack(fragment, trackId) ?? []));
  }

  skipped(seconds: number): void {
    if (this.#trackId !== undefined) this.#into.skip(seconds);
  }

  endTimeline(): void {
    if (this.#trackId !== undefined) this.#into.endTimeline();
  }

  end(): void {
    this.#into.end();
  }

  drop(): void {
    this.end();
  }
}
