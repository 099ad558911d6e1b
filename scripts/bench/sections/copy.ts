import { planTranscode } from '../../../src/live/ffmpeg-options.js';
import { cpuRates } from '../cpu-time.js';
import { sleep } from '../clock.js';
import { ratioFigure, type Amount, type Figure } from '../report.js';
import { within } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { PublisherCommand, PublisherTarget, publisherHandlers } from '../workers/publisher.js';
import { untilPlayable } from '../live-playlist.js';
import { beforeBounds, besideBefore, compiledMs, type SectionOptions } from './section.js';

/**
 * What frees old buffers comes with each 64 MB: one stream brings and gets 0.63 MB a second. So long until what ten streams left
 * behind is freed; and so long is measured, or the window of one server has a collection in it and that of the other has none.
 */
const collectedMs = 105_000;

/** The plainest ffmpeg for the same job: pictures copied, sound to AAC, fragmented MP4. */
const plainFfmpeg = [
  ...['-hide_banner', '-nostats', '-loglevel', 'error', '-f', 'matroska', '-i', 'pipe:0'],
  ...['-c', 'copy', '-c:a', 'aac', '-b:a', '128k', '-f', 'mp4', '-movflags', 'empty_moov+default_base_moof+frag_keyframe', 'pipe:1'],
];

/** What the server tells its ffmpeg, without the server: what is left of the ratio is the server. */
const { inputFormat, inputOptions, outputOptions } = planTranscode(
  {
    container: 'matroska',
    tracks: [
      { id: 1, kind: 'video', codec: 'h264' },
      { id: 2, kind: 'audio', codec: 'opus', channels: 2 },
    ],
  },
  { segmentSeconds: 2, ffmpegMajor: 5 },
);
export const sameFfmpeg = [...inputOptions, '-loglevel', 'error', '-f', inputFormat, '-i', 'pipe:0', ...outputOptions, 'pipe:1'];

/** What the whole server costs for a copied stream, beside ffmpeg alone on the same bytes at the same moment. */
export async function measureCopy(options: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const settings = { ENDED_RETENTION_SECONDS: '5' };
    const server = await ServerUnderTest.start(scope, { settings });
    const earlier = options.before === undefined ? undefined : await ServerUnderTest.start(scope, { settings, checkout: options.before });
    const servers = { server, earlier };
    // Many first: one stream alone would take minutes to get its code compiled, and a server lives for weeks.
    const many = await measureStreams(servers, options, { streams: 10, settledMs: compiledMs, atMost: 1.3, atMostBefore: beforeBounds.many });
    const one = await measureStreams(servers, { ...options, seconds: Math.max(options.seconds, collectedMs / 1000) }, { streams: 1, settledMs: collectedMs, atMost: 1.5, atMostBefore: beforeBounds.oneStream });
    return [...one, ...many];
  });
}

interface Round {
  readonly streams: number;
  readonly settledMs: number;
  /** Beside the plainest ffmpeg, and beside the server of before. */
  readonly atMost: number;
  readonly atMostBefore: number;
}

async function measureStreams({ server, earlier }: { server: ServerUnderTest; earlier: ServerUnderTest | undefined }, { recording, seconds }: SectionOptions, { streams, settledMs, atMost, atMostBefore }: Round): Promise<Figure[]> {
  return within(async (scope) => {
    const names = Array.from({ length: streams }, (_, index) => `copy-${String(index)}-of-${String(streams)}`);
    const perStream = (name: string): PublisherTarget[] => [
      { url: server.urls(name).publishWithKey },
      { ffmpegArgs: plainFfmpeg },
      { ffmpegArgs: sameFfmpeg },
      ...(earlier ? [{ url: earlier.urls(name).publishWithKey }] : []),
    ];
    const command: PublisherCommand = { recording, targets: names.flatMap(perStream) };
    const publisher = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command });
    const { pids } = await publisher.open();
    const places = pids.length / streams;
    const every = (place: number): number[] => pids.filter((_, index) => index % places === place);
    await Promise.all([server, ...(earlier ? [earlier] : [])].flatMap((each) => names.map((name) => untilPlayable(each.urls(name).hls))));
    await sleep(settledMs);
    const children = await ffmpegsOf(server, streams);
    const earlierChildren = earlier ? await ffmpegsOf(earlier, streams) : [];
    const [node = 0, ffmpeg = 0, plain = 0, same = 0, earlierNode = 0, earlierFfmpeg = 0] = await cpuRates(seconds, [[server.pid], children, every(1), every(2), earlier ? [earlier.pid] : [], earlierChildren]);
    await publisher.end();
    const shares = (server: number, its: number): string => `server ${(server / streams).toFixed(1)} + its ffmpeg ${(its / streams).toFixed(1)}`;
    const measured = { amount: (node + ffmpeg) / streams, unit: 'ms/s', note: shares(node, ffmpeg) };
    const what = streams === 1 ? 'CPU of the whole server for one copied 720p30 stream' : `the same for each of ${String(streams)} streams`;
    const beside = (amount: number, note: string): Amount => ({ amount: amount / streams, unit: 'ms/s', note });
    return [
      ratioFigure({ what, measured, beside: beside(plain, 'bare ffmpeg -c copy -c:a aac'), atMost }),
      ratioFigure({ what: 'the same, beside the same command line', measured, beside: beside(same, "the server's ffmpeg without the server") }),
      ...(earlier ? [ratioFigure({ what: 'the same, beside before', measured, beside: beside(earlierNode + earlierFfmpeg, `${besideBefore}: ${shares(earlierNode, earlierFfmpeg)}`), atMost: atMostBefore })] : []),
    ];
  });
}

async function ffmpegsOf(server: ServerUnderTest, streams: number): Promise<number[]> {
  const children = await server.ffmpegPids();
  if (children.length !== streams) throw new Error(`expected ${String(streams)} ffmpeg children of the server, found ${String(children.length)}`);
  return children;
}
