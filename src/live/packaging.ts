import type { Fragment } from '../fmp4/fragment.js';
import { Packager, type PackagerOptions } from '../hls/packager.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentConsumer } from './fragment-bus.js';

export interface PackagingOptions extends PackagerOptions {
  /** It failed: the playlists have ended. */
  readonly onFailure: (error: unknown) => void;
}

/** The packager on the bus. If it fails, the playlists end, so that players look elsewhere; the other ways to watch go on. */
export class Packaging implements FragmentConsumer {
  readonly #options: PackagingOptions;
  readonly #packager: Packager;
  #failed = false;

  constructor(options: PackagingOptions) {
    this.#options = options;
    this.#packager = new Packager(options);
  }

  /** Whether the next fragment can be published as it is; see `Packager`. Without playlists any can. */
  accepts(fragment: Fragment): boolean {
    try {
      return this.#failed || this.#packager.accepts(fragment);
    } catch {
      return true; // what is wrong is found, and told, when it is pushed
    }
  }

  startTimeline(timeline: Timeline): void {
    this.#packager.startTimeline(timeline);
  }

  push({ fragments }: FragmentBurst): void {
    for (const fragment of fragments) this.#packager.push(fragment);
  }

  endTimeline(): void {
    this.#packager.endTimeline();
  }

  drop(error: unknown): void {
    this.#failed = true;
    this.#options.onFailure(error);
    this.#options.presentation.end();
  }
}
