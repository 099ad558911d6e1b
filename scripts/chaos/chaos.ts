import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { HlsViewer } from '../../test/helpers/hls-viewer.js';
import { decode } from '../../test/helpers/pictures-and-sound.js';
import { violations } from '../../test/helpers/playlist-rules.js';
import { childrenOf, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { TestPublisher } from '../../test/helpers/publisher.js';
import { startServer, type TestServer } from '../../test/helpers/server.js';
import { sendTestCard } from '../../test/helpers/test-card.js';

/** Ten seconds of output make up for a failure before: less between the kills, and the fourth would end the broadcast. */
const msBetweenKills = 11_500;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Tells of a WebSocket viewer: how often it was told `init`, and the longest time without media. */
class Watcher {
  timelines = 0;
  longestGapMs = 0;
  #lastMs: number | undefined;

  constructor(t: Teardown, url: string) {
    const socket = new WebSocket(url);
    t.teardown(() => socket.terminate());
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.timelines += (JSON.parse(data.toString()) as { type: string }).type === 'init' ? 1 : 0;
      else {
        const nowMs = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, nowMs - (this.#lastMs ?? nowMs));
        this.#lastMs = nowMs;
      }
    });
  }
}

interface Outcome {
  readonly watcher: Watcher;
  readonly viewer: HlsViewer;
  readonly warnings: number;
  readonly pictures: readonly number[];
}

/** One broadcast of a numbered test card, whose ffmpeg is killed that often. */
async function broadcast(t: Teardown, server: TestServer, stream: string, kills: number): Promise<Outcome> {
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  const others = await childrenOf(process.pid, 'ffmpeg');
  const sending = sendTestCard(t, publisher, { seconds: Math.ceil(((kills + 1) * (msBetweenKills + 1500)) / 1000) });
  const [encoder] = await waitUntil('the test card', async () => (await childrenOf(process.pid, 'ffmpeg')).length > others.length && childrenOf(process.pid, 'ffmpeg'));
  const viewer = new HlsViewer(server.hlsUrl(stream), { timeoutMs: 900_000 });
  await publisher.message('live');
  const watcher = new Watcher(t, `${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(msBetweenKills);
    const victims = (await childrenOf(process.pid, 'ffmpeg')).filter((pid) => pid !== encoder && !others.includes(pid));
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    await waitUntil('another ffmpeg', () => publisher.messages.filter(({ type }) => type === 'warning').length >= kill);
    console.log(`kill ${kill} of ${kills}`);
  }
  await sending;
  const { code, reason } = await publisher.end();
  if (code !== 1000) throw new Error(`the broadcast ended with ${code}: ${reason}`);
  await viewer.ended;
  const timelines = await Promise.all((await viewer.timelines()).map(({ bytes }) => decode(t, bytes)));
  const warnings = publisher.messages.filter(({ type }) => type === 'warning').length;
  return { watcher, viewer, warnings, pictures: timelines.flatMap(({ pictures }) => pictures.map(({ number }) => number)) };
}

const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

/** Connections that are kept open for the next request take their time to close. */
async function sizes(wantedFiles = 0): Promise<{ files: number; heapMiB: number }> {
  await waitUntil('fewer open files', async () => (await openFiles()) <= wantedFiles, wantedFiles > 0 ? 90_000 : 5_000).catch(() => undefined);
  collectGarbage();
  return { files: await openFiles(), heapMiB: process.memoryUsage().heapUsed / 2 ** 20 };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' } } });
  const kills = Number(values.kills);
  if (!Number.isSafeInteger(kills) || kills < 1) throw new Error('expected a whole number: --kills 20');
  const endings: (() => unknown)[] = [];
  const t = { teardown: (end: () => unknown) => void endings.push(end) };
  const server = await startServer(t, { ENDED_RETENTION_SECONDS: '1' });
  await broadcast(t, server, 'warm-up', 1);
  const before = await sizes();
  const { watcher, viewer, warnings, pictures } = await broadcast(t, server, 'chaos', kills);
  const left = await childrenOf(process.pid, 'ffmpeg');
  const faults = violations(viewer.playlists);
  const missing = new Set(Array.from({ length: (pictures.at(-1) ?? -1) + 1 }, (_, number) => number).filter((number) => !pictures.includes(number)));
  const outOfTurn = pictures.filter((number, index) => index > 0 && number <= (pictures[index - 1] ?? -1)).length;
  viewer.playlists.length = 0;
  const after = await sizes(before.files);
  console.log(`
| what | |
|---|---|
| kills of ffmpeg, and restarts told to the publisher | ${kills}, ${warnings} |
| pictures that came out by HLS | ${pictures.length} |
| pictures missing, and pictures doubled or out of turn | ${missing.size}, ${outOfTurn} |
| \`init\` pairs of a viewer by WebSocket | ${watcher.timelines} |
| its longest time without media | ${(watcher.longestGapMs / 1000).toFixed(2)} s |
| playlist rules broken | ${faults.length} |
| ffmpeg processes left | ${left.length} |
| open descriptors before and after | ${before.files}, ${after.files} |
| heap before and after | ${before.heapMiB.toFixed(1)}, ${after.heapMiB.toFixed(1)} MiB |`);
  for (const end of endings.reverse()) await end();
  process.exit(missing.size + outOfTurn + faults.length + left.length > 0 || after.files > before.files ? 1 : 0);
}

await main();
