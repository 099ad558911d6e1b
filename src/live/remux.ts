import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { childEnvironment } from './child-environment.js';

/** What one ordinary MP4 is made of. */
export interface RemuxJob {
  /** Where all of it lies. */
  readonly directory: string;
  /** A media playlist there, with addresses relative to it. */
  readonly playlist: string;
  /** Absolute, or below that directory. */
  readonly output: string;
  readonly signal: AbortSignal;
  /** Told now and then how many seconds of media are done. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

/** Makes it, or @throws {Error} with what ffmpeg said last. */
export type Remux = (job: RemuxJob) => Promise<void>;

const lastWordsCharacters = 2000;

/** With its index first, so that every player and browser can seek in it while it comes. Copied, not encoded. */
export function remuxWith(ffmpegPath: string): Remux {
  return async ({ directory, playlist, output, signal, onProgress }) => {
    const input = ['-protocol_whitelist', 'file,crypto,data', '-allowed_extensions', 'ALL', '-i', playlist];
    const options = ['-map', '0:v?', '-map', '0:a?', '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', '-y', output];
    if (signal.aborted) throw new Error('it is no longer wanted');
    const child = spawn(ffmpegPath, ['-nostdin', '-v', 'error', '-progress', 'pipe:1', ...input, ...options], { cwd: directory, env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    createInterface(child.stdout).on('line', (line) => {
      const seconds = readProgress(line);
      if (seconds !== undefined) onProgress?.(seconds);
    });
    let lastWords = '';
    child.stderr.on('data', (bytes: Buffer) => (lastWords = (lastWords + bytes.toString()).slice(-lastWordsCharacters)));
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}: ${lastWords}`);
    } finally {
      signal.removeEventListener('abort', kill);
    }
  };
}

/** Seconds of media that are done, in a line of `-progress`; undefined for other lines. */
export function readProgress(line: string): number | undefined {
  // What is called ms is in microseconds, in all of its versions.
  const match = /^out_time_ms=(\d+)$/.exec(line.trim());
  return match ? Number(match[1]) / 1_000_000 : undefined;
}
