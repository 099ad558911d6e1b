import { Ending, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions, type PlayerPlace } from './playback.js';
import type { PathName } from './path-choice.js';

type PathClass = new (options: PlaybackOptions) => Playback;

/** A path that can be begun at once, or whose program can be loaded before. */
export interface PathProgram extends PathClass {
  /** Loads it ahead of its beginning; whether it comes shows then. */
  load?(): void;
}

/** Makes a path whose program is loaded when it is begun, if it was not before: what is not used costs nothing. */
export function lazyPath(path: PathName, unstick: Playback['unstick'], load: () => Promise<PathClass>): PathProgram {
  let loaded: PathClass | undefined;
  let loading: Promise<PathClass> | undefined;
  const loadOnce = async (): Promise<PathClass> => {
    loading ??= load();
    try {
      return (loaded = await loading);
    } catch (error) {
      // The next one who wants it asks again.
      loading = undefined;
      throw error;
    }
  };
  return class extends LazyPath {
    readonly path = path;
    readonly unstick = unstick;

    static load(): void {
      loadOnce().catch(() => undefined);
    }

    constructor(options: PlaybackOptions) {
      super(options);
      if (loaded !== undefined) this.begin(loaded);
      else loadOnce().then((Path) => this.begin(Path), (error: unknown) => this.fail(error));
    }
  };
}

abstract class LazyPath implements Playback {
  abstract readonly path: PathName;
  abstract readonly unstick: Playback['unstick'];
  readonly #options: PlaybackOptions;
  readonly #ending = new Ending();
  #path: Playback | undefined;
  #isSuspended = false;
  #isOver = false;
  /** Where to begin, once it can. */
  #fromSeconds: number | undefined;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#fromSeconds = options.fromSeconds;
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    return this.#path?.stats() ?? { latencySeconds: undefined, bitsPerSecond: undefined, codecs: undefined };
  }

  place(): PlayerPlace | undefined {
    return this.#path?.place?.();
  }

  seek(toSeconds: number): void {
    this.#fromSeconds = toSeconds;
    this.#path?.seek?.(toSeconds);
  }

  select(): void {
    this.#path?.select?.();
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#path?.suspend();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#path?.resume();
  }

  close(): void {
    if (this.#path === undefined) this.#finish({ reason: 'closed' });
    else this.#path.close();
  }

  protected begin(Path: PathClass): void {
    if (this.#isOver) return;
    this.#path = new Path({ ...this.#options, fromSeconds: this.#fromSeconds });
    if (this.#isSuspended) this.#path.suspend();
    void this.#path.closed.then((end) => this.#finish(end));
  }

  protected fail(error: unknown): void {
    this.#finish({ reason: 'failed', failure: { code: 'player-not-loaded', detail: error instanceof Error ? error.message : String(error) } });
  }

  #finish(end: PlaybackEnd): void {
    this.#isOver = true;
    this.#ending.resolve(end);
  }
}
