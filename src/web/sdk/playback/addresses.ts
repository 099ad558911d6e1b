import { isStreamName, viewerUrls } from '../../../protocol/urls.js';
import type { StreamAddresses } from './playback.js';

// A signed link has its token after the name: `/live/NAME/~TOKEN/index.m3u8`. No prefix of a server's addresses has one of
// the three words as a part of it (`PUBLIC_URL`), but a stream's name may be one of them: the first is taken.
const streamPath = /^(.*?)\/(?:live|watch|embed)\/([^/]+)(?:\/(?:~|%7E)([^/]+))?(?:\/[^/]*)*$/i;

/**
 * Everything a player asks for, from `https://host/live/NAME` (or the watch page's or playlist's address), or from a server's base and a name.
 * @throws {TypeError} saying what was expected and what came
 */
export function streamAddresses(url: string, stream: string | undefined, pageUrl?: string): StreamAddresses {
  const parsed = readUrl(url, pageUrl);
  const match = streamPath.exec(parsed?.pathname ?? '');
  const name = stream ?? match?.[2] ?? '';
  if (parsed === undefined || !isStreamName(name)) {
    throw new TypeError(`expected a live stream's address like https://host/live/NAME, or a server and "stream", got ${url} and ${stream ?? 'no stream'}`);
  }
  const prefix = match === null ? parsed.pathname.replace(/\/+$/, '') : (match[1] ?? '');
  const base = `${parsed.protocol.replace(/^ws/, 'http')}//${parsed.host}${prefix}`;
  const token = match?.[3];
  return { origin: base, stream: name, token, ...viewerUrls(base, name, token), facts: `${base}/api/streams/${name}` };
}

/** @returns undefined for what is no address, of which the browsers' own errors say too little */
export function readUrl(url: string, pageUrl: string | undefined): URL | undefined {
  try {
    return new URL(url, pageUrl);
  } catch {
    return undefined;
  }
}
