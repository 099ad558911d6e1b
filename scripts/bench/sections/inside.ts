import { quantile, sleep } from '../clock.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { TimedFfmpeg } from '../timed-ffmpeg.js';
import { startWorker } from '../worker.js';
import type { HlsViewersCommand, hlsViewersHandlers } from '../workers/hls-viewers.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import type { WebSocketViewersCommand, webSocketViewersHandlers } from '../workers/web-socket-viewers.js';
import { compiledMs, type SectionOptions } from './section.js';

const socketViewers = 100;
const hlsViewers = 200;

/** How long media stays in the server: from ffmpeg's output to the viewers' sockets, seen from outside at both ends. */
export async function measureInside({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const ffmpeg = await TimedFfmpeg.create(scope);
    const server = await ServerUnderTest.start(scope, { settings: { FFMPEG_PATH: ffmpeg.path } });
    const urls = server.urls('inside');
    const publishing: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
    await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: publishing }).open();
    const { url } = await untilPlayable(urls.hls);
    // Three parts a second: with fewer than a hundred of them, the slowest alone would be p99.
    return [...(await measureFragments(urls.play, ffmpeg, seconds)), ...(await measurePlaylists(url.href, ffmpeg, 2 * seconds))];
  });
}

async function measureFragments(url: string, ffmpeg: TimedFfmpeg, seconds: number): Promise<Figure[]> {
  return within(async (scope) => {
    const command: WebSocketViewersCommand = { url, viewers: socketViewers };
    const worker = startWorker<typeof webSocketViewersHandlers>(scope, { name: 'web-socket-viewers', command });
    await worker.open();
    await sleep(compiledMs);
    await worker.reset();
    await sleep(seconds * 1000);
    const { arrivals } = await worker.totals();
    const given = await ffmpeg.given();
    const known = arrivals.flatMap(([mark, firstMs, lastMs]) => {
      const { givenMs } = given(mark, firstMs) ?? {};
      return givenMs === undefined ? [] : [{ first: firstMs - givenMs, last: lastMs - givenMs }];
    });
    if (known.length < arrivals.length) throw new Error(`expected that all ${String(arrivals.length)} messages end as a fragment of ffmpeg's does, ${String(arrivals.length - known.length)} do not`);
    const last = known.map((each) => each.last);
    return [
      amountFigure({
        what: `ffmpeg gave a fragment → the last of ${String(socketViewers)} viewers has it, p99`,
        measured: { amount: quantile(last, 0.99), unit: 'ms', note: `p50 ${quantile(last, 0.5).toFixed(1)}, ${String(known.length)} messages` },
        beside: { amount: quantile(known.map((each) => each.first), 0.99), unit: 'ms', note: 'the first of them' },
        atMost: 10,
      }),
    ];
  });
}

async function measurePlaylists(url: string, ffmpeg: TimedFfmpeg, seconds: number): Promise<Figure[]> {
  return within(async (scope) => {
    const command: HlsViewersCommand = { url, viewers: hlsViewers };
    const worker = startWorker<typeof hlsViewersHandlers>(scope, { name: 'hls-viewers', command });
    await worker.open();
    await sleep(compiledMs);
    await worker.reset();
    await sleep(seconds * 1000);
    const { answers, failures } = await worker.totals();
    if (failures > 0) throw new Error(`expected every LL-HLS request to be answered, ${String(failures)} were not`);
    const given = await ffmpeg.given();
    const firsts: number[] = [];
    const all: number[] = [];
    for (const { lastFragment, waits } of answers) {
      // A part is closed by the fragment that no longer belongs to it.
      const closedMs = given(lastFragment, Math.min(...waits.map(([, answeredMs]) => answeredMs)))?.nextMs;
      if (closedMs === undefined) continue;
      const blocked = waits.flatMap(([sentMs, answeredMs]) => (sentMs < closedMs ? [answeredMs - closedMs] : []));
      if (blocked.length === 0) continue;
      all.push(...blocked);
      firsts.push(Math.min(...blocked));
    }
    return [
      amountFigure({
        what: `its part closed → a blocked playlist request is answered, p99 of ${String(hlsViewers)} viewers`,
        measured: { amount: quantile(all, 0.99), unit: 'ms', note: `p50 ${quantile(all, 0.5).toFixed(1)}, ${String(all.length)} answers` },
        beside: { amount: quantile(firsts, 0.99), unit: 'ms', note: 'the first answer to each part' },
        atMost: 10,
      }),
    ];
  });
}
