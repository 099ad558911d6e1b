import { spawn } from 'node:child_process';
import { WebSocket } from 'ws';

import { SourceReader } from '../../../src/source/source-reader.js';
import { machineMs, mean, quantile, sleep } from '../clock.js';
import { readBursts } from '../recording.js';
import { answerParent, workerCommand } from '../worker.js';

export interface DelayCommand {
  readonly recording: string;
  /** Of an ffmpeg that gets the same bytes at the same moments. */
  readonly ffmpegArgs: readonly string[];
  /** One without a publisher's address is only watched: another one is given the pictures. */
  readonly servers: readonly { readonly publishUrl?: string | undefined; readonly playUrl: string }[];
}

export interface Delays {
  readonly pictures: number;
  /** A picture waits for the next sound or for none: the middle one of all may be of either kind, from one run to the next. */
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Some bytes of a picture's middle tell where it is, whatever stands around it. */
const markBytes = 32;
/** Older ones were seen by no viewer that had joined. */
const longestMs = 10_000;
/** More than the longest picture. */
const pieceBytes = 262_144;

const { recording, ffmpegArgs, servers } = workerCommand() as DelayCommand;
interface Given {
  readonly mark: Buffer;
  readonly atMs: number;
}

/** What each way took for a picture. */
const seen: number[][] = [];
/** What each way has still to bring. */
const pending: Given[][] = [];
const sinks: ((bytes: Buffer) => void)[] = [];

const played = play();

/** ffmpeg's first, then the servers', in their order. */
export const delayHandlers = {
  reset: () => {
    for (const delays of seen) delays.length = 0;
  },
  delays: (): Delays[] => seen.map((delays) => ({ pictures: delays.length, meanMs: mean(delays), p50Ms: quantile(delays, 0.5), p95Ms: quantile(delays, 0.95) })),
};
answerParent(delayHandlers);
played.catch((error: unknown) => {
  process.stderr.write(`delay: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

async function play(): Promise<void> {
  const ffmpeg = spawn('ffmpeg', ffmpegArgs, { stdio: ['pipe', 'pipe', 'inherit'] });
  process.once('exit', () => ffmpeg.kill('SIGKILL'));
  ffmpeg.stdin.on('error', () => undefined);
  let rest: Buffer = Buffer.alloc(0);
  const take = watcher();
  ffmpeg.stdout.on('data', (chunk: Buffer) => {
    // A picture may come in pieces: it is there with its last one.
    rest = Buffer.concat([rest, chunk]).subarray(-pieceBytes);
    take(rest);
  });
  sinks.push((bytes) => ffmpeg.stdin.write(bytes));
  for (const { publishUrl, playUrl } of servers) {
    if (publishUrl !== undefined) {
      const socket = await openSocket(publishUrl, (message) => (message as { type?: string }).type === 'ready');
      sinks.push((bytes) => socket.send(bytes));
    }
    void watch(playUrl, watcher());
  }
  const reader = new SourceReader();
  const start = performance.now();
  for await (const { dueMs, bytes } of readBursts(recording)) {
    const waitMs = start + dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const marks = reader.push(bytes).flatMap((event) => (event.type === 'frame' && event.kind === 'video' ? [markOf(event.bytes)] : []));
    const atMs = machineMs();
    for (const way of pending) way.push(...marks.map((mark) => ({ mark, atMs })));
    for (const give of sinks) give(bytes);
  }
}

/** Waits until there is something to watch. */
async function watch(url: string, take: (bytes: Buffer) => void): Promise<void> {
  for (;;) {
    const socket = await openSocket(url, () => true).catch(() => undefined);
    if (socket) return void socket.on('message', (bytes: Buffer, isBinary) => isBinary && take(bytes));
    await sleep(200);
  }
}

/** Looks for the pictures in what one way brings. */
function watcher(): (bytes: Buffer) => void {
  const [delays, waiting]: [number[], Given[]] = [[], []];
  seen.push(delays);
  pending.push(waiting);
  return (bytes) => {
    const now = machineMs();
    while (waiting[0] && now - waiting[0].atMs > longestMs) waiting.shift();
    for (let found = waiting.findIndex(({ mark }) => bytes.includes(mark)); found >= 0; found = waiting.findIndex(({ mark }) => bytes.includes(mark))) {
      delays.push(now - waiting[found]!.atMs);
      waiting.splice(0, found + 1);
    }
  };
}

function markOf(bytes: Uint8Array): Buffer {
  const middle = bytes.length >> 1;
  return Buffer.from(bytes.slice(middle, middle + markBytes));
}

/** Resolves with the first message that will do. */
async function openSocket(url: string, isReady: (message: unknown) => boolean): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${url.split('?')[0] ?? ''} was closed`)));
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary && isReady(JSON.parse(data.toString()))) resolve();
    });
  });
  return socket;
}
