import { join } from 'node:path';

import { temporaryDirectory } from '../../../test/helpers/programs.js';
import { cpuRates } from '../cpu-time.js';
import { mean, sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { ratioFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PlainHlsViewersCommand, plainHlsViewersHandlers } from '../workers/plain-hls-viewers.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import { measureRecordedSegments } from './kept-segments.js';
import { compiledMs, warmUpMs, type SectionOptions } from './section.js';

const streams = 4;
const viewers = 200;
/** Beside one before them that does not count: what comes first would have all its code compiled. */
const rounds = 3;
/** They go back by so much at least before they are measured: the live edge is in memory. */
const historyMs = 45_000;

/** What recording costs, and what is watched of what was kept, beside what it is instead of. */
export async function measureKept({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const recordings = join(await temporaryDirectory(scope, 'onair-bench'), 'recordings');
    const settings = { DVR_SECONDS: '7200', RECORD: 'on', RECORDINGS_DIR: recordings };
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
    return [costOfRecording, rewinding, ...(await measureRecordedSegments(scope, keeps, recordings, seconds))];
  });
}

/** In turns, each of them first in every other round, and beside what the server does without them in the same moments. */
async function measureRewinding(server: ServerUnderTest, streams: readonly string[], seconds: number): Promise<Figure> {
  const playlists = await Promise.all(streams.map((stream) => untilPlayable(server.urls(stream).hls)));
  const urls = { edge: playlists.map(({ url }) => url.href), back: playlists.map(({ url }) => new URL('dvr.m3u8', url).href) };
  const rates: Record<PlainHlsViewersCommand['place'], number[]> = { edge: [], back: [] };
  const places = ['edge', 'back'] as const;
  for (const place of places) await rateWith(server, { urls: urls[place], viewers, place }, seconds);
  for (let round = 0; round < rounds; round++) {
    const [idle = 0] = await cpuRates(seconds / 2, [[server.pid]]);
    for (const place of round % 2 === 0 ? places : places.toReversed()) rates[place].push((await rateWith(server, { urls: urls[place], viewers, place }, seconds)) - idle);
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
