import { Pool } from 'undici';

import { sleep } from '../clock.js';
import { readLiveEdge } from '../live-playlist.js';
import { answerParent, workerCommand } from '../worker.js';

export interface CachedViewersCommand {
  /** Of the media playlist, at a cache: its answers may have no length. */
  readonly url: string;
  readonly viewers: number;
}

/** Since the last `reset`. */
export interface CachedViewersTotals {
  readonly requests: number;
  readonly failures: number;
}

const { url, viewers } = workerCommand() as CachedViewersCommand;
const { origin, pathname } = new URL(url);
const directory = pathname.slice(0, pathname.lastIndexOf('/') + 1);
// As each has a connection for playlists and one for media.
const pool = new Pool(origin, { connections: viewers * 2 });
let totals = { requests: 0, failures: 0 };
let watching = 0;

for (let index = 0; index < viewers; index++) void watch();

export const cachedViewersHandlers = {
  /** Resolves when everybody has had a part. */
  open: async () => {
    while (watching < viewers) await sleep(20);
  },
  reset: () => {
    totals = { requests: 0, failures: 0 };
  },
  totals: (): CachedViewersTotals => totals,
};
answerParent(cachedViewersHandlers);

/** As hls.js does it: a blocking reload for the next part, then that part. */
async function watch(): Promise<void> {
  let query = '';
  for (let isFirst = true; ; ) {
    try {
      const edge = readLiveEdge((await get(`${pathname}${query}`)).toString());
      query = `?_HLS_msn=${String(edge.nextMediaSequence)}&_HLS_part=${String(edge.nextPart)}&_HLS_skip=YES`;
      if (edge.newestPartUri === undefined) continue;
      await get(`${directory}${edge.newestPartUri}`);
      if (isFirst) watching += 1;
      isFirst = false;
    } catch {
      totals.failures += 1;
      query = '';
      await sleep(200);
    }
  }
}

async function get(path: string): Promise<Buffer> {
  const { statusCode, body } = await pool.request({ method: 'GET', path });
  const bytes = Buffer.from(await body.arrayBuffer());
  if (statusCode !== 200) throw new Error(`expected 200, got ${String(statusCode)}`);
  totals.requests += 1;
  return bytes;
}
