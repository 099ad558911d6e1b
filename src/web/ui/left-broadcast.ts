import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import { liveStreamUrls } from '../../protocol/urls.js';
import { browserPage, type BrowserPage } from '../sdk/browser-page.js';
import { IngestSocket } from '../sdk/ingest-socket.js';
import type { ResumableBroadcast } from '../sdk/publisher-events.js';
import { forget, recall, remember } from './remembered.js';
import { ReconnectPolicy } from '../sdk/reconnect-policy.js';
import { explainRefusal } from '../sdk/refusal.js';
import { serverBase } from './server-base.js';

/** Broadcasts that this tab left on the server when its page was loaded anew, by stream: kept for as long as the tab. */
const itemOf = (stream: string): string => `onair.broadcast.${stream}`;
const askAgainAfterMs = 1_000;
const endTimeoutMs = 10_000;
const tickMs = 100;

export function rememberBroadcast(stream: string, broadcast: ResumableBroadcast): void {
  remember(itemOf(stream), JSON.stringify(broadcast), 'sessionStorage');
}

export function forgetBroadcast(stream: string): void {
  forget(itemOf(stream), 'sessionStorage');
}

export interface LeftBroadcast extends ResumableBroadcast {
  readonly stream: string;
  /** `elsewhere`: the server hears from a publisher of it, so another tab may have it. */
  readonly state: 'waiting' | 'elsewhere';
}

/** The broadcast of this stream that this tab left behind, if the server still has it. */
export async function findLeftBroadcast(stream: string): Promise<LeftBroadcast | undefined> {
  const left = readBroadcast(recall(itemOf(stream), 'sessionStorage'));
  if (left === undefined) return undefined;
  let info = await infoOf(stream);
  if (info?.broadcast === left.broadcast && info.state !== 'waiting') {
    // The server may still be hearing of the old page's end.
    await new Promise((resolve) => setTimeout(resolve, askAgainAfterMs));
    info = await infoOf(stream);
  }
  if (info === undefined) return undefined;
  if (info?.broadcast !== left.broadcast || info.state === 'ended') {
    forgetBroadcast(stream);
    return undefined;
  }
  return { ...left, stream, state: info.state === 'waiting' ? 'waiting' : 'elsewhere' };
}

/** Ends a broadcast that was left behind; resolves when the server has ended it, or could not be reached in ten seconds. */
export async function endLeftBroadcast({ stream, resumeToken }: Pick<LeftBroadcast, 'stream' | 'resumeToken'>, key: string, page: BrowserPage = browserPage): Promise<void> {
  const socket = new IngestSocket({
    url: liveStreamUrls(serverBase, stream).publish,
    key,
    resumeToken,
    policy: new ReconnectPolicy({ random: () => page.random() }),
    openSocket: (url) => page.openSocket(url),
    explainRefusal: (url) => explainRefusal(url, (address, init) => page.fetch(address, init)),
    nowMs: () => page.nowMs(),
  });
  const stopTicking = page.every(tickMs, () => socket.tick());
  const cancelTimeout = page.after(endTimeoutMs, () => socket.close());
  socket.end();
  await socket.closed;
  stopTicking();
  cancelTimeout();
  forgetBroadcast(stream);
}

/** What stands in a tab's storage may be anything. */
export function readBroadcast(item: string | undefined): ResumableBroadcast | undefined {
  try {
    const value: unknown = JSON.parse(item ?? 'null');
    if (typeof value !== 'object' || value === null || !('broadcast' in value) || !('resumeToken' in value)) return undefined;
    const { broadcast, resumeToken } = value;
    return typeof broadcast === 'string' && typeof resumeToken === 'string' ? { broadcast, resumeToken } : undefined;
  } catch {
    return undefined;
  }
}

/** null: no such live stream; undefined: the server does not say. */
async function infoOf(stream: string): Promise<LiveStreamInfo | null | undefined> {
  try {
    const response = await fetch(`${serverBase}/api/streams/${stream}`, { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (response.status === 404) return null;
    return response.ok ? ((await response.json()) as LiveStreamInfo) : undefined;
  } catch {
    return undefined;
  }
}
