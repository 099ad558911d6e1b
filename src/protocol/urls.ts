/** A live stream's name, as it stands in every URL. */
export const streamNamePattern = '^[A-Za-z0-9_-]{1,64}$';

const streamName = new RegExp(streamNamePattern);

export function isStreamName(name: string): boolean {
  return streamName.test(name);
}

/** Every public address of one live stream, absolute. */
export interface LiveStreamUrls {
  readonly watch: string;
  readonly embed: string;
  readonly hls: string;
  readonly play: string;
  readonly mp4: string;
  readonly chat: string;
  readonly flv: string;
  /** Pictures for an `<img>`. */
  readonly frames: string;
  /** A recent picture. */
  readonly poster: string;
  readonly publish: string;
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
  return {
    watch: `${origin}/watch/${watched}`,
    embed: `${origin}/embed/${watched}`,
    hls: `${origin}/live/${watched}/index.m3u8`,
    play: `${socketOrigin}/live/${watched}/play`,
    mp4: `${origin}/live/${watched}/stream.mp4`,
    chat: `${socketOrigin}/live/${watched}/chat`,
    flv: `${origin}/live/${watched}/stream.flv`,
    frames: `${origin}/live/${watched}/frames`,
    poster: `${origin}/live/${watched}/poster.jpg`,
    publish: `${socketOrigin}/live/${stream}/publish`,
    ...(rtmpPort !== undefined && { rtmp: `${rtmpServer(origin, rtmpPort)}/${stream}` }),
  };
}

/** What encoders call the server: `rtmp://live.example/live`. */
export function rtmpServer(origin: string, rtmpPort: number): string {
  const host = origin.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  return `rtmp://${host}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`;
}
