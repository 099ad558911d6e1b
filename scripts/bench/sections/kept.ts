import { cpuMs, cpuRates } from '../cpu-time.js';
import { mean, sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { startNginx } from '../nginx.js';
import { ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PlainHlsViewersCommand, plainHlsViewersHandlers } from '../workers/plain-hls-viewers.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { SegmentLoadCommand, segmentLoadHandlers } from '../workers/segment-load.js';
import { compiledMs, warmUpMs, type SectionOptions } from './section.js';

const streams = 4;
const viewers = 200;
const rounds = 2;
/** They go back by so much at least before they are measured: the live edge is in memory. */
const historyMs = 30_000;

/** What recording costs, and what is watched of what was kept, beside what it is instead of. */
export async function measureKept({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const settings = { DVR_SECONDS: '7200', RECORD: 'on' };
    const [keeps, without] = [await ServerUnderTest.start(scope, { settings }), await ServerUnderTest.start(scope)];
    const names = Array.from({ length: streams }, (_none, index) => `kept-${String(index)}`);
    const command: PublisherCommand = { recording, targets: [keeps, without].flatMap((server) => names.map((name) => ({ url: server.urls(name).publishWithKey }))) };
    const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
    await publisher.open();
    await Promise.all([keeps, without].flatMap((server) => names.map((name) => untilPlayable(server.urls(name).hls))));
    await sleep(Math.max(compiledMs, historyMs));
    const [node = 0, ffmpeg = 0, plainNode = 0, plainFfmpeg = 0] = await cpuRates(seconds, [[keeps.pid], await keeps.ffmpegPids(), [without.pid], await without.ffmpegPids()]);
    const shares = (server: number, its: number): string => `server ${(server / streams).toFixed(1)} + its ffmpeg ${(its / streams).toFixed(1)}`;
    const costOfRecording = ratioFigure({
      what: `CPU of the whole server for each of ${String(streams)} copied streams that are recorded, with ${settings.DVR_SECONDS} s to go back`,
      measured: { amount: (node + ffmpeg) / streams, unit: 'ms/s', note: shares(node, ffmpeg) },
      beside: { amount: (plainNode + plainFfmpeg) / streams, unit: 'ms/s', note: `not recorded: ${shares(plainNode, plainFfmpeg)}` },
      atMost: 1.1,
    });
    const rewinding = await measureRewinding(keeps, names, seconds);
    await publisher.end();
    return [costOfRecording, rewinding, await measureRecordedSegments(scope, keeps, seconds)];
  });
}

/** In turns, and each beside what the server does without them in the same moments. */
async function measureRewinding(server: ServerUnderTest, streams: readonly string[], seconds: number): Promise<Figure> {
  const playlists = await Promise.all(streams.map((stream) => untilPlayable(server.urls(stream).hls)));
  const urls = { edge: playlists.map(({ url }) => url.href), back: playlists.map(({ url }) => new URL('dvr.m3u8', url).href) };
  const rates: Record<PlainHlsViewersCommand['place'], number[]> = { edge: [], back: [] };
  for (let round = 0; round < rounds; round++) {
    const [idle = 0] = await cpuRates(seconds / 2, [[server.pid]]);
    for (const place of ['edge', 'back'] as const) rates[place].push((await rateWith(server, { urls: urls[place], viewers, place }, seconds)) - idle);
  }
  const perViewer = (place: PlainHlsViewersCommand['place']): number => (mean(rates[place]) * 1000) / viewers;
  return ratioFigure({
    what: `CPU per viewer-second of one that went back (${String(viewers)} viewers, each at a place of its own: the longer playlist and a segment from the disk every 2 s)`,
    measured: { amount: perViewer('back'), unit: 'µs' },
    beside: { amount: perViewer('edge'), unit: 'µs', note: 'a live HLS viewer: the playlist and the newest segment every 2 s' },
    atMost: 1.2,
  });
}

async function rateWith(server: ServerUnderTest, command: PlainHlsViewersCommand, seconds: number): Promise<number> {
  return within(async (scope) => {
    const worker = startWorker<typeof plainHlsViewersHandlers>(scope, { name: 'plain-hls-viewers', command });
    await worker.open();
    await sleep(warmUpMs / 2);
    const { segments: before } = await worker.got();
    const [rate = 0] = await cpuRates(seconds / 2, [[server.pid]]);
    const [got, expected] = [(await worker.got()).segments - before, (viewers * seconds) / 4];
    if (got < expected * 0.8) throw new Error(`expected ${String(expected)} segments for ${String(viewers)} viewers, got ${String(got)}: this machine is too busy to tell`);
    return rate;
  });
}

/** A segment of a recording that is over, beside nginx with the very file. */
async function measureRecordedSegments(scope: Scope, server: ServerUnderTest, seconds: number): Promise<Figure> {
  const { recordings } = (await (await fetch(`${server.origin}/api/recordings?stream=kept-0`)).json()) as { recordings: { urls: { hls: string } }[] };
  const hls = recordings[0]?.urls.hls;
  if (hls === undefined) throw new Error('expected a recording of what was published, found none');
  const url = new URL('2.m4s', hls).href;
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const nginx = await startNginx(scope, { files: { 'segment.m4s': bytes }, sendfile: false });
  const origins = [{ url, pid: server.pid }, { url: `${nginx.origin}/segment.m4s`, pid: nginx.pid }];
  const measured: number[][] = origins.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, origin] of origins.entries()) measured[index]?.push(await cpuPerGbit(origin.url, origin.pid, seconds / 4));
  }
  const [ours = 0, byCopy = 0] = measured.map(mean);
  return ratioFigure({
    what: `CPU per Gbit of segments of a recording, from the disk (${String(Math.round(bytes.length / 1024))} KiB each)`,
    measured: { amount: ours, unit: 'ms/Gbit' },
    beside: { amount: byCopy, unit: 'ms/Gbit', note: 'nginx with the same file, as it is built' },
    atMost: 2,
  });
}

async function cpuPerGbit(url: string, pid: number, seconds: number): Promise<number> {
  return within(async (scope) => {
    const command: SegmentLoadCommand = { url, connections: 32 };
    const load = startWorker<typeof segmentLoadHandlers>(scope, { name: 'segment-load', command });
    await load.open();
    await sleep(warmUpMs / 2);
    const [cpuBefore, bytesBefore] = await Promise.all([cpuMs([pid]), load.bytes()]);
    await sleep(seconds * 1000);
    const [cpuAfter, bytesAfter] = await Promise.all([cpuMs([pid]), load.bytes()]);
    return (cpuAfter - cpuBefore) / (((bytesAfter - bytesBefore) * 8) / 1e9);
  });
}
