import type { RenditionOffer } from '../../protocol/viewer-messages.js';
import type { BrowserPage } from '../sdk/browser-page.js';
import type { Player } from '../sdk/player.js';
import type { RenditionReason, RenditionState } from '../sdk/playback/renditions.js';
import { forget, recall, remember } from './remembered.js';

const item = 'onair.quality';
/** What was chosen may be gone for a moment only: a publisher's machine was busy. */
const givenUpAfterMs = 10_000;

/** `480p`, by the shorter side as everywhere, or `Sound only`. @param shape of the picture, where one is known */
export function qualityName({ height }: Pick<RenditionOffer, 'height'>, { videoWidth, videoHeight }: Pick<HTMLVideoElement, 'videoWidth' | 'videoHeight'>): string {
  if (height === undefined) return 'Sound only';
  const isUpright = videoWidth > 0 && videoWidth < videoHeight;
  return `${Math.round(isUpright ? (height * videoWidth) / videoHeight : height)}p`;
}

/** Why it changed over last, for a person. */
export const reasonWords: Readonly<Record<RenditionReason, string>> = {
  start: 'to begin with',
  selected: 'as it was chosen',
  'line-slow': 'since the line carries less',
  'line-free': 'since the line carries more',
  gone: 'since the one before is not sent any more',
};

/**
 * Which quality a viewer wishes, remembered by what it is called: ids are each stream's own. What is not offered any more is given up, and said so.
 */
export class QualityChoice {
  readonly #player: Pick<Player, 'rendition'>;
  readonly #nameOf: (offer: RenditionOffer) => string;
  readonly #onGivenUp: (name: string) => void;
  readonly #page: Pick<BrowserPage, 'after'>;
  #wish = recall(item);
  #cancelGivingUp: (() => void) | undefined;

  constructor(options: {
    readonly player: Pick<Player, 'rendition'>;
    readonly nameOf: (offer: RenditionOffer) => string;
    readonly onGivenUp: (name: string) => void;
    readonly page: Pick<BrowserPage, 'after'>;
  }) {
    this.#player = options.player;
    this.#nameOf = options.nameOf;
    this.#onGivenUp = options.onGivenUp;
    this.#page = options.page;
  }

  /** The name of what is wished; undefined: whatever the line carries. */
  get wish(): string | undefined {
    return this.#wish;
  }

  /** @param name of one that is offered; undefined: whatever the line carries */
  choose(name: string | undefined, offers: readonly RenditionOffer[]): void {
    this.#wish = name;
    if (name === undefined) forget(item);
    else remember(item, name);
    this.offered(offers);
  }

  /** Gives nothing up any more. */
  close(): void {
    this.#cancelGivingUp?.();
    this.#cancelGivingUp = undefined;
  }

  /** These are what there is to choose from now. */
  offered(offers: readonly RenditionOffer[]): void {
    const [wish, found] = [this.#wish, offers.find((offer) => this.#nameOf(offer) === this.#wish)];
    if (wish === undefined || found !== undefined || offers.length === 0) {
      this.close();
      // Where there is no choice, nothing is missed.
      if (wish === undefined || found !== undefined) this.#player.rendition = found?.id ?? 'auto';
      return;
    }
    this.#cancelGivingUp ??= this.#page.after(givenUpAfterMs, () => {
      this.choose(undefined, []);
      this.#onGivenUp(wish);
    });
  }
}

/** What changes of quality there were: `2, the last since the line carries less`. */
export function changesInWords(count: number, { why }: Pick<RenditionState, 'why'>): string {
  if (count === 0) return 'none so far';
  return count === 1 ? `1, ${reasonWords[why]}` : `${String(count)}, the last ${reasonWords[why]}`;
}
