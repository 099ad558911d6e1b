import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { FakeTranscoder } from '../../test/live/fake-transcoder.js';
import { attacks } from './connections.js';
import type { Target } from './connections.js';
import { Dice } from './dice.js';

export interface ServerFuzzResult {
  readonly connections: number;
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
  /** Before and after, when all is closed again. */
  readonly descriptors: readonly [number, number];
  readonly heapMiB: readonly [number, number];
  readonly liveStreamsLeft: number;
}

export interface ServerFuzzOptions {
  readonly seed: number;
  readonly connections: number;
  readonly concurrency: number;
  readonly onConnection?: (count: number) => void;
}

const root = join(import.meta.dirname, '../..');
const stream = 'cam';

/** Connections of all kinds to a whole server with a live stream on it; only ffmpeg is left out. */
export async function fuzzServer({ seed, connections, concurrency, onConnection = () => undefined }: ServerFuzzOptions): Promise<ServerFuzzResult> {
  const directory = mkdtempSync(join(tmpdir(), 'onair-fuzz-'));
  const key = 'a-key-for-the-fuzzer';
  const publicDir = join(root, 'public');
  const config = loadConfig(
    {
      PUBLISH_KEY: key, SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data'), LOG_LEVEL: 'silent', RTMP_PORT: '0', RESUME_WINDOW_SECONDS: '0', ENDED_RETENTION_SECONDS: '0', STOP_LINGER_SECONDS: '0',
      MAX_STREAMS: '1000', WRONG_KEYS_PER_MINUTE: '10000', API_REQUESTS_PER_MINUTE: '1000000', HEADERS_TIMEOUT_SECONDS: '2',
    },
    publicDir,
  );
  const camera = new Camera();
  const { http, rtmp } = await buildApp(config, { publicDir, startTranscoder: (plan) => camera.start(plan) });
  const failures: string[] = [];
  const crashed = (error: unknown): unknown => failures.push(`crash: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.on('uncaughtException', crashed).on('unhandledRejection', crashed);
  try {
    await http.listen({ host: '127.0.0.1', port: 0 });
    await rtmp?.listen({ host: '127.0.0.1', port: 0 });
    const { port } = http.server.address() as AddressInfo;
    const recording = readFileSync(join(root, 'test/fixtures/chromium-vp8.webm'));
    const { broadcast } = await camera.goLive(`ws://127.0.0.1:${port}/live/${stream}/publish?key=${key}`, recording);
    const target: Target = { host: '127.0.0.1', port, rtmpPort: rtmp?.port ?? 0, key, stream, broadcast, recording };
    const settle = async (): Promise<[number, number]> => {
      const streams = async (): Promise<number> => ((await (await fetch(`http://127.0.0.1:${port}/api/streams`, { headers: { connection: 'close' } })).json()) as { streams: unknown[] }).streams.length;
      for (let patience = 200; patience > 0 && (http.websocketServer.clients.size > 1 || (await streams()) > 1); patience--) await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.gc?.();
      return [readdirSync('/proc/self/fd').length, process.memoryUsage().heapUsed / 1_048_576];
    };

    const outcomes = new Map<string, number>();
    let started = 0;
    const attack = async (): Promise<void> => {
      while (started < connections) {
        const own = seed + started++;
        const dice = new Dice(own);
        try {
          const outcome = await dice.pick(attacks)(dice, target);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        } catch (error) {
          failures.push(`seed ${own}: ${error instanceof Error ? error.message : String(error)}`);
        }
        onConnection(started);
      }
    };
    const before = await settle();
    await Promise.all(Array.from({ length: concurrency }, attack));
    const after = await settle();
    const health = await fetch(`http://127.0.0.1:${port}/live/${stream}/index.m3u8`, { headers: { connection: 'close' } });
    if (health.status !== 200) failures.push(`the live stream is not there any more: ${health.status}`);
    const { streams } = (await (await fetch(`http://127.0.0.1:${port}/api/streams`, { headers: { connection: 'close' } })).json()) as { streams: unknown[] };
    return { connections: started, outcomes, failures, descriptors: [before[0], after[0]], heapMiB: [before[1], after[1]], liveStreamsLeft: streams.length - 1 };
  } finally {
    camera.close();
    await http.close();
    process.off('uncaughtException', crashed).off('unhandledRejection', crashed);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Keeps one stream on the air, so that there is something to ask for. */
class Camera {
  readonly #transcoders: FakeTranscoder[] = [];
  #timer: NodeJS.Timeout | undefined;
  #socket: WebSocket | undefined;

  start(plan: ConstructorParameters<typeof FakeTranscoder>[0]): FakeTranscoder {
    const transcoder = new FakeTranscoder(plan);
    this.#transcoders.push(transcoder);
    if (this.#transcoders.length === 1) {
      transcoder.init();
      this.#timer = setInterval(() => transcoder.pictures(2), 200);
    }
    return transcoder;
  }

  async goLive(url: string, recording: Buffer): Promise<{ broadcast: string }> {
    const socket = new WebSocket(url);
    this.#socket = socket;
    let broadcast = '';
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(recording));
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { type: string; broadcast: string };
        if (message.type === 'ready') ({ broadcast } = message);
        if (message.type === 'live') resolve();
      });
    });
    return { broadcast };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
  }
}
