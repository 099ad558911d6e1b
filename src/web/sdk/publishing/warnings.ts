import type { WarningCode } from '../../../protocol/ingest-messages.js';
import type { TrackKind } from './filler.js';

/** Something is wrong but the broadcast goes on. */
export type PublisherWarningCode =
  | WarningCode
  /** The uplink cannot follow, at the lowest bit rate. */
  | 'slow-uplink'
  /** The uplink could not follow: the bit rate was lowered. Recovered when it is what was asked for again. */
  | 'quality-lowered'
  /** The connection was away for longer than is kept: viewers miss a part. */
  | 'replay-full'
  /** The broadcast was lost and could not be resumed: another one was begun. */
  | 'begun-anew'
  | 'recorder-silent'
  /** Other media or another quality could not be recorded: the recording before goes on. */
  | 'recorder-failed'
  /** A device is gone, or sharing was ended: silence or a card is sent in its place. */
  | 'sound-lost'
  | 'picture-lost'
  /** Another device of its kind stands in for one that was lost. */
  | 'sound-replaced'
  | 'picture-replaced'
  /** What drew the composition died: another one draws. */
  | 'composition-redrawn'
  /** The browser's own button ended it: the camera, or a card, is sent instead. */
  | 'sharing-stopped'
  /** The system holds the device back, as during a phone call. */
  | 'sound-held'
  | 'picture-held';

export interface PublisherWarning {
  readonly code: PublisherWarningCode;
  /** In words, with what to do. */
  readonly message: string;
}

const bitRate = (bitsPerSecond: number): string => (bitsPerSecond < 1e6 ? `${(bitsPerSecond / 1e3).toFixed(0)} kbit/s` : `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`);

export const uplinkWarnings = {
  lowered: (bitsPerSecond: number): PublisherWarning => ({
    code: 'quality-lowered',
    message: `Your uplink is too slow for this quality: the picture goes on with ${bitRate(bitsPerSecond)}, and with more when the line is calm again.`,
  }),
  slow: { code: 'slow-uplink', message: 'Your uplink cannot follow even at the lowest quality: viewers fall behind. Move nearer to the Wi-Fi, use a cable, or stop other uploads.' },
  replayFull: { code: 'replay-full', message: 'The connection has been away for too long to keep everything: viewers will miss a part. The broadcast goes on when it comes back.' },
  begunAnew: { code: 'begun-anew', message: 'The connection was away for so long that the server had ended your broadcast. A new one was begun at the same addresses; viewers’ pages go on with it by themselves.' },
} as const satisfies Record<string, PublisherWarning | ((bitsPerSecond: number) => PublisherWarning)>;

const lost: Readonly<Record<TrackKind, PublisherWarning>> = {
  audio: { code: 'sound-lost', message: 'The sound stopped: its device was unplugged or turned off, or sharing was ended. Viewers hear silence; choose another microphone.' },
  video: { code: 'picture-lost', message: 'The picture stopped: its device was unplugged, or sharing was ended. Viewers see a card in its place; choose another camera or screen.' },
};

const named = (kind: 'camera' | 'microphone', label: string): string => (label === '' ? `The ${kind}` : `The ${kind} “${label}”`);

/** Where the devices themselves are watched, more can be said; of viewers nothing, since it may be before the broadcast. */
export const deviceWarnings = {
  sharingStopped: { code: 'sharing-stopped', message: 'Sharing was stopped. Nothing else ends with it; choose “Screen” to share again.' },
  /** @param hasScreen a screen is shown as well, and stays */
  lost: (kind: 'camera' | 'microphone', label: string, hasScreen: boolean): PublisherWarning => ({
    code: kind === 'camera' ? 'picture-lost' : 'sound-lost',
    message: `${named(kind, label)} is gone: unplugged, turned off or taken by another program. Meanwhile there is ${kind === 'microphone' ? 'no voice' : hasScreen ? 'the screen alone' : 'a card in its place'}. Plug it in again, or choose another one.`,
  }),
  replaced: (kind: 'camera' | 'microphone', lost: string, label: string): PublisherWarning => ({
    code: kind === 'camera' ? 'picture-replaced' : 'sound-replaced',
    message: `${named(kind, lost)} is gone; ${label === '' ? 'another one' : `“${label}”`} is used instead. Plugged in again, it comes back by itself.`,
  }),
} as const;

/** @param hasGiven the recorder gave something before; else it may be the browser that can't */
export function silentWarning(hasGiven: boolean): PublisherWarning {
  const message = hasGiven
    ? 'The browser’s recorder gives nothing at the moment: viewers see a standstill. Check that the camera and microphone are still on; clicking anywhere on this page may wake the sound up.'
    : 'The browser’s recorder has given nothing since it began: nothing is on air. Click anywhere on this page, which may wake the sound up; if that does not help, this browser cannot record here: use a current Chrome, Edge or Firefox.';
  return { code: 'recorder-silent', message };
}

const held: Readonly<Record<TrackKind, PublisherWarning>> = {
  audio: { code: 'sound-held', message: 'The system gives no sound at present: a call, another program, or the device’s own mute switch. It comes back by itself when that is over.' },
  video: { code: 'picture-held', message: 'The system gives no picture at present: a call, another program, or the camera’s own cover. It comes back by itself when that is over.' },
};

export function lostWarning(kind: TrackKind): PublisherWarning {
  return lost[kind];
}

export function heldWarning(kind: TrackKind): PublisherWarning {
  return held[kind];
}
