import { startBareHttp } from '../bare-http.js';
import { cpuMs } from '../cpu-time.js';
import { mean, sleep } from '../clock.js';
import { readLiveEdge, untilPlayable } from '../live-playlist.js';
import { startNginx } from '../nginx.js';
import { ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { SegmentLoadCommand, segmentLoadHandlers } from '../workers/segment-load.js';
import { warmUpMs, type SectionOptions } from './section.js';

const connections = 32;
const rounds = 2;

/**
 * What a segment costs to send, beside nginx sending the same bytes from a file; the same client for all, in turns. The other
 * two say how much of it is Node's own, and what would be saved by not copying at all.
 */
export async function measureSegments({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope, { settings: { ENDED_RETENTION_SECONDS: '600' } });
    const url = await publishOneSegment(scope, server, recording);
    // The same code for a small answer: compiled within seconds, also where segments leave slowly.
    await underLoad(new URL('init-0.mp4', url).href, () => sleep(warmUpMs / 2));
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const files = { 'segment.m4s': bytes };
    const node = await startBareHttp(scope, { media: bytes });
    const references = [await startNginx(scope, { files, sendfile: false }), node, await startNginx(scope, { files, sendfile: true })];
    const origins = [{ url, pid: server.pid }, ...references.map(({ origin, pid }) => ({ url: `${origin}/segment.m4s`, pid }))];
    await underLoad(`${node.origin}/segment.m4s`, () => sleep(warmUpMs / 2));
    const measured: number[][] = origins.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, origin] of origins.entries()) measured[index]?.push(await cpuPerGbit(origin.url, origin.pid, seconds / 4));
    }
    const [ours = 0, byCopy = 0, byNode = 0, bySendfile = 0] = measured.map(mean);
    const figure = (what: string, amount: number, note: string, atMost?: number): Figure =>
      ratioFigure({ what, measured: { amount: ours, unit: 'ms/Gbit' }, beside: { amount, unit: 'ms/Gbit', note }, atMost });
    return [
      figure(`CPU per Gbit of segments (${String(Math.round(bytes.length / 1024))} KiB each, HTTP/1.1 keep-alive)`, byCopy, 'nginx as it is built, without sendfile', 1.5),
      figure('the same, beside Node alone', byNode, 'a node:http server that does nothing else'),
      figure('the same, beside no copy at all', bySendfile, 'nginx with sendfile: without TLS'),
    ];
  });
}

/** Of a broadcast that is over: nothing but the serving costs anything. */
async function publishOneSegment(scope: Scope, server: ServerUnderTest, recording: string): Promise<string> {
  const urls = server.urls('segments');
  const command: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
  const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
  await publisher.open();
  const { url, text } = await untilPlayable(urls.hls);
  await publisher.end();
  const { newestSegmentUri } = readLiveEdge(text);
  if (newestSegmentUri === undefined) throw new Error(`expected a segment in the first playlist, got ${text}`);
  return new URL(newestSegmentUri, url).href;
}

/** In milliseconds of one core. */
async function cpuPerGbit(url: string, pid: number, seconds: number): Promise<number> {
  return underLoad(url, async (load) => {
    await sleep(1000);
    const [cpuBefore, bytesBefore] = await Promise.all([cpuMs([pid]), load.bytes()]);
    await sleep(seconds * 1000);
    const [cpuAfter, bytesAfter] = await Promise.all([cpuMs([pid]), load.bytes()]);
    return (cpuAfter - cpuBefore) / (((bytesAfter - bytesBefore) * 8) / 1e9);
  });
}

async function underLoad<T>(url: string, measure: (load: { bytes: () => Promise<number> }) => Promise<T>): Promise<T> {
  return within(async (scope) => {
    const command: SegmentLoadCommand = { urls: [url], connections };
    const load = startWorker<typeof segmentLoadHandlers>(scope, { name: 'segment-load', command });
    await load.open();
    return measure(load);
  });
}
