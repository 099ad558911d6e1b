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
  readonly publish: string;
}

/**
 * @param origin scheme, host and port as the client reached the server, e.g. `https://live.example`
 * @param stream a valid live stream name
 * @param token of a signed viewing link: it stands in the path, so that relative URLs keep it
 */
export function liveStreamUrls(origin: string, stream: string, token?: string): LiveStreamUrls {
  const socketOrigin = origin.replace(/^http/, 'ws');
  const watched = token === undefined ? stream : `${stream}/~${token}`;
  return {
    watch: `${origin}/watch/${watched}`,
    embed: `${origin}/embed/${watched}`,
    hls: `${origin}/live/${watched}/index.m3u8`,
    play: `${socketOrigin}/live/${watched}/play`,
    mp4: `${origin}/live/${watched}/stream.mp4`,
    chat: `${socketOrigin}/live/${watched}/chat`,
    publish: `${socketOrigin}/live/${stream}/publish`,
  };
}
