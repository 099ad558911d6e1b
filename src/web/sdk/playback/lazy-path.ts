import { Ending, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from './playback.js';
import type { PathName } from './path-choice.js';

type PathClass = new (options: PlaybackOptions) => Playback;

/** Makes a path whose program is loaded when it is begun: what a first picture does not need costs no first load. */
export function lazyPath(path: PathName, unstick: Playback['unstick'], load: () => Promise<PathClass>): PathClass {
  return class extends LazyPath {
    readonly path = path;
    readonly unstick = unstick;

    constructor(options: PlaybackOptions) {
      super(options, load);
    }
  };
}

abstract class LazyPath implements Playback {
  abstract readonly path: PathName;
  abstract readonly unstick: Playback['unstick'];
  readonly #ending = new Ending();
  #path: Playback | undefined;
  #isSuspended = false;
  #isOver = false;

  constructor(options: PlaybackOptions, load: () => Promise<PathClass>) {
    load().then(
      (Path) => this.#begin(Path, options),
      (error: unknown) => this.#finish({ reason: 'failed', failure: { code: 'player-not-loaded', detail: error instanceof Error ? error.message : String(error) } }),
    );
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    return this.#path?.stats() ?? { latencySeconds: undefined, bitsPerSecond: undefined, codecs: undefined };
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

  #begin(Path: PathClass, options: PlaybackOptions): void {
    if (this.#isOver) return;
    this.#path = new Path(options);
    if (this.#isSuspended) this.#path.suspend();
    void this.#path.closed.then((end) => this.#finish(end));
  }

  #finish(end: PlaybackEnd): void {
    this.#isOver = true;
    this.#ending.resolve(end);
  }
}
