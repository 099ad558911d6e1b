import { soundAloneId } from '../hls/sound-alone.js';
import type { FragmentBus } from './fragment-bus.js';
import type { Renditions } from './renditions.js';
import { soundBus } from './sound-bus.js';
import { Viewers } from './viewers.js';

export interface RenditionViewersOptions {
  /** The source's. */
  readonly bus: FragmentBus;
  readonly renditions: Renditions;
}

/** Who is sent fragments of another rendition than the source; what that costs begins when somebody comes. */
export class RenditionViewers {
  readonly #options: RenditionViewersOptions;
  readonly #viewers = new Map<string, Viewers>();

  constructor(options: RenditionViewersOptions) {
    this.#options = options;
  }

  /** @returns undefined where there is no such rendition now */
  of(id: string): Viewers | undefined {
    const known = this.#viewers.get(id);
    if (known) return known;
    const bus = this.#busOf(id);
    if (!bus) return undefined;
    const viewers = new Viewers({ bus });
    this.#viewers.set(id, viewers);
    return viewers;
  }

  get count(): number {
    return [...this.#viewers.values()].reduce((sum, { count }) => sum + count, 0);
  }

  #busOf(id: string): FragmentBus | undefined {
    const { bus, renditions } = this.#options;
    if (id !== soundAloneId) return renditions.bus(id);
    return bus.timeline?.init.tracks.some(({ kind }) => kind === 'audio') ? soundBus(bus) : undefined;
  }
}
