import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import type { PathChoice, PathName } from './playback/path-choice.js';

/**
 * `waiting`: not live (yet); starts by itself. `stalled`: live, but the picture stands still for want of media.
 * `ended`: the broadcast is over; the next one starts by itself. `failed`: no path works; tried again by itself.
 */
export type PlayerState = 'waiting' | 'connecting' | 'playing' | 'stalled' | 'ended' | 'failed';

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
}

export interface PlayerEvents {
  /** `message` says in words what is going on, for states that have something to say. */
  state: { readonly state: PlayerState; readonly message: string | undefined };
  /** Which path is used now, and why this one. */
  path: PathChoice;
  /** Once a second while there is a path. */
  stats: PlayerStats;
  /** The server's public facts, every few seconds while the page is visible; undefined: not live. */
  info: LiveStreamInfo | undefined;
  /** The browser refused sound (`muted`: it plays without) or playing at all (`blocked`) until the viewer acts. */
  autoplay: 'muted' | 'blocked';
}
