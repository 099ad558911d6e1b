import { spawn, type ChildProcess } from 'node:child_process';
import { WebSocket } from 'ws';

import { machineMs, sleep } from '../clock.js';
import { readBursts } from '../recording.js';
import { answerParent, workerCommand } from '../worker.js';

/** Where a recording is played to at its own pace: a server's publish socket, or the input of a bare ffmpeg. */
export type PublisherTarget = { readonly url: string } | { readonly ffmpegArgs: readonly string[] };

export interface PublisherCommand {
  readonly recording: string;
  readonly targets: readonly PublisherTarget[];
}

interface OpenTarget {
  /** Of the bare ffmpeg. */
  readonly pid?: number | undefined;
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

/** Streams do not start in step in real life either. */
const staggerMs = 23;

const { recording, targets } = workerCommand() as PublisherCommand;
let firstByteMs = 0;
let ending = false;
const children = new Set<ChildProcess>();
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
const opened = Promise.all(targets.map((target) => ('url' in target ? openSocket(target.url) : openFfmpeg(target.ffmpegArgs))));
const played = opened.then((all) => Promise.all(all.map((target, index) => play(target, index))));

export const publisherHandlers = {
  /** Resolves when all targets are open. */
  open: async () => ({ pids: (await opened).map(({ pid }) => pid ?? 0) }),
  /** Resolves when the first byte has been sent. */
  firstByteMs: async () => {
    while (firstByteMs === 0) await sleep(1);
    return firstByteMs;
  },
  /** Ends all before the recording does; resolves when the targets have finished. */
  end: async () => {
    ending = true;
    await played;
  },
};
answerParent(publisherHandlers);

async function play(target: OpenTarget, index: number): Promise<void> {
  await sleep(index * staggerMs);
  const start = performance.now();
  for await (const { dueMs, bytes } of readBursts(recording)) {
    const waitMs = start + dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (ending) break;
    firstByteMs ||= machineMs();
    await target.write(bytes);
  }
  await target.end();
}

async function openSocket(url: string): Promise<OpenTarget> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; code?: string; message?: string };
      if (message.type === 'ready') resolve();
      if (message.type === 'ended' && message.code !== undefined) fail(`the server ended the broadcast: ${message.message ?? message.code}`);
    });
  });
  socket.on('error', (error) => fail(`the publish socket failed: ${error.message}`));
  return {
    write: (bytes) => new Promise((resolve) => socket.send(bytes, () => resolve())),
    end: async () => {
      socket.send(JSON.stringify({ type: 'end' }));
      await closed;
    },
  };
}

async function openFfmpeg(args: readonly string[]): Promise<OpenTarget> {
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  children.add(child);
  child.once('error', (error) => fail(`ffmpeg did not start: ${error.message}`));
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    write: (bytes) => new Promise((resolve) => child.stdin.write(bytes, () => resolve())),
    end: async () => {
      child.stdin.end();
      await closed;
    },
  };
}

function fail(reason: string): never {
  process.stderr.write(`publisher: ${reason}\n`);
  process.exit(1);
}
