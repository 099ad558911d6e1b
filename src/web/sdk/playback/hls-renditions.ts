import type Hls from 'hls.js';
import type { LevelParsed } from 'hls.js';
import type { RenditionOffer } from '../../../protocol/viewer-messages.js';
import type { PlaybackOptions } from './playback.js';

interface SoundAlone {
  readonly offer: RenditionOffer;
  readonly address: string;
}

/**
 * The levels of an hls.js as renditions, called as sockets call them; it takes the one that is wished, or chooses by itself. hls.js has no level for the sound alone beside
 * pictures: where that is wished, its own playlist is loaded.
 */
export class HlsRenditions {
  readonly #hls: Hls;
  readonly #options: PlaybackOptions;
  readonly #multivariant: string;
  readonly #load: ((address: string) => void) | undefined;
  #pictures: readonly RenditionOffer[] = [];
  #sound: SoundAlone | undefined;
  #isSoundAlone = false;

  /**
   * @param multivariant the address that is loaded
   * @param load loads another one in its place; without it there is no sound alone
   */
  constructor(hls: Hls, { Events }: typeof Hls, options: PlaybackOptions, { multivariant, load }: { readonly multivariant: string; readonly load?: (address: string) => void }) {
    this.#hls = hls;
    this.#options = options;
    this.#multivariant = multivariant;
    this.#load = load;
    hls.on(Events.MANIFEST_LOADED, (_event, { levels }) => {
      if (load && !this.#isSoundAlone) this.#sound = this.#soundOf(levels);
    });
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#tell();
      this.select();
    });
    hls.on(Events.LEVEL_SWITCHED, () => this.#tell());
  }

  /** What is loaded, or is to be. */
  get address(): string {
    return this.#isSoundAlone && this.#sound ? this.#sound.address : this.#multivariant;
  }

  /** What is wished now. */
  select(): void {
    const hls = this.#hls;
    if (hls.levels.length === 0) return;
    const wish = this.#options.wishedRendition();
    const isSoundAlone = this.#sound !== undefined && wish === this.#sound.offer.id;
    if (isSoundAlone !== this.#isSoundAlone) {
      this.#isSoundAlone = isSoundAlone;
      return this.#load?.(this.address);
    }
    if (isSoundAlone) return;
    const level = hls.levels.findIndex(({ url }) => this.#idOf(url[0]) === wish);
    // -1: it chooses by itself, as it does where there is none of that name.
    if (level >= 0 || !hls.autoLevelEnabled) hls.nextLevel = level;
  }

  #tell(): void {
    const { levels, currentLevel } = this.#hls;
    const sound = this.#sound?.offer;
    if (!this.#isSoundAlone) {
      const pictures = levels.map(({ url: [url = ''], height, bitrate }): RenditionOffer => ({ id: this.#idOf(url), ...(height > 0 && { height }), bitsPerSecond: bitrate }));
      this.#pictures = pictures.toSorted((one, other) => (other.height ?? 0) - (one.height ?? 0));
    }
    const renditions = sound ? [...this.#pictures, sound] : this.#pictures;
    if (renditions.length < 2) return;
    const level = levels[currentLevel];
    this.#options.onRenditions({ renditions, current: this.#isSoundAlone ? sound?.id : level && this.#idOf(level.url[0]) });
  }

  #soundOf(levels: readonly LevelParsed[]): SoundAlone | undefined {
    const level = levels.length < 2 ? undefined : levels.find(({ width, videoCodec, audioCodec }) => width === undefined && videoCodec === undefined && audioCodec !== undefined);
    return level && { offer: { id: this.#idOf(level.url), bitsPerSecond: level.bitrate }, address: level.url };
  }

  /** The folder of its playlist below the broadcast's, or `source`. */
  #idOf(url = ''): string {
    const [, rendition, file] = url.slice(this.#multivariant.lastIndexOf('/') + 1).split('/');
    return rendition !== undefined && file !== undefined ? rendition : 'source';
  }
}
