import { proxies } from '../../../test/deploy/proxies.js';
import { startOnair } from '../../../test/deploy/deployed-onair.js';
import { freePort } from '../../../test/helpers/free-port.js';
import { startRedis } from '../../../test/helpers/redis.js';
import { sleep } from '../clock.js';
import { cpuRates } from '../cpu-time.js';
import { untilPlayable } from '../live-playlist.js';
import { differenceFigure, ratioFigure, type Amount, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { startWorker } from '../worker.js';
import type { DelayCommand, delayHandlers } from '../workers/delay.js';
import type { CachedViewersCommand, cachedViewersHandlers } from '../workers/cached-viewers.js';
import { sameFfmpeg } from './copy.js';
import { warmUpMs, type SectionOptions } from './section.js';
import { publish, viewers, withWebSocketViewers } from './viewers.js';

/** Two servers as one: the owner of whatever is published at the first of them, and the other one. */
async function startNodes(scope: Scope): Promise<[ServerUnderTest, ServerUnderTest]> {
  const redis = await startRedis(scope);
  const start = async (): Promise<ServerUnderTest> => {
    const port = String(await freePort());
    return ServerUnderTest.start(scope, { settings: { PORT: port, CLUSTER_URL: redis.url, CLUSTER_SECRET: 'bench-secret-of-all-nodes', NODE_URL: `http://127.0.0.1:${port}` } });
  };
  return [await start(), await start()];
}

/** What it costs to watch at another node than the owner, and what a second node brings. */
export async function measureNodes(options: SectionOptions): Promise<Figure[]> {
  return [await measureDelayThere(options), ...(await measureCost(options))];
}

/** The same pictures at both nodes, at the same moment. */
async function measureDelayThere({ recording, seconds }: SectionOptions): Promise<Figure> {
  return within(async (scope) => {
    const [owner, other] = (await startNodes(scope)).map((server) => server.urls('nodes'));
    if (!owner || !other) throw new Error('expected two nodes');
    const command: DelayCommand = { recording, ffmpegArgs: sameFfmpeg, servers: [{ publishUrl: owner.publishWithKey, playUrl: owner.play }, { playUrl: other.play }] };
    const worker = startWorker<typeof delayHandlers>(scope, { name: 'delay', command });
    await untilPlayable(other.hls);
    await sleep(warmUpMs);
    await worker.reset();
    await sleep(seconds * 1000);
    const [, here, there] = (await worker.delays()).map(({ pictures, p50Ms, p95Ms }): Amount => ({ amount: p50Ms, unit: 'ms', note: `p95 ${p95Ms.toFixed(0)}, ${String(pictures)} pictures` }));
    if (!here || !there) throw new Error('expected pictures at both nodes, got none');
    return differenceFigure({ what: "a picture is given to the publisher's socket → a viewer's socket at another node has it, p50", measured: there, beside: { ...here, note: `${here.note ?? ''}: at the owner` }, atMost: 40 });
  });
}

async function measureCost({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const [owner, other] = await startNodes(scope);
    const [here, there] = [owner.urls('nodes'), other.urls('nodes')];
    await publish(scope, recording, here.publishWithKey);
    await untilPlayable(there.hls);
    await sleep(warmUpMs);
    const rates = async (): Promise<[number, number]> => {
      const [atOwner = 0, atOther = 0] = await cpuRates(seconds / 2, [[owner.pid], [other.pid]]);
      return [atOwner, atOther];
    };
    const idle = await rates();
    // What else the machine does comes and goes: what is compared is measured before and after.
    const { result: first } = await withWebSocketViewers(here.play, viewers, rates);
    const { result: away } = await withWebSocketViewers(there.play, viewers, rates);
    const { result: both } = await withWebSocketViewers(here.play, viewers, async () => (await withWebSocketViewers(there.play, viewers, rates)).result);
    const { result: last } = await withWebSocketViewers(here.play, viewers, rates);
    const alone = (first[0] + last[0]) / 2;
    const perViewer = (rate: number, without: number): number => ((rate - without) * 1000) / viewers;
    const atFullCore = (count: number, rate: number): Amount => ({ amount: (count * 1000) / rate, unit: 'viewers' });
    return [
      ratioFigure({
        what: `CPU per WebSocket viewer-second at another node (${String(viewers)} viewers)`,
        measured: { amount: perViewer(away[1], idle[1]), unit: 'µs', note: `the owner spends ${(away[0] - idle[0]).toFixed(1)} ms a second on all of them` },
        beside: { amount: perViewer(alone, idle[0]), unit: 'µs', note: 'at the owner' },
        atMost: 1.3,
      }),
      ratioFigure({
        what: `two nodes, ${String(viewers)} viewers at each: viewers when the busier one's core is full`,
        measured: { ...atFullCore(2 * viewers, Math.max(...both)), note: `${both.map((rate) => (rate / 10).toFixed(1)).join(' and ')} % of a core` },
        beside: { ...atFullCore(viewers, alone), note: `one node, ${(alone / 10).toFixed(1)} %` },
        atLeast: 1.7,
      }),
    ];
  });
}

/** What many viewers by LL-HLS ask of a server behind Varnish, with the file in `deploy/`. */
export async function measureCache({ recording, seconds }: SectionOptions): Promise<Figure[]> {
  return within(async (scope) => {
    const onair = await startOnair(scope);
    const port = await freePort();
    await proxies.varnish.start(scope, { upstreamPort: onair.port, port, cert: '', key: '' });
    await publish(scope, recording, `ws://127.0.0.1:${String(onair.port)}/live/cache/publish?key=${onair.key}`);
    const { url: direct } = await untilPlayable(`${onair.origin}/live/cache/index.m3u8`);
    const url = new URL(direct.pathname, `http://127.0.0.1:${String(port)}`);
    const asked = (count: number): Promise<Amount> =>
      within(async (inner) => {
        const command: CachedViewersCommand = { url: url.href, viewers: count };
        const worker = startWorker<typeof cachedViewersHandlers>(inner, { name: 'cached-viewers', command });
        await worker.open();
        await sleep(warmUpMs);
        await worker.reset();
        const from = onair.requests.length;
        await sleep(seconds * 1000);
        const reached = onair.requests.length - from;
        const { requests, failures } = await worker.totals();
        return { amount: reached / seconds, unit: 'a second', note: `${String(requests)} requests of ${String(count)} ${count === 1 ? 'viewer' : 'viewers'}, ${String(failures)} failed` };
      });
    const one = await asked(1);
    return [ratioFigure({ what: 'LL-HLS behind Varnish: requests that reach the server, of many viewers', measured: await asked(viewers), beside: one, atMost: 1.1 })];
  });
}
