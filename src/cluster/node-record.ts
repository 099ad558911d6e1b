import type { Listed } from '../live/directory.js';
import type { Recording } from '../live/recording.js';
import { liveStreamUrls } from '../protocol/urls.js';
import type { LiveStreamInfo } from '../protocol/live-stream-info.js';

type Facts = Omit<LiveStreamInfo, 'urls'>;

/** Of a stream, and of what is recorded of it just now. */
type Entry = Facts & { readonly growing?: Recording | undefined };

/** What a node says of its streams: what everybody may know of them, with what lists of recordings say, and nothing else. @param recordingOf one of them, by its id */
export function recordOf(streams: readonly Listed[], recordingOf: (id: string) => Recording | undefined): string {
  return JSON.stringify(
    streams.map((each): Entry => {
      const { urls: _addresses, ...facts } = each.info('');
      return { ...facts, growing: facts.recordedAs === undefined ? undefined : recordingOf(facts.recordedAs) };
    }),
  );
}

/** What another node records just now. */
export function growingFrom(record: string): Recording[] {
  return (JSON.parse(record) as Entry[]).flatMap(({ growing }) => growing ?? []);
}

/** What another node said, with addresses as the asking client can use them. A node of another version may say more than is known here. */
export function listedFrom(record: string): Listed[] {
  const streams = JSON.parse(record) as Entry[];
  return streams.map(({ growing: _growing, ...facts }) => ({
    stream: facts.stream,
    info: (base, rtmpPort) => ({ ...facts, urls: liveStreamUrls(base, facts.stream, undefined, rtmpPort) }),
  }));
}
