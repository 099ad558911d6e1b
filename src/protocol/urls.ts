/** A live stream's name, as it stands in every URL. */
export const streamNamePattern = '^[A-Za-z0-9_-]{1,64}$';

const streamName = new RegExp(streamNamePattern);

export function isStreamName(name: string): boolean {
  return streamName.test(name);
}

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

/**
 * @param origin scheme, host and port as the client reached the server, e.g. `https://live.example`
 * @param stream a valid live stream name
 * @param token of a signed viewing link: it stands in the path, so that relative URLs keep it
 * @param rtmpPort where RTMP is taken, if it is
 */
export function liveStreamUrls(origin: string, stream: string, token?: string, rtmpPort?: number): LiveStreamUrls {
  const socketOrigin = origin.replace(/^http/, 'ws');
  const watched = token === undefined ? stream : `${stream}/~${token}`;
  const embed = `${origin}/embed/${watched}`;
  return {
    watch: `${origin}/watch/${watched}`,
    embed,
    embedCode: `<iframe src="${embed}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
    hls: `${origin}/live/${watched}/index.m3u8`,
    play: `${socketOrigin}/live/${watched}/play`,
    mp4: `${origin}/live/${watched}/stream.mp4`,
    chat: `${socketOrigin}/live/${watched}/chat`,
    flv: `${origin}/live/${watched}/stream.flv`,
    frames: `${origin}/live/${watched}/frames`,
    poster: `${origin}/live/${watched}/poster.jpg`,
    studio: `${origin}/broadcast?stream=${stream}`,
    publish: `${socketOrigin}/live/${stream}/publish`,
    push: `${origin}/live/${stream}/publish`,
    ...(rtmpPort !== undefined && { rtmp: `${rtmpServer(origin, rtmpPort)}/${stream}` }),
  };
}

/** What encoders call the server: `rtmp://live.example/live`. */
export function rtmpServer(origin: string, rtmpPort: number): string {
  const host = origin.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  return `rtmp://${host}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`;
}
