import { isStreamName, viewerUrls } from '../../../protocol/urls.js';
import { recordingUrls } from '../../../protocol/recording-info.js';
import { ServerList } from '../servers.js';
import type { StreamAddresses } from './playback.js';

// A signed link has its token after the name: `/live/NAME/~TOKEN/index.m3u8`. No prefix of a server's addresses has one of
// these words as a part of it (`PUBLIC_URL`), but a stream's name may be one of them: the first is taken.
const viewingPath = /^(.*?)\/(live|watch|embed|recordings)\/([^/]+)(?:\/(?:~|%7E)([^/]+))?(?:\/[^/]*)*$/i;
const recordingId = /^[A-Za-z0-9_-]{1,120}$/;

/**
 * Everything a player asks for, from `https://host/live/NAME` (or the watch page's or playlist's address), or from a server's base and a name.
 * @throws {TypeError} saying what was expected and what came
 */
export function streamAddresses(url: string, stream: string | undefined, pageUrl?: string): StreamAddresses & { readonly facts: string } {
  const parsed = readUrl(url, pageUrl);
  const match = pathOf(parsed, 'stream');
  const name = stream ?? match?.[3] ?? '';
  if (parsed === undefined || !isStreamName(name)) {
    throw new TypeError(`expected a live stream's address like https://host/live/NAME, or a server and "stream", got ${url} and ${stream ?? 'no stream'}`);
  }
  const prefix = match === null ? parsed.pathname.replace(/\/+$/, '') : (match[1] ?? '');
  const base = `${parsed.protocol.replace(/^ws/, 'http')}//${parsed.host}${prefix}`;
  const token = match?.[4];
  return { origin: base, stream: name, token, ...viewerUrls(base, name, token), facts: `${base}/api/streams/${name}` };
}

/** The same at one server or several: what is returned has the addresses of the first, until its `servers` goes on to the next. */
export function addressesAt(urls: string | readonly string[], stream: string | undefined, pageUrl?: string): StreamAddresses {
  const servers = new ServerList([urls].flat().map((url) => streamAddresses(url, stream, pageUrl)));
  const { count } = servers;
  if (count === 1) return servers.current;
  const facts = (): string => servers.current.facts;
  const next = (): void => {
    servers.next();
    Object.assign(addresses, servers.current, { facts });
  };
  const addresses = { ...servers.current, facts, servers: { count, next } };
  return addresses;
}

/** The same of a recording, from `https://host/recordings/ID`, or the address of its playlist; undefined for all else. */
export function recordingAddresses(url: string, pageUrl?: string): StreamAddresses | undefined {
  const parsed = readUrl(url, pageUrl);
  const match = pathOf(parsed, 'recording');
  const [id = '', token] = [match?.[3], match?.[4]];
  if (parsed === undefined || !recordingId.test(id)) return undefined;
  const base = `${parsed.protocol}//${parsed.host}${match?.[1] ?? ''}`;
  return { origin: base, stream: '', recording: id, token, play: '', hls: recordingUrls(base, id, token).hls, chat: '', facts: '' };
}

function pathOf(parsed: URL | undefined, what: 'stream' | 'recording'): RegExpExecArray | null {
  const match = viewingPath.exec(parsed?.pathname ?? '');
  return (match?.[2]?.toLowerCase() === 'recordings') === (what === 'recording') ? match : null;
}

/** @returns undefined for what is no address, of which the browsers' own errors say too little */
export function readUrl(url: string, pageUrl: string | undefined): URL | undefined {
  try {
    return new URL(url, pageUrl);
  } catch {
    return undefined;
  }
}
