import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** The machine in one line, with how busy it was before the first figure. */
export function describeMachine(): string {
  const cores = cpus();
  const load = loadavg()[0] ?? 0;
  return [
    `${String(cores.length)} × ${cores[0]?.model.trim() ?? 'unknown processor'}`,
    `${String(Math.round(totalmem() / 2 ** 30))} GiB`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}`,
    ffmpegVersion(),
    `load ${load.toFixed(1)} at the start${load > 0.5 ? ' (NOT QUIET: trust the ratios only)' : ''}`,
  ].join(', ');
}

/** /proc tells what a process cost; nothing else does it well enough. */
export function requireLinux(): void {
  if (process.platform !== 'linux') throw new Error(`expected Linux, which tells what processes cost under /proc, got ${process.platform}`);
}

function ffmpegVersion(): string {
  const banner = execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' });
  return `ffmpeg ${/^ffmpeg version (\S+)/.exec(banner)?.[1] ?? 'of unknown version'}`;
}
