import type { Answer } from '../hls/answer.js';
import type { WatchClient } from '../hls/held-requests.js';
import type { RewindPlaylist } from '../hls/rewind.js';
import type { BroadcastState, LiveStreamInfo } from '../protocol/live-stream-info.js';
import type { ChatRoom } from './chat-room.js';
import type { Pictures } from './pictures.js';
import type { Viewers } from './viewers.js';

/** A broadcast as those see it who watch it: all that routes are given. It need not run in this process. */
export interface Watchable {
  /** The live stream's name. */
  readonly stream: string;
  readonly id: string;
  readonly state: BroadcastState;
  readonly hls: HlsSource;
  readonly viewers: FragmentSource & FeedSource;
  /** Undefined where chat is switched off. */
  readonly chat: ChatSource | undefined;
  readonly pictures: PictureSource;
  /**
   * @param base where the server's addresses begin for the asking client
   * @param rtmpPort where RTMP is taken, if it is
   */
  info(base: string, rtmpPort?: number): LiveStreamInfo;
  /** Ends it as if its publisher had; resolves when it is over. */
  end(): Promise<void>;
}

/** Playlists and media. What is held is given up as `watchClient` says. */
export interface HlsSource {
  /** As frozen; one before that. */
  readonly targetDurationSeconds: number;
  multivariant(): Promise<Answer>;
  /** As `multivariant`, of the longer playlists. */
  rewindMultivariant(): Promise<Answer>;
  mediaPlaylist(request: PlaylistRequest): Promise<Answer>;
  media(request: MediaRequest): Promise<Answer>;
}

export interface MediaRequest {
  /** Absent for the source's. */
  readonly rendition?: string | undefined;
  /** Of an init segment, a segment or a part. */
  readonly name: string;
  readonly watchClient: WatchClient;
}

export interface PlaylistRequest {
  /** Absent for the source's. */
  readonly rendition?: string | undefined;
  /** The live window with its parts, or one of the longer playlists. */
  readonly kind: 'live' | RewindPlaylist;
  /** Whatever tells one client from another: who asks for playlists is counted as watching. */
  readonly client: string;
  /** Delivery directives as they came (RFC 8216bis §6.2.5). */
  readonly directives: Readonly<Record<string, string>>;
  readonly watchClient: WatchClient;
}

/** Fragments the moment they exist. */
export type FragmentSource = Pick<Viewers, 'join' | 'select' | 'requireRendition' | 'count'>;

/** The same for another server, which has viewers of its own. */
export type FeedSource = Pick<Viewers, 'addFeed' | 'removeFeed' | 'choices' | 'count' | 'clock'>;

export type ChatSource = Pick<ChatRoom, 'requireRoom' | 'enter' | 'leave' | 'join' | 'say' | 'pong' | 'refuseForNow' | 'delete' | 'mute' | 'unmute'>;

export type PictureSource = Pick<Pictures, 'look' | 'poster'>;
