import { startOwned } from '../../../test/helpers/programs.js';
import { sleep } from '../clock.js';
import { cpuRates } from '../cpu-time.js';
import { freePort } from '../free-port.js';
import { untilPlayable } from '../live-playlist.js';
import { startNodeMediaServer } from '../node-media-server.js';
import { ratioFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { BodyViewersCommand, bodyViewersHandlers } from '../workers/body-viewers.js';
import { compiledMs, type SectionOptions } from './section.js';

const viewers = 200;
const settleMs = 5000;

/** What a viewer of `stream.flv` costs beside what it costs another Node program that hands on the same RTMP: no less is its own choice. */
export async function measureFlv({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const other = await startNodeMediaServer(scope);
    if (!other) return [];
    const rtmpPort = await freePort();
    const server = await ServerUnderTest.start(scope, { settings: { RTMP_PORT: String(rtmpPort) } });
    const urls = server.urls('flv');
    const own = `rtmp://127.0.0.1:${String(rtmpPort)}/live/flv?key=${server.key}`;
    const outputs = [own, other.rtmpUrl].flatMap((url) => ['-map', '0:v', '-map', '0:a', '-c:v', 'copy', '-c:a', 'aac', '-b:a', '128k', '-f', 'flv', url]);
    startOwned(scope, 'ffmpeg', ['-hide_banner', '-loglevel', 'error', '-re', '-i', recording, ...outputs]);
    await untilPlayable(urls.hls);
    await sleep(compiledMs);
    const pids = [[server.pid], [other.pid]];
    const without = await cpuRates(seconds / 2, pids);
    // By turns, more than once: the machine's pace changes.
    const rates: number[][] = [[], []];
    const bitRates: number[] = [];
    for (let turn = 0; turn < 2; turn++) {
      for (const [index, url] of [urls.flv, other.flvUrl].entries()) {
        await within(async (turnScope) => {
          const command: BodyViewersCommand = { url, viewers };
          const worker = startWorker<typeof bodyViewersHandlers>(turnScope, { name: 'body-viewers', command });
          await worker.open();
          await sleep(settleMs);
          await worker.reset();
          const [rate = 0] = await cpuRates(seconds / 2, [pids[index] ?? []]);
          rates[index]?.push(rate);
          bitRates[index] = ((await worker.totals()).bytes * 8) / 1e6 / viewers / (seconds / 2);
        });
      }
    }
    const perViewer = (index: number): number => {
      const each = rates[index] ?? [];
      return ((each.reduce((sum, rate) => sum + rate, 0) / each.length - (without[index] ?? 0)) * 1000) / viewers;
    };
    const note = (index: number): string => `${(bitRates[index] ?? 0).toFixed(2)} Mbit/s each`;
    return [
      ratioFigure({
        what: `CPU per stream.flv viewer-second (${String(viewers)} viewers, RTMP of 30 pictures a second)`,
        measured: { amount: perViewer(0), unit: 'µs', note: note(0) },
        beside: { amount: perViewer(1), unit: 'µs', note: `node-media-server 4.4, ${note(1)}` },
        atMost: 0.6,
      }),
    ];
  });
}
