import type { Listed } from '../live/directory.js';
import { liveStreamUrls } from '../protocol/urls.js';
import type { LiveStreamInfo } from '../protocol/live-stream-info.js';

type Facts = Omit<LiveStreamInfo, 'urls'>;

/** What a node says of its streams: what everybody may know of them, and nothing else. */
export function recordOf(streams: readonly Listed[]): string {
  return JSON.stringify(
    streams.map((each) => {
      const { urls: _addresses, ...facts } = each.info('');
      return facts;
    }),
  );
}

/** What another node said, with addresses as the asking client can use them. A node of another version may say more than is known here. */
export function listedFrom(record: string): Listed[] {
  const streams = JSON.parse(record) as Facts[];
  return streams.map((facts) => ({
    stream: facts.stream,
    info: (base, rtmpPort) => ({ ...facts, urls: liveStreamUrls(base, facts.stream, undefined, rtmpPort) }),
  }));
}
