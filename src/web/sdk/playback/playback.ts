import type { BrowserPage } from '../browser-page.js';
import type { Servers } from '../servers.js';
import type { PathFailure } from '../words.js';
import type { ClockOffset } from './clock-offset.js';
import type { PathName, PlayerMode } from './path-choice.js';
import type { PlayedRenditions } from './renditions.js';

/** What every path is given. */
export interface PlaybackOptions {
  readonly video: HTMLVideoElement;
  readonly mode: PlayerMode;
  readonly addresses: StreamAddresses;
  /** Shared by all paths of one player, so that a fallback need not ask the time again. */
  readonly clock: ClockOffset;
  readonly page: BrowserPage;
  /** Where to begin, by the scale of `PlayerPlace`; only of what can be sought in. */
  readonly fromSeconds?: number | undefined;
  /** What the viewer wishes now: an id, or `auto`. */
  readonly wishedRendition: () => string;
  readonly onRenditions: (now: PlayedRenditions) => void;
}

/** Of several servers those of the one that is asked now: read them anew for each request. */
export interface StreamAddresses {
  /** Where there are several. */
  readonly servers?: Servers | undefined;
  /** Where the server's addresses begin: scheme, host, port and the path that a proxy puts before them, if any. */
  readonly origin: string;
  readonly stream: string;
  /** Its id, where it is a recording, of which only `hls` is there; undefined: a live stream. */
  readonly recording?: string | undefined;
  /** Of a signed link. */
  readonly token: string | undefined;
  readonly play: string;
  readonly hls: string;
  readonly chat: string;
  /** A function says each time anew which server is asked. */
  readonly facts: string | (() => string);
}

/** Why a playback is over. */
export type PlaybackEnd =
  | { readonly reason: 'ended' }
  /** The server says there is no such live stream (any more). */
  | { readonly reason: 'not-live' }
  | { readonly reason: 'failed'; readonly failure: PathFailure }
  | { readonly reason: 'closed' };

/** What only the path can measure; the rest is read from the element. */
export interface PathStats {
  readonly latencySeconds: number | undefined;
  readonly bitsPerSecond: number | undefined;
  /** RFC 6381, as played. */
  readonly codecs: string | undefined;
}

/** Where the picture is and what can be gone to, in seconds: of a recording from its beginning; live, when it was captured, since 1970 UTC by the server's clock. */
export interface PlayerPlace {
  readonly positionSeconds: number;
  readonly startSeconds: number;
  /** Live: now. */
  readonly endSeconds: number;
}

/** One run of one path on the element. */
export interface Playback {
  readonly path: PathName;
  /** Resolves once, when it is over; never rejects. */
  readonly closed: Promise<PlaybackEnd>;
  /** What gets a picture going that stands still although there is media; `own`: the path looks after that itself. */
  readonly unstick: 'nudge' | 'leave-end' | 'own';
  stats(): PathStats;
  /** Of what can be sought in: undefined before it is known. */
  place?(): PlayerPlace | undefined;
  seek?(toSeconds: number): void;
  /** The viewer wishes another rendition now; absent: this path leaves it to the browser. */
  select?(): void;
  /** The viewer has paused for long: nothing is loaded until `resume`, and the picture stays. */
  suspend(): void;
  /** The page was hidden, asleep or offline, or the viewer paused, until now: go back to the live edge. */
  resume(): void;
  /** Lets go of the element; idempotent. */
  close(): void;
}

/** A promise and its resolver; the first resolution stands. */
export class Ending {
  readonly promise: Promise<PlaybackEnd>;
  #resolve: (end: PlaybackEnd) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve) => (this.#resolve = resolve));
  }

  resolve(end: PlaybackEnd): void {
    this.#resolve(end);
  }
}

/** Takes the element's source away, so that the next path finds it fresh. */
export function releaseElement(video: HTMLVideoElement): void {
  video.playbackRate = 1;
  video.removeAttribute('src');
  video.load();
}
