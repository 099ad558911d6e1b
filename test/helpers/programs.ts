import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findFfmpeg } from '../../src/live/ffmpeg-locator.js';

/** Where a test registers what must be undone; tap's `t` fits. */
export interface Teardown {
  teardown: (undo: () => unknown) => void;
}

/** The one that the product uses here: tests play with the same, and need no other. undefined where there is none at all. */
export const ffmpeg = await findFfmpeg({ path: process.env.FFMPEG_PATH }).catch(() => undefined);

/** The first of these programs found on PATH or as an absolute path, or undefined; `ffmpeg` is the product's. */
export function findProgram(...names: string[]): string | undefined {
  if (names[0] === 'ffmpeg') return ffmpeg?.path;
  const directories = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => (name.startsWith('/') ? [name] : directories.map((directory) => join(directory, name))))
    .find(isExecutable);
}

/** What brings a program on Debian, where the package is not called like it. */
const packages: Readonly<Record<string, string>> = {
  Firefox: 'firefox-esr',
  ffprobe: 'ffmpeg',
  'ffmpeg 5 or later': 'ffmpeg',
  'systemd-analyze': 'systemd',
  VLC: 'vlc-bin vlc-plugin-base vlc-plugin-video-output',
  WebKitGTK: 'webkit2gtk-driver gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-gl xvfb',
  GStreamer: 'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav',
};

/** `skip` option for a test that needs a program: false, or the reason in words, which the summary of the run repeats. */
export function skipWithout(program: string | undefined, name: string): false | string {
  // A machine that set out to run everything must not pass by leaving things out.
  if (program !== undefined || process.env.ONAIR_TEST_ALL === '1') return false;
  return `${name} is not installed (apt install ${packages[name] ?? name.toLowerCase()})`;
}

/** `skip` option for a test that needs more of ffmpeg than the oldest one that the product plays with has. */
export function skipBeforeFfmpeg(major: number): false | string {
  return skipWithout(ffmpeg !== undefined && ffmpeg.major >= major ? ffmpeg.path : undefined, `ffmpeg ${String(major)} or later`);
}

/** A new empty directory, removed with the test. */
export async function temporaryDirectory(t: Teardown, name = 'onair'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return directory;
}

const owned = new Set<ChildProcess>();
const killOwned = (): void => {
  for (const child of owned) signalGroup(child, 'SIGKILL');
};

/** Starts a program in a process group of its own; whatever it leaves behind is killed with the test, or with the file, should its time be up. */
export function startOwned(t: Teardown, program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(pathOf(program), args, { stdio: 'ignore', ...options, detached: true });
  watchForTheEnd();
  owned.add(child);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  t.teardown(async () => {
    signalGroup(child, 'SIGTERM');
    const late = setTimeout(() => signalGroup(child, 'SIGKILL'), 3_000);
    if (child.exitCode === null && child.signalCode === null) await gone;
    clearTimeout(late);
    signalGroup(child, 'SIGKILL');
    owned.delete(child);
  });
  return child;
}

let isWatching = false;

/** The runner ends a file whose time is up by a signal: no teardown is run then. */
function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', killOwned);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killOwned();
      process.kill(process.pid, signal);
    });
  }
}

/** Runs a program to its end and gives what it wrote; rejects when it fails or outlives its time. */
export async function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { input?: Uint8Array; timeoutMs?: number } = {},
): Promise<{ stdout: Buffer; stderr: string }> {
  const { input, timeoutMs = 60_000, ...spawnOptions } = options;
  const child = spawn(pathOf(program), args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on('error', () => undefined); // a reader may have seen enough before the end
  child.stdin.end(input);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (...ending) => resolve(ending));
  });
  const errors = Buffer.concat(stderr).toString();
  if (code !== 0) throw new Error(`${program} ended with ${signal ?? String(code)}: ${errors.slice(-2_000)}`);
  return { stdout: Buffer.concat(stdout), stderr: errors };
}

/** Resolves when the condition gives something; rejects in words after the time. */
export async function waitUntil<T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  timeoutMs = 20_000,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false && value !== null) return value;
    if (performance.now() > deadline) throw new Error(`waited ${String(timeoutMs)} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Process ids of a process's children of a given name. */
export async function childrenOf(pid: number, name: string): Promise<number[]> {
  const candidates = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    candidates.map(async (candidate) => {
      const stat = await readFile(`/proc/${candidate}/stat`, 'utf8').catch(() => ''); // it may end while we look
      const [, program, state, parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(stat) ?? [];
      return program === name && state !== 'Z' && Number(parent) === pid ? [Number(candidate)] : [];
    }),
  );
  return found.flat();
}

function pathOf(program: string): string {
  return program === 'ffmpeg' ? (ffmpeg?.path ?? program) : program;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // the whole group is gone already
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
