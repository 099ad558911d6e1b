import type { LeftBroadcast } from './broadcast-progress.js';
import type { ChatSettings } from './chat-room.js';
import type { Lease } from './directory.js';
import type { EncodeLimits } from './encode-limits.js';
import type { Owner } from './ingest-entrance.js';
import type { LadderMeasures, LadderSettings } from './ladder.js';
import type { PictureSettings } from './pictures.js';
import type { Recordings } from './recordings.js';
import type { MediaStore } from '../storage/media-store.js';
import type { StreamDescriptions } from './stream-descriptions.js';
import type { StartTranscoder } from './transcoder.js';
import type { RenditionChange } from './viewer.js';
import type { Semaphore } from './semaphore.js';

/** What every live stream of a server shares. */
export interface BroadcastSettings {
  readonly startTranscoder: StartTranscoder;
  readonly ffmpegMajor: number;
  readonly encodeLimits?: EncodeLimits | undefined;
  readonly segmentsDirectory: string;
  /** Where a broadcast's segments are kept: the disk below that folder, but for tests. */
  readonly openSegmentStore?: (() => MediaStore) | undefined;
  readonly segmentSeconds: number;
  readonly partSeconds: number;
  /** How many segments a playlist lists. */
  readonly windowSegments: number;
  /** How far viewers may go back while it is live. 0: no further than the window. */
  readonly rewindSeconds?: number | undefined;
  /** Where broadcasts are recorded; undefined: nowhere. */
  readonly recordings?: Recordings | undefined;
  readonly recordingShape?: RecordingShape | undefined;
  readonly resumeWindowSeconds: number;
  /** How far media may run ahead of time before its publisher is held back. Default: enough for a first playlist. */
  readonly burstSeconds?: number | undefined;
  /** How long ffmpeg may stand still, while there is something to do, before it is killed. */
  readonly hungAfterMs?: number;
  /** Before the second restart of ffmpeg in a row. */
  readonly restartDelayMs?: number;
  /** More than this behind, and a WebSocket viewer is skipped forward. */
  readonly maxViewerBacklogBytes: number;
  /** Without it there is no chat. */
  readonly chat?: ChatSettings | undefined;
  readonly pictures: PictureSettings;
  /** Without it no renditions are made here. */
  readonly ladder?: LadderSettings | undefined;
  /** What each stream is about: a broadcast reads and changes its own. */
  readonly descriptions: StreamDescriptions;
  readonly log: LiveLog;
  /** Told of what an operator counts. */
  readonly onEvent?: ((event: LiveEvent) => void) | undefined;
}

/**
 * A slow viewer was skipped forward; an ffmpeg was replaced; a copied picture could not be cut; the store did not take segments of a broadcast,
 * told once for each; it did not give one back; a recording has a gap, told once for each; an ffmpeg that makes renditions failed, or does not keep up;
 * the object store failed, told once in a row; it does not have all that it took of a recording.
 */
export type LiveEvent = 'viewer-skipped' | 'ffmpeg-restarted' | 'copy-refused' | 'store-failed' | 'store-read-failed' | 'recording-failed' | 'ladder-trouble' | RenditionEvent | 'object-store-failed' | 'recording-lost';

/** A viewer was changed over to another rendition: why. `asked`: a player of HLS took the playlist of another. */
export type RenditionEvent = `rendition-${RenditionChange['why'] | 'asked'}`;

/** What an operator measures of a running broadcast. */
export interface BroadcastMeasures {
  readonly viewers: number;
  /** By the rendition they are sent, or ask for. */
  readonly viewersByRendition: ReadonlyMap<string, number>;
  /** How often a viewer was changed over to each rendition. */
  readonly changesByRendition: ReadonlyMap<string, number>;
  /** To how many other servers it is sent. */
  readonly feeds: number;
  readonly ingestBitsPerSecond: number;
  /** HLS requests that wait for more. */
  readonly heldRequests: number;
  /** Whole segments in memory. */
  readonly segmentMemoryBytes: number;
  /** What waits for the store of segments. */
  readonly storeWaitingBytes: number;
  /** Of the renditions that are made of it; undefined: none are. */
  readonly ladder?: LadderMeasures | undefined;
}

/** One line a lifecycle step; a subset of pino's logger. */
export interface LiveLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** How broadcasts are recorded. */
export interface RecordingShape {
  /** Whether renditions beside the best are kept, too. */
  readonly renditions: boolean;
  /** A broadcast that goes on for longer is several recordings. */
  readonly longestSeconds: number;
}

export interface BroadcastOptions extends BroadcastSettings {
  /** The live stream's name, valid. */
  readonly stream: string;
  /** This run's own id. */
  readonly id: string;
  /** Its hold on the name; it is released at the end. */
  readonly lease: Lease;
  /** Told, in place of the end, that its publisher did not come back in time. */
  readonly onWaitedInVain?: (() => void) | undefined;
  /** What another server did of it, and the token of its publisher; undefined: it begins here. */
  readonly after?: (LeftBroadcast & { readonly resumeToken: string | undefined }) | undefined;
  /** Undefined: its publisher has the resume token. */
  readonly owner?: Owner | undefined;
  /** Who may use the segments folder now, of all broadcasts. */
  readonly diskTurns: Semaphore;
}
