import type { RenditionOffer } from '../../protocol/viewer-messages.js';
import { Listeners } from './listeners.js';
import type { RenditionState } from './playback/renditions.js';
import type { PlayerEvents } from './player-events.js';

/** What plays renditions. */
interface RenditionRunner {
  readonly renditions: RenditionState;
  selectRendition(rendition: string): void;
  on(name: 'rendition', listener: (state: RenditionState) => void): unknown;
}

/** The part of a player by which renditions are chosen. */
export abstract class RenditionPlayer extends Listeners<PlayerEvents> {
  #runner: RenditionRunner | undefined;

  /** What may be set as `rendition`, largest picture first; empty where there is no choice, or the browser chooses. */
  get renditions(): readonly RenditionOffer[] {
    return this.#runner?.renditions.renditions ?? [];
  }

  /** What is wished: an id, or `auto`. */
  get rendition(): string {
    return this.#runner?.renditions.rendition ?? 'auto';
  }

  /** The picture goes on: it changes over at a keyframe. What is not there is wished until it is. */
  set rendition(rendition: string) {
    if (rendition !== this.rendition) this.#runner?.selectRendition(rendition);
  }

  protected chooseFrom(runner: RenditionRunner): void {
    this.#runner = runner;
    runner.on('rendition', (state) => this.emit('rendition', state));
  }
}
