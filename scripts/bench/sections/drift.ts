import { join } from 'node:path';

import { run, temporaryDirectory } from '../../../test/helpers/programs.js';
import { sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { cannotShape, ShapedLine } from '../shaped-line.js';
import { startWorker } from '../worker.js';
import type { LateViewerCommand, lateViewerHandlers } from '../workers/late-viewer.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { SectionOptions } from './section.js';

/** 4 s of a stream take a line half as fast 8 s; they are found late by up to two, and then a keyframe is waited for. */
const mostSeconds = 12;

/** How far behind viewers are on lines half as fast as the stream: a picture and sound alone, by socket and as an endless body. */
export async function measureDrift({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  const why = cannotShape();
  if (why !== undefined) {
    process.stderr.write(`drift: left out, ${why}\n`);
    return [];
  }
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope, { settings: { HOST: '0.0.0.0' } });
    const streams = { 'a picture': recording, 'sound alone': await soundOf(scope, recording) };
    const kinds = Object.entries(streams).flatMap(([kind, file], index) => (['play', 'mp4'] as const).map((path) => ({ kind, file, stream: `drift${String(index)}`, path })));
    for (const { file, stream, path } of kinds) if (path === 'play') await publish(scope, file, server.urls(stream).publishWithKey);
    const measured = await Promise.all(
      kinds.map(async ({ kind, stream, path }) => {
        const urls = server.urls(stream);
        await untilPlayable(urls.hls);
        return { kind, path, ...(await measureOne(scope, urls[path], seconds)) };
      }),
    );
    return measured.map(({ kind, path, behindSeconds, bitsPerSecond }) =>
      amountFigure({
        what: `${kind} over a line half as fast, by ${path === 'play' ? 'WebSocket' : 'stream.mp4'}: behind at most`,
        measured: { amount: behindSeconds, unit: 's', note: `${(bitsPerSecond / 1000).toFixed(0)} kbit/s` },
        atMost: mostSeconds,
      }),
    );
  });
}

/** A viewer beside the server says what there is, and one at the far end of a slow line what has come of it. */
async function measureOne(scope: Scope, url: string, seconds: number): Promise<{ behindSeconds: number; bitsPerSecond: number }> {
  const line = ShapedLine.open(scope);
  const watch = (from: string, through: readonly string[] = []) => {
    const command: LateViewerCommand = { url: from };
    return startWorker<typeof lateViewerHandlers>(scope, { name: 'late-viewer', command, through });
  };
  const near = watch(url);
  await near.open();
  const { bytes: before } = await near.seen();
  await sleep(5000);
  const bitsPerSecond = (((await near.seen()).bytes - before) * 8) / 5;
  line.slowTo(bitsPerSecond / 2);
  const throughLine = new URL(url);
  throughLine.hostname = line.serverAddress;
  const far = watch(throughLine.href, line.farEnd);
  await far.open();
  await sleep(seconds * 4000);
  const [there, come] = [(await near.seen()).arrivals, (await far.seen()).arrivals];
  return { behindSeconds: mostBehindMs(there, come) / 1000, bitsPerSecond };
}

/** The longest that anything was there while nothing as new had come. */
function mostBehindMs(there: readonly (readonly [number, number])[], come: readonly (readonly [number, number])[]): number {
  const thereAtMs = new Map(there);
  let most = 0;
  for (const [index, [sequence]] of come.entries()) {
    // It was the newest up to when the next one came.
    const untilMs = come[index + 1]?.[1] ?? 0;
    most = Math.max(most, untilMs - (thereAtMs.get(sequence) ?? Infinity));
  }
  return most;
}

async function publish(scope: Scope, recording: string, url: string): Promise<void> {
  const command: PublisherCommand = { recording, targets: [{ url }] };
  await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command }).open();
}

async function soundOf(scope: Scope, recording: string): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'onair-bench-sound'), 'sound.mkv');
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-i', recording, '-map', '0:a', '-c', 'copy', '-f', 'matroska', '-live', '1', '-cluster_time_limit', '60', file]);
  return file;
}
