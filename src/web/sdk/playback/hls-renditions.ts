import type Hls from 'hls.js';
import type { RenditionOffer } from '../../../protocol/viewer-messages.js';
import type { PlaybackOptions } from './playback.js';

/** The levels of an hls.js as renditions, called as sockets call them; it takes the one that is wished, or chooses by itself. */
export class HlsRenditions {
  readonly #hls: Hls;
  readonly #options: PlaybackOptions;
  readonly #multivariant: string;

  /** @param multivariant the address that is loaded */
  constructor(hls: Hls, { Events }: typeof Hls, options: PlaybackOptions, multivariant: string) {
    this.#hls = hls;
    this.#options = options;
    this.#multivariant = multivariant;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#tell();
      this.select();
    });
    hls.on(Events.LEVEL_SWITCHED, () => this.#tell());
  }

  /** What is wished now. */
  select(): void {
    const hls = this.#hls;
    if (hls.levels.length === 0) return;
    const wish = this.#options.wishedRendition();
    const level = hls.levels.findIndex(({ url }) => this.#idOf(url) === wish);
    // -1: it chooses by itself, as it does where there is none of that name.
    if (level >= 0 || !hls.autoLevelEnabled) hls.nextLevel = level;
  }

  #tell(): void {
    const { levels, currentLevel } = this.#hls;
    if (levels.length < 2) return;
    const renditions = levels.map(({ url, height, bitrate }): RenditionOffer => ({ id: this.#idOf(url), ...(height > 0 && { height }), bitsPerSecond: bitrate }));
    this.#options.onRenditions({ renditions: renditions.toSorted((one, other) => (other.height ?? 0) - (one.height ?? 0)), current: levels[currentLevel] && this.#idOf(levels[currentLevel].url) });
  }

  /** The folder of its playlist below the broadcast's, or `source`. */
  #idOf([url = '']: readonly string[]): string {
    const [, rendition, file] = url.slice(this.#multivariant.lastIndexOf('/') + 1).split('/');
    return rendition !== undefined && file !== undefined ? rendition : 'source';
  }
}
