import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import type { PathChoice, PathName, PlayerMode } from './playback/path-choice.js';
import type { PlayerPlace } from './playback/playback.js';
import type { RenditionState } from './playback/renditions.js';
import type { Notice } from './words.js';

/**
 * `waiting`: not live (yet); starts by itself. `stalled`: live, but the picture stands still for want of media.
 * `paused`: by the viewer or the page; playing again goes on where it was, if the server goes back so far, or else at the live edge. `ended`: the broadcast is over; the next one starts by
 * itself. `failed`: no path works; tried again by itself.
 */
export type PlayerState = 'waiting' | 'connecting' | 'playing' | 'stalled' | 'paused' | 'ended' | 'failed';

export interface PlayerOptions {
  /**
   * `https://host/live/NAME`, or the server's address together with `stream`; or `https://host/recordings/ID`. Or several of one
   * cluster, in the order in which they are tried; a recording is played from the first.
   */
  readonly url: string | readonly string[];
  readonly stream?: string | undefined;
  readonly video: HTMLVideoElement;
  /** `lowest-delay` (default) stays as close to live as the network allows; `smooth` keeps seconds in hand. */
  readonly mode?: PlayerMode | undefined;
  /** `auto` (default) takes the best that works; a name takes that one alone. */
  readonly path?: PathName | 'auto' | undefined;
  /** Of a stream with several: `auto` (default) takes what the line carries; an id that one, where there is one of that name. */
  readonly rendition?: string | undefined;
}

export interface PlayerStats {
  readonly path: PathName;
  /** Capture of the picture on screen until now, by the server's clock; undefined while not known. */
  readonly latencySeconds: number | undefined;
  readonly bufferSeconds: number;
  readonly droppedFrames: number;
  readonly bitsPerSecond: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly playbackRate: number;
  readonly codecs: string | undefined;
  /** Id of what is played, where there is a choice. */
  readonly rendition: string | undefined;
  /** How often another one was played. */
  readonly renditionSwitches: number;
}

export interface PlayerEvents {
  /** `message` says in words what is going on, for states that have something to say; `notice` says it for programs too. */
  state: { readonly state: PlayerState; readonly message: string | undefined; readonly notice: Notice | undefined };
  /** Which path is used now, and why this one. */
  path: PathChoice;
  /** Once a second while there is a path. */
  stats: PlayerStats;
  /** Four times a second, and when somebody goes elsewhere: where the picture is, what can be gone to, and whether it is the live edge; undefined where nothing can be gone to. */
  place: (PlayerPlace & { readonly atLive: boolean }) | undefined;
  /** The server's public facts, every few seconds while the page is visible; undefined: not live. */
  info: LiveStreamInfo | undefined;
  /** Something is wrong but it plays on. */
  warning: Notice;
  /** The warning with this code no longer holds. */
  recovered: { readonly code: Notice['code'] };
  /** What there is to choose from, what is wished and what is played, whenever one of them changes. */
  rendition: RenditionState;
  /** The browser refused sound (`muted`: it plays without) or playing at all (`blocked`) until the viewer acts. */
  autoplay: 'muted' | 'blocked';
}
