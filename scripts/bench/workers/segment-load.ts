import { sleep } from '../clock.js';
import { HttpConnection } from '../http-connection.js';
import { answerParent, workerCommand } from '../worker.js';

export interface SegmentLoadCommand {
  /** Of one server. Each connection begins with another of them. */
  readonly urls: readonly string[];
  readonly connections: number;
  /** Each of them once, from `all` on, instead of again and again. */
  readonly once?: boolean;
}

const { urls, connections, once = false } = workerCommand() as SegmentLoadCommand;
const origin = new URL(urls[0] ?? '').origin;
const paths = urls.map((url) => new URL(url).pathname);
let bytes = 0;
let failure: string | undefined;

const loadAll = async (): Promise<unknown> => Promise.all(Array.from({ length: connections }, (_none, index) => load(index).catch((error: unknown) => (failure = String(error)))));
if (!once) void loadAll();

/** Segments as fast as they come, on keep-alive connections. */
export const segmentLoadHandlers = {
  open: async () => {
    while (bytes === 0 && failure === undefined) await sleep(5);
    if (failure !== undefined) throw new Error(failure);
  },
  bytes: () => {
    if (failure !== undefined) throw new Error(failure);
    return bytes;
  },
  all: async () => {
    await loadAll();
    if (failure !== undefined) throw new Error(failure);
  },
};
answerParent(segmentLoadHandlers);

async function load(index: number): Promise<void> {
  const connection = new HttpConnection(origin);
  for (let next = index; !once || next < paths.length; next += connections) {
    const { bodyBytes } = await connection.getOk(paths[next % paths.length] ?? '', { keepBody: false });
    bytes += bodyBytes;
  }
  connection.close();
}
