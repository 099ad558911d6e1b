import type { Fragment } from '../fmp4/fragment.js';
import type { Follower } from '../hls/follower.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';

export interface RenditionsOptions {
  /** Adds one to the playlists. */
  readonly follow: (name: string) => Follower;
  readonly createBus: () => FragmentBus;
  /** Some have media now that had none, or have none any more. */
  readonly onChange?: (() => void) | undefined;
}

interface Rendition {
  readonly bus: FragmentBus;
  /** It has media under the present timeline. */
  isOn: boolean;
}

/** A broadcast's renditions beside its source: for each a bus, on which its playlist is a consumer. One that is gone may come back. */
export class Renditions {
  readonly #options: RenditionsOptions;
  readonly #renditions = new Map<string, Rendition>();

  constructor(options: RenditionsOptions) {
    this.#options = options;
  }

  /** The buses of those that have media under the present timeline. */
  get on(): ReadonlyMap<string, FragmentBus> {
    return new Map([...this.#renditions].flatMap(([name, { bus, isOn }]): [string, FragmentBus][] => (isOn ? [[name, bus]] : [])));
  }

  /** What follows has these renditions, each under its timeline; the others have nothing. */
  startTimeline(timelines: ReadonlyMap<string, Timeline>): void {
    for (const [name, rendition] of this.#renditions) rendition.isOn = timelines.has(name);
    for (const [name, timeline] of timelines) {
      const rendition = this.#renditions.get(name) ?? this.#add(name);
      rendition.bus.startTimeline(timeline);
    }
    // Once they are there to be sent.
    this.#options.onChange?.();
  }

  /** One that is about to come: who wants it may wait for it on its bus. */
  await(name: string): FragmentBus {
    return (this.#renditions.get(name) ?? this.#add(name, false)).bus;
  }

  /** The others have nothing from now on. */
  keep(names: readonly string[]): void {
    for (const [name, rendition] of this.#renditions) {
      if (!rendition.isOn || names.includes(name)) continue;
      rendition.isOn = false;
      rendition.bus.endTimeline();
    }
  }

  /** Whether any has media. */
  get areOn(): boolean {
    return [...this.#renditions.values()].some(({ isOn }) => isOn);
  }

  push(name: string, fragments: readonly Fragment[]): void {
    this.#renditions.get(name)?.bus.push(fragments);
  }

  endTimeline(): void {
    for (const { bus, isOn } of this.#renditions.values()) if (isOn) bus.endTimeline();
  }

  end(): void {
    for (const { bus } of this.#renditions.values()) bus.end();
  }

  #add(name: string, isOn = true): Rendition {
    const rendition = { bus: this.#options.createBus(), isOn };
    this.#renditions.set(name, rendition);
    rendition.bus.subscribe(new Following(this.#options.follow(name)), { from: 'edge', loss: 'never' });
    return rendition;
  }
}

/** A playlist that is cut as the source's is, on the bus of its rendition. If it fails it has gaps, and the others go on. */
class Following implements FragmentConsumer {
  readonly #follower: Follower;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  startTimeline({ init, shownLaterSeconds }: Timeline): void {
    this.#follower.startTimeline(init, shownLaterSeconds);
  }

  push({ fragments }: FragmentBurst): void {
    for (const fragment of fragments) this.#follower.push(fragment);
  }

  endTimeline(): void {
    this.#follower.endMedia();
  }

  drop(): void {
    this.#follower.endMedia();
  }
}
