import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { WebSocket } from 'ws';

import { startOnair } from '../../test/deploy/deployed-onair.js';
import { TestPublisher } from '../../test/helpers/publisher.js';
import { sendTestCard } from '../../test/helpers/test-card.js';
import { cpuMs } from '../bench/cpu-time.js';

/** What a page costs the server beside media, in ms of CPU: `npx tsx scripts/simulate/measure-costs.ts`. It takes half a minute. */
const undo: (() => unknown)[] = [];
const t = { teardown: (run: () => unknown): void => void undo.push(run) };
const { origin, port, key, pid } = await startOnair(t, { LOG_LEVEL: 'warn' });
const publisher = new TestPublisher(t, `${origin.replace('http', 'ws')}/live/card/publish?key=${key}`);
sendTestCard(t, publisher, { seconds: 120 }).catch(() => undefined); // it is cut off in the end
await publisher.message('live');

const agent = new Agent({ keepAlive: true, maxSockets: 20 });
const facts = (): Promise<void> =>
  new Promise((resolve, reject) => void get({ port, path: '/api/streams/card', agent }, (response) => void response.on('end', resolve).resume()).on('error', reject));
const viewers: WebSocket[] = [];
/** Until the first media is there. */
const join = async (): Promise<void> => {
  const viewer = new WebSocket(`${origin.replace('http', 'ws')}/live/card/play`);
  viewers.push(viewer);
  await new Promise<void>((resolve) => viewer.on('message', (_data, isBinary) => isBinary && resolve()));
};
/** Gone again before the next ones come: what they are sent meanwhile is little. */
const leave = async (): Promise<void> => {
  const gone = viewers.splice(0).map((viewer) => (viewer.terminate(), once(viewer, 'close')));
  await Promise.all(gone);
};

async function cost(run: () => Promise<unknown>, times: number, together: number): Promise<number> {
  const before = await cpuMs([pid]);
  for (let count = 0; count < times; count += together) {
    await Promise.all(Array.from({ length: together }, run));
    await leave();
  }
  return ((await cpuMs([pid])) - before) / times;
}

await cost(facts, 2_000, 20);
await cost(join, 100, 20);
const factsMs = await cost(facts, 5_000, 20);
const joinMs = await cost(join, 600, 20);
console.log(`facts of a stream: ${factsMs.toFixed(3)} ms; a viewer by WebSocket comes and goes: ${joinMs.toFixed(2)} ms`);
agent.destroy();
for (const run of undo.reverse()) await run();
process.exit(0);
