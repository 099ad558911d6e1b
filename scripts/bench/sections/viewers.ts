import { cpus } from 'node:os';

import { startBareHttp } from '../bare-http.js';
import { sleep } from '../clock.js';
import { cpuRates } from '../cpu-time.js';
import { HttpConnection } from '../http-connection.js';
import { readLiveEdge, untilPlayable } from '../live-playlist.js';
import { captureMessages } from '../message-capture.js';
import { amountFigure, ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { fanOutHandlers } from '../workers/fan-out.js';
import type { HlsViewersCommand, hlsViewersHandlers } from '../workers/hls-viewers.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { WebSocketViewersCommand, WebSocketViewersTotals, webSocketViewersHandlers } from '../workers/web-socket-viewers.js';
import { beforeBounds, besideBefore, compiledMs, type SectionOptions } from './section.js';

export const viewers = 200;
const crowd = 500;
/** Joining costs more than watching. */
const settleMs = 5000;

/** What each viewer costs the server: its CPU with so many viewers less its CPU without, for each of them. */
export async function measureViewers({ recording, seconds, before }: SectionOptions): Promise<Figure[]> {
  const secondsEach = seconds / 2;
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const urls = server.urls('viewers');
    await publish(scope, recording, urls.publishWithKey);
    const earlier = before === undefined ? undefined : await ServerUnderTest.start(scope, { checkout: before });
    if (earlier) await publish(scope, recording, earlier.urls('viewers').publishWithKey);
    const { url } = await untilPlayable(urls.hls);
    const fanOutCommand = await captureMessages(scope, urls.play, 8);
    // What a cold server spends would be taken for the stream's cost, and the viewers' made less by it.
    await sleep(compiledMs);
    const [idle = 0, earlierIdle = 0] = await cpuRates(secondsEach, [[server.pid], earlier ? [earlier.pid] : []]);

    const bySocket = await withWebSocketViewers(urls.play, viewers, async () => (await cpuRates(secondsEach, [[server.pid]]))[0] ?? 0);
    const byHls = await withHlsViewers(url.href, async () => (await cpuRates(seconds, [[server.pid]]))[0] ?? 0);
    const byNode = await measureBareHttp(scope, { url, partBytes: byHls.partBytes, seconds });

    const fanOut = startWorker<typeof fanOutHandlers>(scope, { name: 'fan-out', command: fanOutCommand });
    const fanOutUrl = `ws://127.0.0.1:${String(await fanOut.port())}/`;
    const [fanOutIdle = 0] = await cpuRates(3, [[fanOut.pid]]);
    const byFanOut = await withWebSocketViewers(fanOutUrl, viewers, async () => (await cpuRates(secondsEach, [[fanOut.pid]]))[0] ?? 0);

    const earlierRates = earlier ? await ratesOf(earlier, seconds) : undefined;

    const perViewer = (rate: number, without: number): number => ((rate - without) * 1000) / viewers;
    const besideEarlier = (what: string, rate: number, earlierRate: number, atMost?: number): Figure =>
      ratioFigure({ what, measured: { amount: perViewer(rate, idle), unit: 'µs' }, beside: { amount: perViewer(earlierRate, earlierIdle), unit: 'µs', note: besideBefore }, atMost });
    const reference = { amount: perViewer(byFanOut.result, fanOutIdle), unit: 'µs', note: 'bare ws.send of the same fragments, one by one' };
    return [
      ratioFigure({
        what: `CPU per WebSocket viewer-second (${String(viewers)} viewers, ${megabits(bySocket.totals, viewers, secondsEach)} Mbit/s each)`,
        measured: { amount: perViewer(bySocket.result, idle), unit: 'µs' },
        beside: reference,
        atMost: 0.55,
      }),
      ...(earlierRates ? [besideEarlier('the same, beside before', bySocket.result, earlierRates.bySocket, beforeBounds.many)] : []),
      ratioFigure({
        what: `CPU per LL-HLS viewer-second (${String(viewers)} viewers: blocking reloads and parts)`,
        measured: { amount: perViewer(byHls.result, idle), unit: 'µs', note: `${(byHls.requests / viewers / seconds).toFixed(1)} requests a second each` },
        beside: { amount: perViewer(byNode, 0), unit: 'µs', note: 'a node:http server that does nothing but answer the same' },
        atMost: 1.8,
      }),
      ...(earlierRates ? [besideEarlier('the same, beside before', byHls.result, earlierRates.byHls)] : []),
    ];
  });
}

/** CPU of another server with the same viewers. */
async function ratesOf(server: ServerUnderTest, seconds: number): Promise<{ bySocket: number; byHls: number }> {
  const urls = server.urls('viewers');
  const { url } = await untilPlayable(urls.hls);
  const bySocket = await withWebSocketViewers(urls.play, viewers, async () => (await cpuRates(seconds / 2, [[server.pid]]))[0] ?? 0);
  const byHls = await withHlsViewers(url.href, async () => (await cpuRates(seconds, [[server.pid]]))[0] ?? 0);
  return { bySocket: bySocket.result, byHls: byHls.result };
}

/** The same requests, held as long and answered with as many bytes, by Node alone: its CPU. */
async function measureBareHttp(scope: Scope, { url, partBytes, seconds }: { url: URL; partBytes: number; seconds: number }): Promise<number> {
  const connection = new HttpConnection(url.origin);
  const { newestSegmentUri = '' } = readLiveEdge((await connection.get(url.pathname)).body.toString());
  const media = await connection.get(new URL(newestSegmentUri, url).pathname);
  const playlist = await connection.get(`${url.pathname}?_HLS_skip=YES`, { headers: 'Accept-Encoding: gzip\r\n' });
  connection.close();
  const { origin, pid } = await startBareHttp(scope, { media: media.body, playlist: playlist.body, partBytes });
  return (await withHlsViewers(`${origin}/media.m3u8`, async () => (await cpuRates(seconds, [[pid]]))[0] ?? 0)).result;
}

/** As many as one core is to carry. */
export async function measureCrowd({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  const severalCores = cpus().length > 1;
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope, { core: severalCores ? 0 : undefined });
    const urls = server.urls('crowd');
    await publish(scope, recording, urls.publishWithKey);
    await untilPlayable(urls.hls);
    const { totals, result: rate } = await withWebSocketViewers(urls.play, crowd, async () => (await cpuRates(seconds / 2, [[server.pid]]))[0] ?? 0, severalCores ? 1 : undefined);
    return [
      amountFigure({
        what: `${String(crowd)} WebSocket viewers of one stream on one core: gaps`,
        measured: { amount: totals.gaps + totals.lost, unit: 'messages', note: `of ${String(totals.messages)} received, ${megabits(totals, crowd, seconds / 2)} Mbit/s each` },
        beside: { amount: rate / 10, unit: '%', note: 'of the core used by the server' },
        atMost: 0,
      }),
    ];
  });
}

export async function publish(scope: Scope, recording: string, url: string): Promise<void> {
  const command: PublisherCommand = { recording, targets: [{ url }] };
  await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command }).open();
}

export async function withWebSocketViewers<T>(url: string, count: number, measure: () => Promise<T>, core?: number): Promise<{ result: T; totals: WebSocketViewersTotals }> {
  return within(async (scope) => {
    const command: WebSocketViewersCommand = { url, viewers: count };
    const worker = startWorker<typeof webSocketViewersHandlers>(scope, { name: 'web-socket-viewers', command, core });
    await worker.open();
    await sleep(settleMs);
    await worker.reset();
    const result = await measure();
    return { result, totals: await worker.totals() };
  });
}

export async function withHlsViewers<T>(url: string, measure: () => Promise<T>): Promise<{ result: T; requests: number; partBytes: number }> {
  return within(async (scope) => {
    const command: HlsViewersCommand = { url, viewers };
    const worker = startWorker<typeof hlsViewersHandlers>(scope, { name: 'hls-viewers', command });
    await worker.open();
    // The code that answers them is used by nobody else, so it is compiled only now.
    await sleep(compiledMs);
    await worker.reset();
    const result = await measure();
    const totals = await worker.totals();
    if (totals.failures > 0) throw new Error(`expected every LL-HLS request to be answered, ${String(totals.failures)} were not`);
    return { result, requests: totals.playlists + totals.parts, partBytes: Math.round(totals.bytes / totals.parts) };
  });
}

function megabits(totals: WebSocketViewersTotals, count: number, seconds: number): string {
  return ((totals.bytes * 8) / 1e6 / count / seconds).toFixed(2);
}
