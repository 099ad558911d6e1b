import { sleep } from '../clock.js';
import { cpuRates } from '../cpu-time.js';
import { untilPlayable } from '../live-playlist.js';
import { ratioFigure, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { FramesViewersCommand, framesViewersHandlers } from '../workers/frames-viewers.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import { warmUpMs, type SectionOptions } from './section.js';

const many = 50;

/** What pictures for `<img>` viewers cost, the server and all its ffmpegs less the broadcast itself: many viewers beside one. */
export async function measureFrames({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  const secondsEach = seconds / 2;
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const urls = server.urls('frames');
    const command: PublisherCommand = { recording, targets: [{ url: urls.publishWithKey }] };
    await startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command }).open();
    await untilPlayable(urls.hls);
    await sleep(warmUpMs);
    const ffmpegs = await server.ffmpegPids();
    const [alone = 0] = await cpuRates(secondsEach, [[server.pid, ...ffmpegs]]);
    const crowd = await measureLook(server, urls.frames, many, secondsEach);
    const one = await measureLook(server, urls.frames, 1, secondsEach);
    const describe = ({ node, ffmpeg, perSecond }: Cost): string => `server ${node.toFixed(0)} + ffmpegs ${ffmpeg.toFixed(0)}, ${perSecond.toFixed(1)} pictures/s each`;
    return [
      ratioFigure({
        what: `CPU of /frames for ${String(many)} viewers, above the broadcast itself`,
        measured: { amount: crowd.node + crowd.ffmpeg - alone, unit: 'ms/s', note: describe(crowd) },
        beside: { amount: one.node + one.ffmpeg - alone, unit: 'ms/s', note: `one viewer: ${describe(one)}` },
        atMost: 2,
      }),
    ];
  });
}

interface Cost {
  readonly node: number;
  readonly ffmpeg: number;
  readonly perSecond: number;
}

async function measureLook(server: ServerUnderTest, url: string, viewers: number, seconds: number): Promise<Cost> {
  return within(async (scope) => {
    const command: FramesViewersCommand = { url, viewers };
    const worker = startWorker<typeof framesViewersHandlers>(scope, { name: 'frames-viewers', command });
    await worker.open();
    await sleep(2000);
    const children = await server.ffmpegPids();
    if (children.length !== 2) throw new Error(`expected one ffmpeg for the broadcast and one for all who look, found ${String(children.length)}`);
    await worker.reset();
    const [node = 0, ffmpeg = 0] = await cpuRates(seconds, [[server.pid], children]);
    const { pictures } = await worker.totals();
    return { node, ffmpeg, perSecond: pictures / viewers / seconds };
  });
}
