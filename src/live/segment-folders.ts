import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const liveFolder = 'live';

/** Names this server process: several may share one folder. */
export const serverName = `${hostname().replace(/[^A-Za-z0-9.-]/g, '_')}-${process.pid}`;

/** Another machine's processes can't be seen from here; no broadcast is kept for longer than this after its last file. */
const leftBehindAfterMs = 2 * 86_400_000;

/** Where a broadcast's files lie below the segments folder, and which folder above them stays without them. */
export function segmentFolder(segmentsDirectory: string, stream: string, broadcast: string): { directory: string; root: string } {
  const root = join(segmentsDirectory, liveFolder);
  return { directory: join(root, serverName, stream, broadcast), root };
}

/** Removes what servers that are gone left behind: nothing of it can be watched any more. Nothing else is touched. */
export async function clearSegmentFolders(segmentsDirectory: string): Promise<void> {
  const live = join(segmentsDirectory, liveFolder);
  let names: string[];
  try {
    names = await readdir(live);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'ENOTDIR') throw error;
    return rm(live, { force: true });
  }
  for (const name of names) if (!(await isInUse(live, name))) await rm(join(live, name), { recursive: true, force: true });
}

/** Whether another server process of this machine runs under that name. */
export function isServerRunning(name: string): boolean {
  const [, host, pid] = /^(.+)-(\d+)$/.exec(name) ?? [];
  return host !== undefined && name !== serverName && serverName.startsWith(`${host}-`) && isRunning(Number(pid));
}

/** Whether a folder may belong to a server that still runs. */
async function isInUse(live: string, name: string): Promise<boolean> {
  const [, host, pid] = /^(.+)-(\d+)$/.exec(name) ?? [];
  if (host === undefined || pid === undefined) return false;
  if (name === serverName) return false;
  if (serverName.startsWith(`${host}-`)) return isRunning(Number(pid));
  return Date.now() - (await lastChangeMs(join(live, name))) < leftBehindAfterMs;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is a process too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function lastChangeMs(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true });
  const times = await Promise.all(['', ...names].map((name) => stat(join(directory, name)).then(({ mtimeMs }) => mtimeMs, () => 0)));
  return times.reduce((latest, time) => Math.max(latest, time), 0);
}
