import { execFile } from 'node:child_process';
import { access, chmod, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from './child-environment.js';

export interface FoundFfmpeg {
  readonly path: string;
  /** As it names itself: a number, or the revision of a nightly build. */
  readonly version: string;
  readonly major: number;
  readonly source: 'FFMPEG_PATH' | 'PATH' | 'bundled';
  /** What the operator should know about the choice. */
  readonly note?: string;
}

export interface FindFfmpegOptions {
  /** FFMPEG_PATH: when given, nothing else is looked at. */
  readonly path?: string | undefined;
  /** PATH. */
  readonly searchPath?: string;
  /** Resolves a module's file to an absolute path, or throws. */
  readonly resolve?: (specifier: string) => string;
}

interface Capabilities {
  readonly version: string;
  readonly major: number;
  readonly minorIsEnough: boolean;
  readonly missingEncoders: readonly string[];
}

const run = promisify(execFile);
const neededEncoders = ['libx264', 'aac'];
const wanted = 'ffmpeg 5.1 or newer with libx264 and aac';

/**
 * The ffmpeg to use: FFMPEG_PATH, else a good one on PATH, else the one that came with the install.
 * @throws {Error} saying what was expected, what was looked at and what to install
 */
export async function findFfmpeg(options: FindFfmpegOptions = {}): Promise<FoundFfmpeg> {
  const { path: given, searchPath = process.env.PATH ?? '', resolve = createRequire(import.meta.url).resolve } = options;
  if (given) return findGiven(given);
  const seen: string[] = [];
  for (const candidate of await executablesOn(searchPath)) {
    const found = await probe(candidate);
    const complaint = complaintAbout(found);
    if (complaint === undefined && typeof found === 'object') {
      return { path: candidate, version: found.version, major: found.major, source: 'PATH' };
    }
    seen.push(`${candidate}: ${complaint}`);
  }
  if (seen.length === 0) seen.push('PATH: no ffmpeg');
  return findBundled(resolve, seen);
}

async function findGiven(given: string): Promise<FoundFfmpeg> {
  const found = await probe(given);
  const problem = typeof found === 'string' ? found : missing(found);
  if (typeof found === 'string' || problem !== undefined) {
    throw new Error(`FFMPEG_PATH: expected the path of an ffmpeg with libx264 and aac, got ${given} (${problem})`);
  }
  return { path: given, version: found.version, major: found.major, source: 'FFMPEG_PATH' };
}

async function findBundled(resolve: (specifier: string) => string, seen: string[]): Promise<FoundFfmpeg> {
  const packageName = `@ffmpeg-installer/${process.platform}-${process.arch}`;
  try {
    const bundled = resolve(`${packageName}/ffmpeg`);
    // Some package managers unpack it without the right to run it.
    await access(bundled, constants.X_OK).catch(() => chmod(bundled, 0o755));
    const found = await probe(bundled);
    const problem = typeof found === 'string' ? found : missing(found);
    if (typeof found === 'object' && problem === undefined) {
      const note = `the ffmpeg of ${packageName} is old; a system ffmpeg (5.1 or newer) is safer. Looked at ${seen.join('; ')}`;
      return { path: bundled, version: found.version, major: found.major, source: 'bundled', note };
    }
    seen.push(`${packageName}: ${problem}`);
  } catch {
    seen.push(`${packageName}: not installed`);
  }
  throw new Error(
    `expected ${wanted}; looked at ${seen.join('; ')}. ` +
      'Install one (Debian: apt install ffmpeg, macOS: brew install ffmpeg) or set FFMPEG_PATH to its path',
  );
}

async function executablesOn(searchPath: string): Promise<string[]> {
  const candidates = searchPath
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, 'ffmpeg'));
  const runnable = await Promise.all(candidates.map((file) => access(file, constants.X_OK).then(() => true, () => false)));
  return candidates.filter((_, index) => runnable[index]);
}

/** What the binary can do, or in words why that can't be told. */
async function probe(file: string): Promise<Capabilities | string> {
  try {
    const limits = { timeout: 10_000, maxBuffer: 4 * 1024 * 1024, env: childEnvironment() };
    const [{ stdout: banner }, { stdout: encoders }] = await Promise.all([
      run(file, ['-version'], limits),
      run(file, ['-hide_banner', '-encoders'], limits),
    ]);
    const version = /^ffmpeg version (\S+)/.exec(banner)?.[1];
    // Nightly builds have no version number; libavutil's tells: 56 is ffmpeg 4, and 57.28 is 5.1.
    const avutil = /libavutil\s+(\d+)\.\s*(\d+)/.exec(banner);
    if (version === undefined || avutil === null) return 'does not answer like ffmpeg';
    const [avutilMajor, avutilMinor] = [Number(avutil[1]), Number(avutil[2])];
    return {
      version,
      major: avutilMajor - 52,
      minorIsEnough: avutilMajor > 57 || (avutilMajor === 57 && avutilMinor >= 28),
      missingEncoders: neededEncoders.filter((name) => !new RegExp(`^ \\S+ +${name}\\s`, 'm').test(encoders)),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'no such program' : code === 'EACCES' ? 'may not be executed' : (message.split('\n')[0] ?? '');
  }
}

function complaintAbout(found: Capabilities | string): string | undefined {
  if (typeof found === 'string') return found;
  return missing(found) ?? (found.minorIsEnough ? undefined : `version ${found.version} is older than 5.1`);
}

function missing({ missingEncoders, version }: Capabilities): string | undefined {
  return missingEncoders.length === 0 ? undefined : `version ${version} without ${missingEncoders.join(' and ')}`;
}
