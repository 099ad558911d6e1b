import { sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, differenceFigure, type Amount, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { DelayCommand, delayHandlers } from '../workers/delay.js';
import { sameFfmpeg } from './copy.js';
import { beforeBounds, besideBefore, warmUpMs, type SectionOptions } from './section.js';

/** How long a copied picture takes from its publisher's socket to a viewer's, beside what ffmpeg alone takes for the same pictures. */
export async function measureDelay({ recording, seconds, before }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const servers = [await ServerUnderTest.start(scope), ...(before === undefined ? [] : [await ServerUnderTest.start(scope, { checkout: before })])];
    const urls = servers.map((server) => server.urls('delay'));
    const command: DelayCommand = { recording, ffmpegArgs: sameFfmpeg, servers: urls.map(({ publishWithKey, play }) => ({ publishUrl: publishWithKey, playUrl: play })) };
    const worker = startWorker<typeof delayHandlers>(scope, { name: 'delay', command });
    await Promise.all(urls.map(({ hls }) => untilPlayable(hls)));
    await sleep(warmUpMs);
    await worker.reset();
    await sleep(seconds * 1000);
    const [byFfmpeg, ours, earlier] = (await worker.delays()).map(({ pictures, meanMs, p50Ms, p95Ms }): Amount => ({ amount: meanMs, unit: 'ms', note: `p50 ${p50Ms.toFixed(0)}, p95 ${p95Ms.toFixed(0)}, ${String(pictures)} pictures` }));
    if (!byFfmpeg || !ours) throw new Error('expected pictures from ffmpeg and from the server, got none');
    const what = 'a picture is given to the publisher\'s socket → a viewer\'s socket has it, mean';
    return [
      amountFigure({ what, measured: ours, beside: { ...byFfmpeg, note: `${byFfmpeg.note ?? ''}: the same ffmpeg without the server` } }),
      ...(earlier ? [differenceFigure({ what: 'the same, beside before', measured: ours, beside: { ...earlier, note: `${earlier.note ?? ''}: ${besideBefore}` }, atMost: beforeBounds.delayMs })] : []),
    ];
  });
}
