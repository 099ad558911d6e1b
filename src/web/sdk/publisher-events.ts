import type { LiveStreamUrls } from '../../protocol/urls.js';
import type { Capture } from './publishing/captured.js';
import type { OnairError } from './errors.js';
import type { EncoderFacts, EncoderName } from './publishing/encoder.js';
import type { UplinkSecond, UplinkVerdict } from './publishing/uplink-history.js';
import type { PublisherWarning, PublisherWarningCode } from './publishing/warnings.js';
import type { Quality } from './quality.js';
import type { SentPictures } from './recorder.js';

/** `connected`: the server takes the bytes. `live`: it said that viewers can watch. */
export type PublisherState = 'idle' | 'connecting' | 'connected' | 'live' | 'reconnecting' | 'ended';

/** Once a second. */
export interface PublisherStats extends UplinkSecond {
  readonly viewers: number;
  /** Recorded, but not yet given to the network. */
  readonly bufferedBytes: number;
  /** How the line does, in one word. */
  readonly verdict: UplinkVerdict;
  /** Each quality of the picture, the source first, and what it takes of the uplink; empty where another than WebCodecs encodes. */
  readonly renditions: readonly SentPictures[];
}

export interface StreamDescription {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

export interface ResumableBroadcast {
  readonly broadcast: string;
  readonly resumeToken: string;
}

export interface PublisherEvents {
  state: PublisherState;
  /** Keep it for as long as the page may be loaded anew: with it, the next page goes on with this very broadcast. */
  resumable: ResumableBroadcast;
  /** What encodes from now on, and why: at the start, and where another one has to go on. */
  encoder: EncoderFacts;
  /** A recording (one container header) begins; the chunks that follow are its bytes. */
  recording: { readonly mimeType: string };
  /** What is sent, in order; not to be changed. */
  chunk: Uint8Array<ArrayBuffer>;
  /** Where the broadcast can be watched. */
  urls: LiveStreamUrls;
  stats: PublisherStats;
  warning: PublisherWarning;
  /** The warning with this code no longer holds. */
  recovered: { readonly code: PublisherWarningCode };
  /** The broadcast is over although nobody ended it. */
  error: OnairError;
}

export interface PublisherOptions {
  /** The Onair server, e.g. `https://live.example`; or several of one cluster, in the order in which they are tried. */
  readonly url: string | readonly string[];
  readonly key: string;
  readonly stream: string;
  /** What to broadcast; left running at the end. Without it the camera and microphone are opened, and stopped at the end. */
  readonly media?: MediaStream | Capture;
  readonly quality?: Quality;
  /** What encodes; `auto` (default): WebCodecs where browser and machine can, else MediaRecorder. */
  readonly encoder?: EncoderName | 'auto';
  /** How many qualities of the picture are made at most, this one included: 1 to 3 (default), by WebCodecs alone. The server's viewers then get what their lines carry. */
  readonly renditions?: number;
  /** Goes on with a broadcast whose page is gone, instead of beginning one: its resume token. */
  readonly resume?: string;
}
