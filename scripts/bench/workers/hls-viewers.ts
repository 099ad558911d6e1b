import { gunzipSync } from 'node:zlib';

import { machineMs, sleep } from '../clock.js';
import { markOf } from '../fragment-sequence.js';
import { HttpConnection } from '../http-connection.js';
import { readLiveEdge, type LiveEdge } from '../live-playlist.js';
import { answerParent, workerCommand } from '../worker.js';

export interface HlsViewersCommand {
  /** Of the media playlist. */
  readonly url: string;
  readonly viewers: number;
}

/** Since the last `reset`. */
export interface HlsViewersTotals {
  readonly playlists: number;
  readonly parts: number;
  readonly bytes: number;
  readonly failures: number;
  /** For each part: the mark of the last ffmpeg fragment in it, and for each viewer when its blocked request was sent and answered. */
  readonly answers: readonly { readonly lastFragment: string; readonly waits: readonly (readonly [sentMs: number, answeredMs: number])[] }[];
}

const { url, viewers } = workerCommand() as HlsViewersCommand;
const { origin, pathname } = new URL(url);
const directory = pathname.slice(0, pathname.lastIndexOf('/') + 1);
let totals = { playlists: 0, parts: 0, bytes: 0, failures: 0 };
let waits = new Map<string, [number, number][]>();
/** By part; undefined until it is known. One viewer reads it for all. */
const lastFragments = new Map<string, string | undefined>();
/** The same answer goes to everybody: unpacked and read once. */
let latest: { readonly gzip: Buffer; readonly edge: LiveEdge } | undefined;
let watching = 0;

for (let index = 0; index < viewers; index++) void watch();

export const hlsViewersHandlers = {
  /** Resolves when everybody has had a part. */
  open: async () => {
    while (watching < viewers) await sleep(20);
  },
  reset: () => {
    totals = { playlists: 0, parts: 0, bytes: 0, failures: 0 };
    waits = new Map();
  },
  totals: (): HlsViewersTotals => ({
    ...totals,
    answers: [...waits].flatMap(([uri, each]) => {
      const lastFragment = lastFragments.get(uri);
      return lastFragment === undefined ? [] : [{ lastFragment, waits: each }];
    }),
  }),
};
answerParent(hlsViewersHandlers);

/** As hls.js does it: a blocking reload for the next part, then that part, on two connections. */
async function watch(): Promise<void> {
  const playlists = new HttpConnection(origin);
  const media = new HttpConnection(origin);
  let query = '';
  let first = true;
  for (;;) {
    try {
      const sentMs = machineMs();
      const answer = await playlists.get(`${pathname}${query}`, { headers: 'Accept-Encoding: gzip\r\n' });
      if (answer.status !== 200) throw new Error(`status ${String(answer.status)}`);
      totals.playlists += 1;
      const edge = edgeOf(answer.body);
      if (query !== '' && edge.newestPartUri !== undefined) remember(edge.newestPartUri, sentMs, answer.arrivedMs);
      query = `?_HLS_msn=${String(edge.nextMediaSequence)}&_HLS_part=${String(edge.nextPart)}&_HLS_skip=YES`;
      if (edge.newestPartUri === undefined) continue;
      const keepBody = !lastFragments.has(edge.newestPartUri);
      if (keepBody) lastFragments.set(edge.newestPartUri, undefined);
      const part = await media.get(`${directory}${edge.newestPartUri}`, { keepBody });
      if (part.status !== 200) throw new Error(`status ${String(part.status)}`);
      totals.parts += 1;
      totals.bytes += part.bodyBytes + answer.bodyBytes;
      if (keepBody) lastFragments.set(edge.newestPartUri, markOf(part.body));
      if (first) watching += 1;
      first = false;
    } catch {
      totals.failures += 1;
      query = '';
      await sleep(200);
    }
  }
}

function edgeOf(body: Buffer): LiveEdge {
  if (latest?.gzip.equals(body)) return latest.edge;
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const edge = readLiveEdge((isGzip ? gunzipSync(body) : body).toString());
  latest = { gzip: body, edge };
  return edge;
}

function remember(uri: string, sentMs: number, answeredMs: number): void {
  const each = waits.get(uri);
  if (each) each.push([sentMs, answeredMs]);
  else waits.set(uri, [[sentMs, answeredMs]]);
}
