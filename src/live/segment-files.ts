import { mkdir, open, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

/** The disk, as a segment store uses it. Every promise may reject, and on a disk that hangs it never settles. */
export interface SegmentFiles {
  makeFolder(path: string): Promise<void>;
  /** In one go, whatever the number of pieces. */
  write(path: string, pieces: readonly Buffer[]): Promise<void>;
  /** A file that is not there counts as removed. */
  remove(path: string): Promise<void>;
  /** Removes a broadcast's folder, and the folders above it that are empty then. */
  removeBroadcast(path: string): Promise<void>;
}

export const segmentFiles: SegmentFiles = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  write: writePieces,
  remove: (path) => unlink(path).catch(unlessMissing),
  removeBroadcast: async (path) => {
    await rm(path, { recursive: true, force: true });
    const stream = dirname(path);
    // They stay while another broadcast lies there.
    await rmdir(stream)
      .then(() => rmdir(dirname(stream)))
      .catch(() => undefined);
  },
};

const liveFolder = 'live';

/** Names the server process that the files belong to: several may share one segments folder. */
const ownFolder = `${hostname().replace(/[^A-Za-z0-9.-]/g, '_')}-${process.pid}`;

/** Another machine's processes can't be seen from here; no broadcast is kept for longer than this after its last file. */
const leftBehindAfterMs = 2 * 86_400_000;

/** Where a broadcast's files lie below the segments folder. */
export function broadcastDirectory(segmentsDirectory: string, stream: string, broadcast: string): string {
  return join(segmentsDirectory, liveFolder, ownFolder, stream, broadcast);
}

/** Removes what servers that are gone left behind: nothing of it can be watched any more. Nothing else is touched. */
export async function clearSegmentStores(segmentsDirectory: string): Promise<void> {
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

/** Whether a folder may belong to a server that still runs. */
async function isInUse(live: string, name: string): Promise<boolean> {
  const [, host, pid] = /^(.+)-(\d+)$/.exec(name) ?? [];
  if (host === undefined || pid === undefined) return false;
  if (name === ownFolder) return false;
  if (ownFolder.startsWith(`${host}-`)) return isRunning(Number(pid));
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

async function writePieces(path: string, pieces: readonly Buffer[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    const { bytesWritten } = await file.writev(pieces);
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    // A full disk takes a part; only with the rest it says why.
    if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  } finally {
    await file.close();
  }
}

function unlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
