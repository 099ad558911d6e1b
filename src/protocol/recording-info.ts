/** `recording` while it grows; `interrupted`: its server died, and it is complete up to the last segment. */
export type RecordingState = 'recording' | 'complete' | 'interrupted';

/** Every address of one recording, absolute. */
export interface RecordingUrls {
  /** Its page. */
  readonly watch: string;
  readonly hls: string;
  /** One MP4. */
  readonly download: string;
  /** A picture of it. */
  readonly poster: string;
  /** What was said beside it. */
  readonly chat: string;
}

/** One recording, as the server tells of it. */
export interface RecordingInfo {
  readonly id: string;
  readonly stream: string;
  readonly title?: string;
  readonly description?: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** So much of it is gaps: the disk did not take it, or the object store does not have it any more. 0: all is there. */
  readonly missingSeconds: number;
  /** Of its segments. */
  readonly byteLength: number;
  readonly width?: number;
  readonly height?: number;
  readonly state: RecordingState;
  /** Shown to nobody but whom its key, or a link that was made with it, shows it. */
  readonly private: boolean;
  readonly urls: RecordingUrls;
}

export interface RecordingList {
  /** Newest first. */
  readonly recordings: readonly RecordingInfo[];
  /** There are more: asked for with `before`. */
  readonly next?: string;
}

/** How far the file of a recording, or of a piece of it, is. `waiting`: others are made before it. */
export type DownloadProgress = { readonly state: 'waiting' | 'making'; /** 0 to 99. */ readonly percent: number } | { readonly state: 'ready'; readonly byteLength: number };

/**
 * @param base where the server's addresses begin, without a slash at its end
 * @param token of a signed link to it, or to its stream: it stands in the path, so that relative URLs keep it
 */
export function recordingUrls(base: string, id: string, token?: string): RecordingUrls {
  const path = `${base}/recordings/${id}${token === undefined ? '' : `/~${token}`}`;
  return { watch: path, hls: `${path}/index.m3u8`, download: `${path}/download.mp4`, poster: `${path}/poster.jpg`, chat: `${path}/chat.jsonl` };
}
