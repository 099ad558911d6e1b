import { join } from 'node:path';
import { WebSocket } from 'ws';
import { run, temporaryDirectory } from '../../../test/helpers/programs.js';
import { FragmentReader } from '../../../src/fmp4/fragment-reader.js';
import type { Track } from '../../../src/fmp4/init-segment.js';
import { machineMs, quantile, sleep } from '../clock.js';
import { cpuRates } from '../cpu-time.js';
import { untilPlayable } from '../live-playlist.js';
import { amountFigure, ratioFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { Delays, DelayCommand, delayHandlers } from '../workers/delay.js';
import type { PublisherCommand, publisherHandlers } from '../workers/publisher.js';
import { sameFfmpeg } from './copy.js';
import { warmUpMs, type SectionOptions } from './section.js';

const rungs = [{ lines: 480, rate: '1000k' }, { lines: 360, rate: '500k' }] as const;
const ladderSetting = rungs.map(({ lines, rate }) => `${String(lines)}:${rate}`).join();

const sentWarmUpMs = 3 * warmUpMs;

/** The plainest ffmpeg for the same renditions: of the same recording, with the same encoder. */
const bareLadder = [
  ...['-hide_banner', '-nostats', '-loglevel', 'error', '-threads', '1', '-f', 'matroska', '-i', 'pipe:0'],
  ...['-filter_complex', `[0:v]split=${String(rungs.length)}[a][b];[a]scale=-2:480[x];[b]scale=-2:360[y]`, '-map', '[x]', '-map', '[y]', '-an'],
  ...['-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-threads:v', '1', '-g', '60'],
  ...rungs.flatMap(({ rate }, index) => [`-b:v:${String(index)}`, rate, `-maxrate:v:${String(index)}`, rate, `-bufsize:v:${String(index)}`, rate]),
  ...['-f', 'mp4', '-movflags', 'empty_moov+default_base_moof+frag_keyframe', 'pipe:1'],
];

/** What renditions cost that the server makes, how late they are, and what they do to the source; and what those cost that a publisher makes. */
export async function measureLadder({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  const made = await within((scope) => measureMade(scope, recording, seconds));
  const sent = await within((scope) => measureSent(scope, recording, seconds));
  return [...made, ...sent];
}

async function measureMade(scope: Scope, recording: string, seconds: number): Promise<Figure[]> {
  const [server, without] = [await ServerUnderTest.start(scope, { settings: { LADDER: ladderSetting } }), await ServerUnderTest.start(scope, { settings: { LADDER: 'off' } })];
  const [urls, urlsWithout] = [server.urls('ladder'), without.urls('ladder')];
  const bare = startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: { recording, targets: [{ ffmpegArgs: bareLadder }] } satisfies PublisherCommand });
  const command: DelayCommand = { recording, ffmpegArgs: sameFfmpeg, servers: [urls, urlsWithout].map(({ publishWithKey, play }) => ({ publishUrl: publishWithKey, playUrl: `${play}?rendition=source` })) };
  const worker = startWorker<typeof delayHandlers>(scope, { name: 'delay', command });
  const { pids: [barePid = 0] } = await bare.open();
  await Promise.all([urls, urlsWithout].map(({ hls }) => untilPlayable(hls)));
  const [source, rung] = [`${urls.play}?rendition=source`, `${urls.play}?rendition=480p`].map((url) => watch(scope, url));
  await sleep(warmUpMs);
  await worker.reset();
  const [node = 0, children = 0, nodeWithout = 0, childrenWithout = 0, plain = 0] = await cpuRates(seconds, [[server.pid], await server.ffmpegPids(), [without.pid], await without.ffmpegPids(), [barePid]]);
  const [, withLadder, withoutLadder] = await worker.delays();
  if (!source || !rung || !withLadder || !withoutLadder) throw new Error('expected pictures of the source and of a rendition, got none');
  const later = [...rung].flatMap(([ms, atMs]) => (source.has(ms) ? [atMs - (source.get(ms) ?? 0)] : [])).slice(-seconds * 30);
  const amountOf = ({ meanMs, p50Ms, p95Ms, pictures }: Delays, note: string): { amount: number; unit: string; note: string } => ({ amount: meanMs, unit: 'ms', note: `${note}; p50 ${p50Ms.toFixed(0)}, p95 ${p95Ms.toFixed(0)}, ${String(pictures)} pictures` });
  return [
    ratioFigure({
      what: 'CPU of 480p and 360p made of 720p30: all that the server takes more than without',
      measured: { amount: node + children - nodeWithout - childrenWithout, unit: 'ms/s', note: `with ${node.toFixed(0)} + ${children.toFixed(0)}, without ${nodeWithout.toFixed(0)} + ${childrenWithout.toFixed(0)}: server + its ffmpegs` },
      beside: { amount: plain, unit: 'ms/s', note: 'bare ffmpeg making the same' },
      atMost: 1.2,
    }),
    amountFigure({ what: "a rendition's picture after the source's, at viewers' sockets, p50", measured: { amount: quantile(later, 0.5), unit: 'ms', note: `p95 ${quantile(later, 0.95).toFixed(0)}, ${String(later.length)} pictures` }, atMost: 120 }),
    ratioFigure({ what: "the source's own delay while renditions are made", measured: amountOf(withLadder, 'with a ladder'), beside: amountOf(withoutLadder, 'without, at the same moment'), atMost: 1.05 }),
  ];
}

/** When each picture came, by its media time in ms. */
function watch(scope: Scope, url: string): ReadonlyMap<number, number> {
  const seen = new Map<number, number>();
  const socket = new WebSocket(url, { perMessageDeflate: false });
  scope.teardown(async () => socket.terminate());
  const reader = new FragmentReader();
  let video: Track | undefined;
  socket.on('message', (bytes: Buffer, isBinary) => {
    const atMs = machineMs();
    for (const event of isBinary ? reader.push(bytes) : []) {
      if (event.type === 'init') video = event.init.tracks.find(({ kind }) => kind === 'video');
      else for (const run of event.fragment.runs) if (run.trackId === video?.trackId) seen.set(Math.round((run.baseMediaDecodeTime / video.timescale) * 1000), atMs);
    }
  });
  return seen;
}

/** Three pictures that come in one recording are copied. */
async function measureSent(scope: Scope, recording: string, seconds: number): Promise<Figure[]> {
  const several = join(await temporaryDirectory(scope, 'onair-bench-ladder'), 'several.mkv');
  const rates = ['2500k', ...rungs.map(({ rate }) => rate)];
  const smaller = rungs.flatMap(({ lines }, index) => [`-filter:v:${String(index + 1)}`, `scale=-2:${String(lines)}`]);
  // One encoder for all three: keyframes must be at the very same times, which copies of another file's pictures are not.
  await run('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t,format=yuv420p', '-f', 'lavfi', '-i', 'aevalsrc=0.2*sin(330*2*PI*t)|0.2*sin(471*2*PI*t):s=48000'],
    ...['-t', String(sentWarmUpMs / 1000 + seconds + 15), ...rates.flatMap(() => ['-map', '0:v']), '-map', '1:a', ...smaller],
    ...['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '60', '-sc_threshold', '0'],
    ...rates.flatMap((rate, index) => [`-b:v:${String(index)}`, rate, `-maxrate:v:${String(index)}`, rate, `-bufsize:v:${String(index)}`, rate]),
    ...['-c:a', 'libopus', '-b:a', '128k', '-frame_duration', '60', '-f', 'matroska', '-live', '1', '-cluster_time_limit', '60', '-cluster_size_limit', '5000000', several],
  ], { timeoutMs: 300_000 });
  const server = await ServerUnderTest.start(scope);
  const other = await ServerUnderTest.start(scope);
  const publish = (file: string, url: string): Promise<unknown> => startWorker<typeof publisherHandlers>(scope, { name: 'publisher', command: { recording: file, targets: [{ url }] } satisfies PublisherCommand }).open();
  await Promise.all([publish(several, server.urls('three').publishWithKey), publish(recording, other.urls('one').publishWithKey)]);
  await Promise.all([server.urls('three'), other.urls('one')].map(({ hls }) => untilPlayable(hls)));
  const listed = (await (await fetch(server.urls('three').hls)).text()).match(/RESOLUTION=/g)?.length ?? 0;
  if (listed !== rungs.length + 1) throw new Error(`expected ${String(rungs.length + 1)} renditions of what was sent, got ${String(listed)}`);
  await sleep(sentWarmUpMs);
  const [three = 0, threeFfmpeg = 0, one = 0, oneFfmpeg = 0] = await cpuRates(seconds, [[server.pid], await server.ffmpegPids(), [other.pid], await other.ffmpegPids()]);
  return [
    ratioFigure({
      what: 'CPU of the whole server for a ladder of three that its publisher makes',
      measured: { amount: three + threeFfmpeg, unit: 'ms/s', note: `server ${three.toFixed(1)} + its ffmpeg ${threeFfmpeg.toFixed(1)}` },
      beside: { amount: one + oneFfmpeg, unit: 'ms/s', note: `one copied stream: ${one.toFixed(1)} + ${oneFfmpeg.toFixed(1)}` },
      atMost: 1.5,
    }),
  ];
}
