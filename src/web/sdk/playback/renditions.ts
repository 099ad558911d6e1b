import type { RenditionOffer } from '../../../protocol/viewer-messages.js';

/** What a path says of the renditions it can play. */
export interface PlayedRenditions {
  /** Largest picture first; empty: there is no choice, or this path leaves it to the browser. */
  readonly renditions: readonly RenditionOffer[];
  readonly current: string | undefined;
}

/** Why this one is played: it is the first, the viewer wished it, the line carries less or more than before, or what was played before is gone. */
export type RenditionReason = 'start' | 'selected' | 'line-slow' | 'line-free' | 'gone';

export interface RenditionState extends PlayedRenditions {
  /** What the viewer wishes: an id, or `auto`. */
  readonly rendition: string;
  readonly why: RenditionReason;
}

const nothing: RenditionState = { renditions: [], current: undefined, rendition: 'auto', why: 'start' };

/** What is played, of what there is, over all paths; how often it changed. */
export class Renditions {
  #state: RenditionState;
  #switches = 0;

  constructor(wish: string) {
    this.#state = { ...nothing, rendition: wish };
  }

  get state(): RenditionState {
    return this.#state;
  }

  get switches(): number {
    return this.#switches;
  }

  wish(rendition: string): RenditionState {
    return (this.#state = { ...this.#state, rendition });
  }

  played(now: PlayedRenditions): RenditionState {
    const before = this.#state;
    if (now.current === before.current) return (this.#state = { ...before, ...now });
    const isSwitch = before.current !== undefined && now.current !== undefined;
    if (isSwitch) this.#switches += 1;
    return (this.#state = { ...before, ...now, why: isSwitch ? reasonOf(before, now) : 'start' });
  }

  /** Another path: what was played there is not what is played here. */
  forget(): RenditionState {
    return (this.#state = { ...nothing, rendition: this.#state.rendition });
  }
}

function reasonOf({ current: before, rendition }: RenditionState, { renditions, current }: PlayedRenditions): RenditionReason {
  if (rendition === current) return 'selected';
  const placeOf = (id: string | undefined): number => renditions.findIndex((each) => each.id === id);
  if (placeOf(before) < 0) return 'gone';
  return placeOf(current) > placeOf(before) ? 'line-slow' : 'line-free';
}

/** Whether a viewer by `auto` is sent something smaller when the line is too slow for what it is sent. */
export function hasSmaller({ renditions, current }: PlayedRenditions): boolean {
  const pictures = renditions.filter(({ height }) => height !== undefined);
  const at = pictures.findIndex(({ id }) => id === current);
  return at >= 0 && at < pictures.length - 1;
}
