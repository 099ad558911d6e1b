import type { BroadcastState, LiveStreamInfo } from '../protocol/live-stream-info.js';
import type { LiveError } from '../protocol/live-error.js';
import type { DescriptionChange } from '../protocol/stream-description.js';
import type { IngestEntry } from './two-socket-ingest.js';

/** A broadcast as its publisher's connections see it. It always runs in this process. */
export interface PublishedBroadcast {
  /** The live stream's name. */
  readonly stream: string;
  readonly id: string;
  readonly state: BroadcastState;
  /** Resolves when the broadcast is over: null when it ended as it should. */
  readonly closed: Promise<LiveError | null>;
  info(base: string): LiveStreamInfo;
  /**
   * Says what it is about, until somebody says otherwise.
   * @throws {LiveError} malformed; nothing is changed then
   */
  describe(change: DescriptionChange): void;
  /** Ends it as if its publisher had; resolves when it is over. */
  end(): Promise<void>;
}

/** What the publisher of a running broadcast may go on with. */
export interface ResumableBroadcast {
  readonly id: string;
  readonly state: Exclude<BroadcastState, 'ended'>;
  /** Bytes that are safe with the server. */
  readonly received: number;
  readonly resumeToken: string;
}

/** What a publisher that was let in feeds. */
export interface Admission {
  readonly broadcast: PublishedBroadcast;
  /** Where in the broadcast its bytes go. */
  readonly ingest: IngestEntry;
  /** It began for this publisher: if nothing comes of it, it is to be ended. */
  readonly isNew: boolean;
}
