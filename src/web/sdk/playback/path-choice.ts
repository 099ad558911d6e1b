import { failuresInWords, type PathFailureOf } from '../words.js';

export type PathName = 'websocket' | 'hls' | 'native';
export type PlayerMode = 'lowest-delay' | 'smooth';

/** One way to play the stream, and why it comes at its place. */
export interface PathChoice {
  readonly path: PathName;
  readonly why: string;
  /** Of the paths before it. */
  readonly failures?: readonly PathFailureOf[] | undefined;
}

/** What this browser can do, as far as it can be asked before trying. */
export interface Capabilities {
  readonly webSocket: boolean;
  /** MediaSource, or ManagedMediaSource on an iPhone. */
  readonly mediaSource: boolean;
  /** `isTypeSupported` for the stream's codecs; undefined while they are not known. */
  readonly codecsSupported: boolean | undefined;
  /** `canPlayType('application/vnd.apple.mpegurl')` answered anything but ''. */
  readonly nativeHls: boolean;
}

export interface PathWish {
  readonly mode: PlayerMode;
  /** `auto`, or the only path to try. */
  readonly path: PathName | 'auto';
}

const reasons: Record<PlayerMode, Record<PathName, string>> = {
  'lowest-delay': {
    websocket: 'fragments over WebSocket have the lowest delay',
    hls: 'low-latency HLS is the next best',
    native: 'the browser plays HLS by itself',
  },
  smooth: {
    websocket: 'fragments over WebSocket, with a larger buffer',
    hls: 'HLS has the larger buffer that smooth playback wants',
    native: 'the browser plays HLS by itself',
  },
};

/** The paths to try, in order; empty when this browser can play none of them. */
export function choosePaths(wish: PathWish, can: Capabilities): PathChoice[] {
  if (wish.path !== 'auto') return [{ path: wish.path, why: 'asked for by this page' }];
  const media = can.mediaSource && can.codecsSupported !== false;
  const usable: Record<PathName, boolean> = { websocket: media && can.webSocket, hls: media, native: can.nativeHls };
  // Native HLS stands behind hls.js: Chromium claims it with a "maybe" and is worse at it.
  const order: readonly PathName[] =
    wish.mode === 'smooth' ? ['hls', 'native', 'websocket'] : ['websocket', 'hls', 'native'];
  return order.filter((path) => usable[path]).map((path) => ({ path, why: reasons[wish.mode][path] }));
}

/** Says, for people, why a path is in use after others failed before it. */
export function explainFallback(choice: PathChoice, failures: readonly PathFailureOf[]): PathChoice {
  return failures.length === 0 ? choice : { ...choice, why: `${choice.why}; ${failuresInWords(failures)}`, failures };
}
