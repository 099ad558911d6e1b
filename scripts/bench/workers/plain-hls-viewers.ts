import { gunzipSync } from 'node:zlib';

import { sleep } from '../clock.js';
import { HttpConnection } from '../http-connection.js';
import { readLiveEdge } from '../live-playlist.js';
import { answerParent, workerCommand } from '../worker.js';

export interface PlainHlsViewersCommand {
  /** Of media playlists of one server: viewers are spread over them. */
  readonly urls: readonly string[];
  readonly viewers: number;
  /** `edge`: the newest segment. `back`: one after the other from a place of each viewer's own, spread over all that is listed, as those who went back play them. */
  readonly place: 'edge' | 'back';
}

/** As long as a segment: what a viewer without low latency takes in a round. */
const roundMs = 2000;
/** A little more than what is in memory. */
const edgeSegments = 8;

const { urls, viewers, place } = workerCommand() as PlainHlsViewersCommand;
let watching = 0;
let segments = 0;
let bytes = 0;
let failure: string | undefined;

for (let index = 0; index < viewers; index++) watch(index).catch((error: unknown) => (failure = String(error)));

/** Viewers that reload the playlist and get one segment in each round, spread evenly over its time. */
export const plainHlsViewersHandlers = {
  open: async () => {
    while (watching < viewers && failure === undefined) await sleep(20);
    if (failure !== undefined) throw new Error(failure);
  },
  got: () => {
    if (failure !== undefined) throw new Error(failure);
    return { segments, bytes };
  },
};
answerParent(plainHlsViewersHandlers);

async function watch(index: number): Promise<void> {
  const url = urls[index % urls.length] ?? '';
  const { origin, pathname } = new URL(url);
  const directory = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  const connection = new HttpConnection(origin);
  await sleep((roundMs * index) / viewers);
  let next = await ownPlace(connection, pathname, index / viewers);
  for (let round = 0; ; round++) {
    const from = performance.now();
    const answer = await connection.getOk(`${pathname}?_HLS_skip=YES`, { headers: 'Accept-Encoding: gzip\r\n' });
    // Who is at the edge looks there; who went back knows what comes next.
    const uri = place === 'back' ? `${String(next++)}.m4s` : readLiveEdge(textOf(answer.body)).newestSegmentUri;
    if (uri === undefined) throw new Error('expected a segment in every playlist');
    const segment = await connection.getOk(`${directory}${uri}`, { keepBody: false });
    segments += 1;
    bytes += answer.bodyBytes + segment.bodyBytes;
    if (round === 0) watching += 1;
    await sleep(Math.max(0, roundMs - (performance.now() - from)));
  }
}

/** The number of a segment so far into the list. The live edge is left out: nobody goes back to there. */
async function ownPlace(connection: HttpConnection, pathname: string, share: number): Promise<number> {
  const { body } = await connection.get(pathname);
  const text = body.toString();
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  const listed = text.match(/^#EXTINF:/gm)?.length ?? 0;
  return first + Math.floor(share * Math.max(1, listed - edgeSegments));
}

function textOf(body: Buffer): string {
  return (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString();
}
