import { leadOf } from '../fmp4/init-segment.js';
import { soundAloneId } from '../hls/sound-alone.js';
import type { RenditionOffer } from '../protocol/viewer-messages.js';
import type { FragmentBus } from './fragment-bus.js';
import { soundBus } from './sound-bus.js';

/** A rendition that a viewer can be sent. */
export interface RenditionChoice {
  /** Its name in messages and addresses; the source's is `sourceId`. */
  readonly id: string;
  /** Of its picture; undefined where there is none. */
  readonly height: number | undefined;
  /** As measured; 0 before there was any media. */
  readonly bitsPerSecond: number;
  readonly bus: FragmentBus;
}

/** How the source is called where it stands beside others. */
export const sourceId = 'source';

export function offerOf({ id, height, bitsPerSecond }: RenditionChoice): RenditionOffer {
  return { id, ...(height !== undefined && { height }), bitsPerSecond: Math.round(bitsPerSecond) };
}

/** What comes on one bus. */
export class BusChoice implements RenditionChoice {
  readonly id: string;
  readonly bus: FragmentBus;

  constructor(id: string, bus: FragmentBus) {
    this.id = id;
    this.bus = bus;
  }

  get height(): number | undefined {
    const { timeline } = this.bus;
    const lead = timeline && leadOf(timeline.init.tracks);
    return lead?.kind === 'video' ? lead.height : undefined;
  }

  get bitsPerSecond(): number {
    return this.bus.bitsPerSecond;
  }
}

/** The sound of the source alone, made from when somebody wants it. */
export class SoundChoice implements RenditionChoice {
  readonly id = soundAloneId;
  readonly height = undefined;
  readonly #source: FragmentBus;
  #bus: FragmentBus | undefined;

  constructor(source: FragmentBus) {
    this.#source = source;
  }

  get bitsPerSecond(): number {
    return this.#bus?.bitsPerSecond ?? 0;
  }

  get bus(): FragmentBus {
    return (this.#bus ??= soundBus(this.#source));
  }

  /** Whether the source has sound, and a picture to do without. */
  get isThere(): boolean {
    const tracks = this.#source.timeline?.init.tracks ?? [];
    return tracks.some(({ kind }) => kind === 'audio') && tracks.some(({ kind }) => kind === 'video');
  }
}
