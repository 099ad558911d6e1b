import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { childrenOf, temporaryDirectory } from '../../test/helpers/programs.js';
import { liveStreamUrls, type LiveStreamUrls } from '../../src/protocol/urls.js';
import { onCore } from './worker.js';
import type { Scope } from './scope.js';

const startWithinMs = 20_000;
const key = 'bench-key-of-sixteen-characters-or-more';

export interface ServerOptions {
  /** The one core it and its ffmpeg may run on. */
  readonly core?: number | undefined;
  readonly settings?: Readonly<Record<string, string>>;
  /** Another built checkout than this one. */
  readonly checkout?: string | undefined;
  /** Arguments for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** What Node is to run. Default: the build. */
  readonly entry?: readonly string[] | undefined;
}

/** The built server as users run it, on a free port and with directories of its own. */
export class ServerUnderTest {
  readonly origin: string;
  readonly pid: number;
  readonly key = key;

  private constructor(origin: string, pid: number) {
    this.origin = origin;
    this.pid = pid;
  }

  static async start(scope: Scope, { core, settings = {}, checkout = join(import.meta.dirname, '../..'), nodeArgs = [], entry = [join(checkout, 'dist/main.js')] }: ServerOptions = {}): Promise<ServerUnderTest> {
    const directory = await temporaryDirectory(scope, 'onair-bench');
    const { program, args } = onCore(core, process.execPath, [...profiling(), ...nodeArgs, ...entry]);
    const own = { PORT: '0', HOST: '127.0.0.1', PUBLISH_KEY: key, LOG_LEVEL: 'error', LADDER: 'off', SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data') };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...own, ...settings } });
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    scope.teardown(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await gone;
      clearTimeout(late);
    });
    const origin = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`expected the server to start within ${String(startWithinMs)} ms; it said: ${said}`)), startWithinMs);
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /watch +(http:\/\/\S+?)\/?\s/.exec(said);
        if (!found) return;
        clearTimeout(late);
        resolve(found[1]!);
      });
      child.once('exit', (code) => reject(new Error(`expected the server to start, but it ended with ${String(code)}; it said: ${said}`)));
    });
    return new ServerUnderTest(origin, child.pid ?? 0);
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  urls(stream: string): LiveStreamUrls & { readonly publishWithKey: string } {
    const urls = liveStreamUrls(this.origin, stream);
    return { ...urls, publishWithKey: `${urls.publish}?key=${key}` };
  }

  async ffmpegPids(): Promise<number[]> {
    return childrenOf(this.pid, 'ffmpeg');
  }
}

/** BENCH_CPU_PROF names a directory for the server's CPU profiles. */
function profiling(): string[] {
  const directory = process.env.BENCH_CPU_PROF;
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
