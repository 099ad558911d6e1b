import type { LiveStreamUrls } from './urls.js';

/** What was done with one track of the publisher's recording, and why. */
export interface TrackFacts {
  readonly kind: 'video' | 'audio';
  /** Short name of the codec as it arrived: `h264`, `vp8`, `opus` … */
  readonly sourceCodec: string;
  readonly action: 'copy' | 'transcode';
  /** One sentence for a person. */
  readonly reason: string;
}

/** The recording being received: one container header's worth of the broadcast. */
export interface RecordingFacts {
  /** `webm`, `matroska`, `mp4` … read from the bytes, never from a label. */
  readonly container: string;
  readonly tracks: readonly TrackFacts[];
}

/** What viewers are sent. */
export interface RenditionFacts {
  /** RFC 6381, e.g. `avc1.42c01f,mp4a.40.2`. */
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
  readonly averageBitsPerSecond: number;
  readonly peakBitsPerSecond: number;
  readonly targetDurationSeconds: number;
  readonly partTargetSeconds: number;
}

/** One quality that viewers can be sent, and how many are. */
export interface RenditionInUse {
  /** `source`, `audio` for the sound alone, or its name in messages and addresses. */
  readonly id: string;
  /** Of its picture, in lines; absent for sound alone. */
  readonly height?: number;
  /** As measured, or as asked for of one that is only made when somebody watches it; 0 while it is not known. */
  readonly bitsPerSecond: number;
  /** `server`: it is encoded here. */
  readonly madeBy: 'publisher' | 'server';
  readonly viewers: number;
  /** How often a viewer was changed over to it. */
  readonly changes: number;
}

/** What encodes renditions here at this moment. */
export interface LadderFacts {
  readonly encoder: string;
  readonly preset: string;
  /** How many it makes. */
  readonly renditions: number;
  /** How far the slowest of them is behind the source. */
  readonly lagSeconds: number;
}

/**
 * A broadcast's life: `starting` (publisher connected, nothing playable yet) → `live` → `ended` (still playable
 * for a short while). `waiting`: the publisher's connection dropped and may be resumed.
 */
export type BroadcastState = 'starting' | 'live' | 'waiting' | 'ended';

/** Public facts of one live stream: what `GET /api/streams/:stream` answers. */
export interface LiveStreamInfo {
  readonly stream: string;
  /** Id of this run of the stream; unchanged by restarts of the recorder, the connection or ffmpeg. */
  readonly broadcast: string;
  /** What it is about, in the publisher's words. */
  readonly title?: string;
  readonly description?: string;
  readonly state: BroadcastState;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly viewers: number;
  /** Whether there is a chat beside it. */
  readonly chat: boolean;
  readonly receivedBytes: number;
  readonly ingestBitsPerSecond: number;
  readonly recording?: RecordingFacts;
  readonly rendition?: RenditionFacts;
  /** All there are, the source first, then largest picture first; absent before there is any media. */
  readonly renditions?: readonly RenditionInUse[];
  /** Absent while no rendition is encoded here. */
  readonly ladder?: LadderFacts;
  /** How far `dvr.m3u8` goes back; absent where there is none. */
  readonly rewindSeconds?: number;
  /** Id of its recording, where there is one. */
  readonly recordedAs?: string;
  readonly urls: LiveStreamUrls;
}

/** What `GET /api/streams` answers. */
export interface LiveStreamList {
  readonly streams: readonly LiveStreamInfo[];
}
