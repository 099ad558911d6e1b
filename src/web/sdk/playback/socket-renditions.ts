import { placeQuery, type ViewerPlace } from '../../../protocol/viewer-place.js';
import type { PlaybackOptions } from './playback.js';
import { hasSmaller, type PlayedRenditions } from './renditions.js';

/** Which renditions a viewer's socket is told of, and what it says of them. */
export class SocketRenditions {
  readonly #options: PlaybackOptions;
  readonly #send: (rendition: string) => void;
  #played: PlayedRenditions = { renditions: [], current: undefined };
  /** What the server was told on this connection; `auto` without a word. */
  #selected = 'auto';
  /** Of a new connection it is not known yet what is sent. */
  #isJoining = true;

  constructor(options: PlaybackOptions, send: (rendition: string) => void) {
    this.#options = options;
    this.#send = send;
  }

  /** Of a new connection. What is known to be there is asked for at once: of sound alone, a picture would have to be taken away again. @param place to be given what was missed since */
  address(place?: ViewerPlace): string {
    const { addresses, wishedRendition } = this.#options;
    const wish = wishedRendition();
    const isKnown = this.#has(wish);
    this.#selected = isKnown ? wish : 'auto';
    this.#isJoining = true;
    const query = new URLSearchParams({ ...(isKnown && { rendition: wish }), ...(place && placeQuery(place)) }).toString();
    return query === '' ? addresses.play : `${addresses.play}?${query}`;
  }

  /** @returns whether the same connection has changed over to another rendition */
  take(now: PlayedRenditions): boolean {
    const isChange = !this.#isJoining && now.current !== this.#played.current;
    this.#isJoining = false;
    this.#played = now;
    this.#options.onRenditions(now);
    this.select();
    return isChange;
  }

  /** Tells the server what is wished, once, as soon as that is there. */
  select(): void {
    const wish = this.#options.wishedRendition();
    if (wish === this.#selected || (wish !== 'auto' && !this.#has(wish))) return;
    this.#selected = wish;
    this.#send(wish);
  }

  /** The server sends something smaller when the line is too slow. */
  get serverGoesDown(): boolean {
    return this.#selected === 'auto' && hasSmaller(this.#played);
  }

  #has(rendition: string): boolean {
    return this.#played.renditions.some(({ id }) => id === rendition);
  }
}
