import { readdir, readFile } from 'node:fs/promises';

export interface ProcessSize {
  readonly rssMiB: number;
  readonly descriptors: number;
}

/** What these processes hold together at this moment. */
export async function sizeOf(pids: readonly number[]): Promise<ProcessSize> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
      const descriptors = await readdir(`/proc/${String(pid)}/fd`);
      return { rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024, descriptors: descriptors.length };
    }),
  );
  return {
    rssMiB: sizes.reduce((sum, { rssMiB }) => sum + rssMiB, 0),
    descriptors: sizes.reduce((sum, { descriptors }) => sum + descriptors, 0),
  };
}
