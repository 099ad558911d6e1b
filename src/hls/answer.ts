import type { Encoded } from './encoded.js';
import type { StoredMedia } from './stored-media.js';

/**
 * What a request for a playlist or for media is answered with.
 * `multivariant`: what can be watched, as of now. `present`: the playlist as of now. `lasting`: media, or a playlist that was waited for or has
 * ended; the same request is never answered with anything else.
 */
export interface FoundAnswer {
  readonly outcome: 'multivariant' | 'present' | 'lasting';
  readonly body: Encoded | Buffer | StoredMedia;
  /** Of media that follows a discontinuity: the init segment that it needs, which most players have read by themselves. */
  readonly init?: Buffer | undefined;
  readonly message?: undefined;
}

/**
 * Why there is nothing, and in words. `not-yet`: nothing can be played so far. `to-come`: there is no such thing, but there may be later.
 * `gone`: there was, or will never be. `malformed`: the directives can't be met now. `standstill`: nothing new came in time.
 * `going-on`: it was played from another server, and is about to go on here.
 */
export interface EmptyAnswer {
  readonly outcome: 'not-yet' | 'to-come' | 'gone' | 'malformed' | 'standstill' | 'going-on';
  readonly message: string;
  readonly body?: undefined;
}

export type Answer = FoundAnswer | EmptyAnswer;

export const notYet: EmptyAnswer = { outcome: 'not-yet', message: 'not on air yet' };
export const goingOn: EmptyAnswer = { outcome: 'going-on', message: 'the broadcast goes on from this server in a moment' };
export const noRewind: EmptyAnswer = { outcome: 'to-come', message: 'nothing is kept to go back to; DVR_SECONDS says for how long the server should' };

/**
 * All that there is of a gap. RFC 8216bis §4.4.4.7: clients should not ask for it. VLC 3 and the HLS of WebKitGTK do, and stop at a 404; where they
 * are given nothing they hold the last picture for as long as the gap lasts, and go on.
 */
export const gapMedia = Buffer.alloc(0);
