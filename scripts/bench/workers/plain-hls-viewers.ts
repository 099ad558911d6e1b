import { gunzipSync } from 'node:zlib';

import { sleep } from '../clock.js';
import { HttpConnection } from '../http-connection.js';
import { readLiveEdge } from '../live-playlist.js';
import { answerParent, workerCommand } from '../worker.js';

export interface PlainHlsViewersCommand {
  /** Of the media playlist. */
  readonly url: string;
  readonly viewers: number;
  /** `edge`: the newest segment. `back`: one after the other from the first that is listed, as somebody who went back plays them. */
  readonly place: 'edge' | 'back';
}

/** As long as a segment: what a viewer without low latency takes in a round. */
const roundMs = 2000;

const { url, viewers, place } = workerCommand() as PlainHlsViewersCommand;
const { origin, pathname } = new URL(url);
const directory = pathname.slice(0, pathname.lastIndexOf('/') + 1);
let watching = 0;
let segments = 0;
let failure: string | undefined;

for (let index = 0; index < viewers; index++) watch((roundMs * index) / viewers).catch((error: unknown) => (failure = String(error)));

/** Viewers that reload the playlist and get one segment in each round, spread evenly over its time. */
export const plainHlsViewersHandlers = {
  open: async () => {
    while (watching < viewers && failure === undefined) await sleep(20);
    if (failure !== undefined) throw new Error(failure);
  },
  segments: () => {
    if (failure !== undefined) throw new Error(failure);
    return segments;
  },
};
answerParent(plainHlsViewersHandlers);

async function watch(afterMs: number): Promise<void> {
  const connection = new HttpConnection(origin);
  await sleep(afterMs);
  let next = await firstListed(connection);
  for (let round = 0; ; round++) {
    const from = performance.now();
    const answer = await connection.get(`${pathname}?_HLS_skip=YES`, { headers: 'Accept-Encoding: gzip\r\n' });
    if (answer.status !== 200) throw new Error(`expected ${url}, got status ${String(answer.status)}`);
    // Who is at the edge looks there; who went back knows what comes next.
    const uri = place === 'back' ? `${String(next++)}.m4s` : readLiveEdge(textOf(answer.body)).newestSegmentUri;
    if (uri === undefined) throw new Error('expected a segment in every playlist');
    const segment = await connection.get(`${directory}${uri}`, { keepBody: false });
    if (segment.status !== 200) throw new Error(`expected ${uri}, got status ${String(segment.status)}`);
    segments += 1;
    if (round === 0) watching += 1;
    await sleep(Math.max(0, roundMs - (performance.now() - from)));
  }
}

async function firstListed(connection: HttpConnection): Promise<number> {
  const { body } = await connection.get(pathname);
  return Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(body.toString())?.[1] ?? 0);
}

function textOf(body: Buffer): string {
  return (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString();
}
