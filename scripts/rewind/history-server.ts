import { join } from 'node:path';
import { DiskMediaStore } from '../../src/storage/disk-media-store.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { startFakeServer } from '../../test/http/fake-server.js';
import { record } from '../../test/helpers/numbered-recording.js';
import { temporaryDirectory } from '../../test/helpers/programs.js';
import { within } from '../bench/scope.js';
import { SimulatedBroadcast } from './simulated-broadcast.js';

export interface HistoryOptions {
  readonly stream: string;
  readonly historySeconds: number;
  readonly loopSeconds: number;
}

/** What the process says once it can be watched, as a line of JSON. */
export interface HistoryReady {
  readonly origin: string;
  readonly startedAtMs: number;
  readonly madeInMs: number;
}

const rate = 25;
const encoded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-b:v', '250k', '-g', String(rate), '-sc_threshold', '0', '-x264-params', 'repeat-headers=1', '-c:a', 'aac', '-b:a', '48k'];
const fragmented = ['-movflags', 'empty_moov+default_base_moof+skip_trailer+frag_discont', '-frag_duration', '1', '-use_editlist', '0', '-f', 'mp4'];

/** A server process of its own, so that it can be weighed: the routes of the product over a broadcast with hours behind it. Ends with its input. */
await within(async (scope) => {
  const { stream, historySeconds, loopSeconds } = JSON.parse(process.argv[2] ?? '{}') as HistoryOptions;
  const root = await temporaryDirectory(scope, 'onair-rewind');
  const media = await record({ seconds: loopSeconds, width: 640, height: 360, rate }, [...encoded, ...fragmented]);
  const begunMs = performance.now();
  const store = new DiskMediaStore({ root, directory: join(root, stream), turns: new Semaphore(4) });
  const broadcast = new SimulatedBroadcast({ stream, media, loopSeconds, historySeconds, store });
  await broadcast.begin();
  const directory = { locate: async (name: string) => (name === stream ? broadcast : undefined), list: async () => [broadcast] };
  const { app } = await startFakeServer(scope, { directory, publicDir: join(import.meta.dirname, '../../public'), maxViewersPerStream: 100 });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  scope.teardown(() => broadcast.end());
  const ready: HistoryReady = { origin, startedAtMs: broadcast.startedAtMs, madeInMs: Math.round(performance.now() - begunMs) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await new Promise((resolve) => process.stdin.once('close', resolve).resume());
});
