import { spawn, type ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { finished } from 'node:stream/promises';
import FfmpegCommand from 'fluent-ffmpeg';
import { childEnvironment } from './child-environment.js';
import { LastWords } from './ffmpeg-last-words.js';
import type { TranscodePlan } from './ffmpeg-options.js';
import { TranscoderError, type StartTranscoder, type Transcoder } from './transcoder.js';

export interface FfmpegOptions {
  readonly ffmpegPath: string;
  /** How long ffmpeg may flush after the last byte. */
  readonly endTimeoutMs?: number;
  /** How long it may take to go when it is closed. */
  readonly closeTimeoutMs?: number;
}

/** Transcoders that are ffmpeg processes. */
export function ffmpegTranscoders(options: FfmpegOptions): StartTranscoder {
  return (plan) => new FfmpegTranscoder(plan, options);
}

export class FfmpegTranscoder implements Transcoder {
  readonly closed: Promise<TranscoderError | null>;
  readonly #child: ChildProcess | undefined;
  readonly #lastWords = new LastWords();
  readonly #options: Required<FfmpegOptions>;
  #wish: 'run' | 'end' | 'close' = 'run';
  #tooSlow = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(plan: TranscodePlan, options: FfmpegOptions) {
    this.#options = { endTimeoutMs: 5000, closeTimeoutMs: 2000, ...options };
    try {
      // In a process group of its own, so that Ctrl-C in a terminal reaches the server alone and broadcasts end in order.
      this.#child = spawn(options.ffmpegPath, commandLine(plan), { stdio: 'pipe', windowsHide: true, detached: true, env: childEnvironment() });
      this.closed = this.#watch(this.#child);
      if (plan.inBackground && this.#child.pid !== undefined) giveWay(this.#child.pid);
    } catch (error) {
      this.closed = Promise.resolve(startFailure(options.ffmpegPath, error));
    }
  }

  /** undefined when ffmpeg did not start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#wish !== 'run' || !stdin?.writable) return;
    // The callback comes when the kernel took the bytes, and also when the pipe breaks or is destroyed.
    await new Promise<void>((resolve) => stdin.write(bytes, () => resolve()));
  }

  async read(take: (chunk: Buffer) => void): Promise<void> {
    const stdout = this.#child?.stdout;
    if (!stdout) return;
    let thrown: Error | undefined;
    stdout.on('data', (chunk: Buffer) => {
      try {
        take(chunk);
      } catch (error) {
        thrown = error as Error;
        stdout.destroy();
      }
    });
    // An output that broke off is an output that ended: `closed` tells why.
    await finished(stdout).catch(() => undefined);
    if (thrown) throw thrown;
  }

  end(): void {
    if (this.#wish !== 'run') return;
    this.#wish = 'end';
    this.#finish(this.#options.endTimeoutMs);
  }

  async close(): Promise<void> {
    if (this.#wish !== 'close') {
      this.#wish = 'close';
      this.#finish(this.#options.closeTimeoutMs);
    }
    await this.closed;
  }

  /** An ffmpeg that waits for its input hears no SIGTERM: only the end of the input or SIGKILL stops it. */
  #finish(timeoutMs: number): void {
    const child = this.#child;
    if (child === undefined || hasExited(child)) return;
    child.stdin?.end();
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => {
      this.#tooSlow = true;
      child.kill('SIGKILL');
    }, timeoutMs);
  }

  /** Resolves when the process is gone and its last words were heard; its output may still be read then. */
  #watch(child: ChildProcess): Promise<TranscoderError | null> {
    // Errors of the pipes say only that ffmpeg is gone, which `exit` says better.
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('error', () => undefined);
    child.stderr?.on('error', () => undefined);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => this.#lastWords.add(chunk));
    return new Promise((resolve) => {
      child.once('error', (error) => {
        if (child.pid !== undefined) return; // a failed kill; `exit` will still come
        resolve(startFailure(this.#options.ffmpegPath, error));
      });
      child.once('exit', (code, signal) => {
        clearTimeout(this.#killTimer);
        child.stdin?.destroy();
        const settle = (): void => resolve(this.#verdict(code, signal));
        if (child.stderr === null || child.stderr.closed) settle();
        else child.stderr.once('close', settle);
      });
    });
  }

  #verdict(code: number | null, signal: NodeJS.Signals | null): TranscoderError | null {
    if (this.#wish === 'close') return null;
    if (this.#tooSlow) {
      return new TranscoderError('server', `ffmpeg did not finish within ${this.#options.endTimeoutMs} ms after the end of the recording`);
    }
    if (code === 0) return null;
    const fate = signal === null ? `ffmpeg ended with exit code ${code}` : `ffmpeg was killed by ${signal}`;
    return signal === null ? new TranscoderError('media', this.#lastWords.explain(fate)) : new TranscoderError('server', fate);
  }
}

/**
 * fluent-ffmpeg composes the command line; the process is started and owned here. Its own runner throws uncaught when
 * the process can't be spawned, loses a kill() in the first 100 ms, piles up input for a dead process, and probes the
 * binary's capabilities (130 ms) before the first run.
 */
function commandLine(plan: TranscodePlan): string[] {
  const command = FfmpegCommand('pipe:0')
    .inputOptions(...plan.inputOptions, '-f', plan.inputFormat)
    .outputOptions(...plan.outputOptions)
    .output('pipe:1');
  return (command as unknown as { _getArguments(): string[] })._getArguments();
}

/** A process that is gone already, or a system without priorities, is as good. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    return;
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function startFailure(ffmpegPath: string, error: unknown): TranscoderError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'there is no such program'
      : code === 'EACCES'
        ? 'it may not be executed'
        : code === 'EMFILE' || code === 'ENFILE' || code === 'EAGAIN'
          ? `the server has no files or processes left (${code})`
          : message;
  return new TranscoderError('server', `ffmpeg could not be started at ${ffmpegPath}: ${why}`, { cause: error });
}
