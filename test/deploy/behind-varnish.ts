import type { Test } from 'tap';

import { waitUntil } from '../helpers/programs.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { TestPublisher } from '../helpers/publisher.js';
import { sendTestCard } from '../helpers/test-card.js';
import { freePort } from '../helpers/free-port.js';
import { startOnair, type DeployedOnair } from './deployed-onair.js';
import { proxies } from './proxies.js';

/** A broadcast behind Varnish. */
export interface Cached {
  readonly onair: DeployedOnair;
  /** Varnish. */
  readonly base: string;
}

export async function onAirBehindVarnish(t: Test, settings: Readonly<Record<string, string>> = {}): Promise<Cached> {
  const onair = await startOnair(t, settings);
  const port = await freePort();
  await proxies.varnish.start(t, { upstreamPort: onair.port, port, cert: '', key: '' });
  const publisher = new TestPublisher(t, `ws://localhost:${String(port)}/live/card/publish?key=${onair.key}`);
  sendTestCard(t, publisher, { seconds: 120 }).catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
  return { onair, base: `http://localhost:${String(port)}` };
}

let marks = 0;

/** Resolves when all that was answered so far is in the log: that is read later than the answers. */
export async function allLogged({ origin, requests }: DeployedOnair): Promise<void> {
  const mark = `/api/streams/mark-${String(++marks)}`;
  await (await fetch(origin + mark)).arrayBuffer();
  await waitUntil('the log of all requests', () => requests.some(({ url }) => url === mark));
}

export async function mediaUrl(base: string, stream = 'card'): Promise<string> {
  const url = `${base}/live/${stream}/index.m3u8`;
  const index = await (await fetch(url)).text();
  return new URL(index.trim().split('\n').at(-1) ?? '', url).href;
}

/** What a player asks for next: the playlist that has the next part, and that part. */
export function next(text: string): { query: string; hint: string } {
  const { segments, preloadHints } = readMediaPlaylist(text);
  const last = segments.at(-1);
  const isOpen = last?.uri === undefined;
  const sequence = (last?.sequenceNumber ?? 0) + (isOpen ? 0 : 1);
  return { query: `?_HLS_msn=${String(sequence)}&_HLS_part=${String(isOpen ? (last?.parts.length ?? 0) : 0)}`, hint: preloadHints[0]?.URI ?? '' };
}

/** Follows the edge for so many parts; answers the statuses that were no 200, and the longest time that anything took. */
export async function follow(url: string, parts: number): Promise<{ failed: string[]; longestMs: number }> {
  const failed: string[] = [];
  let longestMs = 0;
  const get = async (address: string): Promise<string> => {
    const startMs = performance.now();
    // Varnish ends a connection that was idle for 5 s, perhaps just as it is used again: browsers then ask once more (RFC 9112 §9.3.1).
    const answer = await fetch(address).catch(() => fetch(address));
    const text = await answer.text();
    longestMs = Math.max(longestMs, performance.now() - startMs);
    if (!answer.ok) failed.push(`${String(answer.status)} ${address}`);
    return text;
  };
  let text = await get(url);
  for (let part = 0; part < parts; part++) {
    const { query, hint } = next(text);
    const [playlist] = await Promise.all([get(url + query), get(new URL(hint, url).href)]);
    if (playlist.startsWith('#EXTM3U')) text = playlist;
  }
  return { failed, longestMs };
}
