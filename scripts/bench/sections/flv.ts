import { freePort } from '../../../test/helpers/free-port.js';
import { startOwned } from '../../../test/helpers/programs.js';
import { mean, sleep } from '../clock.js';
import { cpuRates, writesOf } from '../cpu-time.js';
import { untilPlayable } from '../live-playlist.js';
import { startNodeMediaServer } from '../node-media-server.js';
import { ratioFigure, type Amount, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { BodyViewersCommand, bodyViewersHandlers } from '../workers/body-viewers.js';
import { beforeBounds, besideBefore, compiledMs, type SectionOptions } from './section.js';

const viewers = 200;
const settleMs = 5000;
const turns = 2;

/** Who hands FLV on, and what was counted of it. */
interface Side {
  readonly pid: number;
  readonly rtmpUrl: string;
  readonly flvUrl: string;
  /** In ms a second, while its viewers watch and while the others' do. */
  readonly busy: number[];
  readonly idle: number[];
  /** By a viewer in a second. */
  bits: number;
  writes: number;
}

/** What a viewer of `stream.flv` costs beside what it costs another Node program that hands on the same RTMP: no less is its own choice. */
export async function measureFlv({ recording, seconds, before }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const other = await startNodeMediaServer(scope);
    if (!other) return [];
    const own = await startOwn(scope);
    const theirs = sideOf(other);
    const earlier = before === undefined ? undefined : await startOwn(scope, before);
    const sides = earlier ? [own, theirs, earlier] : [own, theirs];
    const outputs = sides.flatMap(({ rtmpUrl }) => ['-map', '0:v', '-map', '0:a', '-c:v', 'copy', '-c:a', 'aac', '-b:a', '128k', '-f', 'flv', rtmpUrl]);
    startOwned(scope, 'ffmpeg', ['-hide_banner', '-loglevel', 'error', '-re', '-i', recording, ...outputs]);
    for (const { hlsUrl } of [own, ...(earlier ? [earlier] : [])]) await untilPlayable(hlsUrl);
    await sleep(compiledMs);
    // By turns, more than once: the machine's pace changes. What the others cost meanwhile is what they cost without viewers.
    for (let turn = 0; turn < turns; turn++) for (const side of sides) await watch(side, sides, seconds / 2);
    const amount = (side: Side): Amount => ({ amount: ((mean(side.busy) - mean(side.idle)) * 1000) / viewers, unit: 'µs' });
    const note = ({ bits, writes }: Side): string => `${(bits / 1e6).toFixed(2)} Mbit/s in ${writes.toFixed(1)} writes a second each`;
    const measured = { ...amount(own), note: note(own) };
    return [
      ratioFigure({
        what: `CPU per stream.flv viewer-second (${String(viewers)} viewers, RTMP of 30 pictures a second)`,
        measured,
        beside: { ...amount(theirs), note: `node-media-server 4.4, ${note(theirs)}` },
        atMost: 0.6,
      }),
      ...(earlier ? [ratioFigure({ what: 'the same, beside before', measured, beside: { ...amount(earlier), note: `${besideBefore}, ${note(earlier)}` }, atMost: beforeBounds.many })] : []),
    ];
  });
}

async function startOwn(scope: Scope, checkout?: string): Promise<Side & { readonly hlsUrl: string }> {
  const rtmpPort = await freePort();
  const server = await ServerUnderTest.start(scope, { settings: { RTMP_PORT: String(rtmpPort) }, checkout });
  const { flv, hls } = server.urls('flv');
  return { ...sideOf({ pid: server.pid, rtmpUrl: `rtmp://127.0.0.1:${String(rtmpPort)}/live/flv?key=${server.key}`, flvUrl: flv }), hlsUrl: hls };
}

function sideOf(server: Pick<Side, 'pid' | 'rtmpUrl' | 'flvUrl'>): Side {
  return { ...server, busy: [], idle: [], bits: 0, writes: 0 };
}

/** Viewers watch one side, while all are measured. */
async function watch(watched: Side, sides: readonly Side[], seconds: number): Promise<void> {
  await within(async (scope) => {
    const command: BodyViewersCommand = { url: watched.flvUrl, viewers };
    const worker = startWorker<typeof bodyViewersHandlers>(scope, { name: 'body-viewers', command });
    await worker.open();
    await sleep(settleMs);
    await worker.reset();
    const writesBefore = await writesOf(watched.pid);
    const rates = await cpuRates(seconds, sides.map(({ pid }) => [pid]));
    watched.writes = ((await writesOf(watched.pid)) - writesBefore) / seconds / viewers;
    watched.bits = ((await worker.totals()).bytes * 8) / viewers / seconds;
    for (const [index, side] of sides.entries()) (side === watched ? side.busy : side.idle).push(rates[index] ?? 0);
  });
}
