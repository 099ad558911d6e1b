/** A live stream's name, as it stands in every URL. */
export const streamNamePattern = '^[A-Za-z0-9_-]{1,64}$';

const streamName = new RegExp(streamNamePattern);

export function isStreamName(name: string): boolean {
  return streamName.test(name);
}

/** What the paths of the server's own addresses begin with: no part of a path that a proxy puts before them may be one. */
export const ownPathParts: readonly string[] = ['api', 'assets', 'broadcast', 'embed', 'live', 'oembed', 'recordings', 'sdk', 'watch'];

/** Every address of one live stream, in and out, absolute. A new way in or out is added here, in `api-schemas.ts` and in `stream-addresses.ts`. */
export interface LiveStreamUrls {
  readonly watch: string;
  readonly embed: string;
  /** HTML that shows `embed` on any page. */
  readonly embedCode: string;
  readonly hls: string;
  readonly play: string;
  readonly mp4: string;
  readonly chat: string;
  readonly flv: string;
  /** Pictures for an `<img>`. */
  readonly frames: string;
  /** A recent picture. */
  readonly poster: string;
  /** The page to publish from. */
  readonly studio: string;
  /** WebSocket. */
  readonly publish: string;
  /** The same for PUT and POST. */
  readonly push: string;
  /** Where RTMP is taken: what encoders call the server, then a slash, then the stream key without its `?key=`. */
  readonly rtmp?: string;
}

/** Where one live stream is played and talked about: a player needs no more. Parameters as for `liveStreamUrls`. */
export function viewerUrls(base: string, stream: string, token?: string): Pick<LiveStreamUrls, 'hls' | 'play' | 'chat'> {
  const path = `${base}/live/${stream}${token === undefined ? '' : `/~${token}`}`;
  const socketPath = path.replace(/^http/, 'ws');
  return { hls: `${path}/index.m3u8`, play: `${socketPath}/play`, chat: `${socketPath}/chat` };
}

/**
 * @param base where the server's addresses begin, as the client reached it and without a slash at its end, e.g.
 *   `https://live.example` or `https://example.org/onair`
 * @param stream a valid live stream name
 * @param token of a signed viewing link: it stands in the path, so that relative URLs keep it
 * @param rtmpPort where RTMP is taken, if it is
 */
export function liveStreamUrls(base: string, stream: string, token?: string, rtmpPort?: number): LiveStreamUrls {
  const socketBase = base.replace(/^http/, 'ws');
  const watched = token === undefined ? stream : `${stream}/~${token}`;
  const embed = `${base}/embed/${watched}`;
  return {
    watch: `${base}/watch/${watched}`,
    embed,
    embedCode: `<iframe src="${embed}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
    ...viewerUrls(base, stream, token),
    mp4: `${base}/live/${watched}/stream.mp4`,
    flv: `${base}/live/${watched}/stream.flv`,
    frames: `${base}/live/${watched}/frames`,
    poster: `${base}/live/${watched}/poster.jpg`,
    studio: `${base}/broadcast?stream=${stream}`,
    publish: `${socketBase}/live/${stream}/publish`,
    push: `${base}/live/${stream}/publish`,
    ...(rtmpPort !== undefined && { rtmp: `${rtmpServer(base, rtmpPort)}/${stream}` }),
  };
}

/** What encoders call the server: `rtmp://live.example/live`. */
export function rtmpServer(base: string, rtmpPort: number): string {
  return `rtmp://${new URL(base).hostname}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`;
}
