import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { WebSocket } from 'ws';

import { startOwned, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { TestPublisher } from '../../test/helpers/publisher.js';
import { nodePage, openViewerSocket } from './node-page.js';
import { TwoNodes } from './two-nodes.js';

/**
 * A node dies, and all its viewers by WebSocket come to the other one through the proxy: `npm run chaos:storm -- --viewers 2000`. The viewers are the
 * SDK's own; their stream is a thin one (5 pictures a second), since all of them are in this one process.
 */
const stream = 'storm';
const settleMs = 5000;
const watchedMs = 60_000;

/** Five small pictures a second. */
async function publish(t: Teardown, url: string): Promise<void> {
  const publisher = new TestPublisher(t, url);
  await publisher.message('ready');
  const source = ['-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=5', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '10', '-b:v', '50k', '-pix_fmt', 'yuv420p'];
  const encoder = startOwned(t, 'ffmpeg', ['-v', 'error', '-nostdin', ...source, '-f', 'matroska', '-cluster_time_limit', '200', '-flush_packets', '1', 'pipe:1'], { stdio: ['ignore', 'pipe', 'ignore'] });
  encoder.stdout?.on('data', (chunk: Buffer) => void publisher.send(chunk).catch(() => undefined));
  await publisher.message('live', 60_000);
}

class Storm {
  /** The last media of each viewer, and the first after the death, in ms. */
  readonly seenAtMs: number[];
  readonly backAtMs: (number | undefined)[];
  readonly attemptsAtMs: number[] = [];
  readonly refusals = new Map<string, number>();
  givenUp = 0;
  diedAtMs = Infinity;
  readonly #t: Teardown;
  readonly #url: string;

  constructor(t: Teardown, url: string, viewers: number) {
    this.#t = t;
    this.#url = url;
    this.seenAtMs = new Array<number>(viewers).fill(0);
    this.backAtMs = new Array<number | undefined>(viewers).fill(undefined);
  }

  /** As a page: what the server refuses is noted besides. */
  readonly #page = {
    ...nodePage,
    openSocket: (url: string): WebSocket => {
      if (performance.now() > this.diedAtMs) this.attemptsAtMs.push(performance.now());
      const socket = nodePage.openSocket(url);
      socket.on('unexpected-response', (_request, answer) => {
        const { 'retry-after': wish } = answer.headers;
        const what = `${answer.statusCode} ${wish === undefined ? 'without' : 'with'} Retry-After${wish === undefined ? '' : ` ${wish}`}${answer.headers['x-content-type-options'] === undefined ? ' by the proxy' : ''}`;
        this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1);
        answer.destroy();
        socket.terminate();
      });
      return socket;
    },
  };

  open(viewer: number): void {
    const onMedia = (): void => {
      const nowMs = performance.now();
      this.seenAtMs[viewer] = nowMs;
      if (this.#hasLost.has(viewer)) this.backAtMs[viewer] ??= nowMs;
    };
    const onMessage = ({ type }: { readonly type: string }): void => {
      if (type === 'init' && performance.now() > this.diedAtMs) this.#hasLost.add(viewer);
    };
    const socket = openViewerSocket({ url: this.#url, page: this.#page, onMessage, onMedia });
    this.#t.teardown(() => socket.close());
    void socket.closed.then(({ reason }) => (this.givenUp += reason === 'closed' ? 0 : 1));
  }

  /** Those that were told of a timeline since the death: media is of the other node. */
  readonly #hasLost = new Set<number>();
}

async function main(t: Teardown, viewers: number): Promise<boolean> {
  const nodes = await TwoNodes.start(t, { MAX_CONNECTIONS_PER_ADDRESS: '25000' });
  // Which of the two the proxy asks for this stream is seen by asking: the publisher goes to the other.
  const viewersNode = await nodes.askedBy(stream);
  const publishersNode = nodes.other(viewersNode);
  await publish(t, `${publishersNode.origin.replace('http', 'ws')}/live/${stream}/publish?key=${nodes.key}`);
  const storm = new Storm(t, `${nodes.base.replace('http', 'ws')}/live/${stream}/play`, viewers);
  for (let viewer = 0; viewer < viewers; viewer++) {
    storm.open(viewer);
    if (viewer % 20 === 19) await sleep(50);
  }
  const watching = (): number => storm.seenAtMs.filter((at) => at > performance.now() - 2000).length;
  await waitUntil('all watch', () => watching() === viewers, 120_000, 250);
  await sleep(settleMs);
  storm.diedAtMs = performance.now();
  await nodes.kill(viewersNode);
  const back = (): number => storm.backAtMs.filter((at) => at !== undefined).length;
  await waitUntil('all watch again', () => back() === viewers, watchedMs, 100).catch((error: unknown) => console.error(String(error)));
  const away = storm.backAtMs.map((at) => (at ?? Infinity) - storm.diedAtMs).sort((a, b) => a - b);
  const at = (part: number): string => `${((away[Math.min(away.length - 1, Math.floor(away.length * part))] ?? 0) / 1000).toFixed(1)} s`;
  const seconds = new Map<number, number>();
  for (const attempt of storm.attemptsAtMs) {
    const second = Math.floor((attempt - storm.diedAtMs) / 1000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  console.log(`
| viewers | half play again after | 99 % | all | attempts in the first seconds | attempts a viewer | refused | gave up |
|---|---|---|---|---|---|---|---|
| ${viewers} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${Array.from({ length: 8 }, (_, second) => seconds.get(second) ?? 0).join(', ')} | ${(storm.attemptsAtMs.length / viewers).toFixed(2)} | ${[...storm.refusals].map(([what, times]) => `${what}: ${times}`).join('; ') || 'nobody'} | ${storm.givenUp} |`);
  return back() === viewers && ![...storm.refusals.keys()].some((what) => what.includes('without'));
}

const { values } = parseArgs({ options: { viewers: { type: 'string', default: '2000' } } });
const viewers = Number(values.viewers);
if (!Number.isSafeInteger(viewers) || viewers < 1) throw new Error('expected a whole number: --viewers 2000');
const endings: (() => unknown)[] = [];
const isWell = await main({ teardown: (end) => void endings.push(end) }, viewers).catch((error: unknown) => {
  console.error(error);
  return false;
});
for (const end of endings.reverse()) await end();
process.exit(isWell ? 0 : 1);
