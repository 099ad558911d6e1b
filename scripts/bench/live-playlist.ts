import { machineMs, sleep } from './clock.js';
import { HttpConnection } from './http-connection.js';

/** What a player must know of a live media playlist to go on. */
export interface LiveEdge {
  /** The part that comes next, as delivery directives ask for it. */
  readonly nextMediaSequence: number;
  readonly nextPart: number;
  /** URI of the newest part; undefined right after a segment was closed by an end. */
  readonly newestPartUri: string | undefined;
  readonly newestSegmentUri: string | undefined;
}

export function readLiveEdge(text: string): LiveEdge {
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  const skipped = Number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/.exec(text)?.[1] ?? 0);
  const segments = [...text.matchAll(/#EXTINF:[^\n]*\n([^\n#]+)/g)];
  const tail = text.slice(text.lastIndexOf('#EXTINF:'));
  const parts = [...text.matchAll(/#EXT-X-PART:[^\n]*URI="([^"]+)"/g)];
  return {
    nextMediaSequence: first + skipped + segments.length,
    nextPart: [...tail.matchAll(/#EXT-X-PART:/g)].length,
    newestPartUri: parts.at(-1)?.[1],
    newestSegmentUri: segments.at(-1)?.[1]?.trim(),
  };
}

export interface PlayableStream {
  /** Of the media playlist. */
  readonly url: URL;
  readonly text: string;
  readonly foundAtMs: number;
}

const everyMs = 10;

/** Resolves when a player that asks for `multivariantUrl` could begin. */
export async function untilPlayable(multivariantUrl: string, timeoutMs = 60_000): Promise<PlayableStream> {
  const { origin, pathname } = new URL(multivariantUrl);
  const connection = new HttpConnection(origin);
  const deadline = machineMs() + timeoutMs;
  try {
    while (machineMs() < deadline) {
      const multivariant = await connection.get(pathname);
      const uri = multivariant.status === 200 ? multivariant.body.toString().split('\n').find((line) => line !== '' && !line.startsWith('#')) : undefined;
      if (uri !== undefined) {
        const url = new URL(uri, multivariantUrl);
        const media = await connection.get(url.pathname);
        if (media.status === 200 && media.body.includes('#EXTINF:')) return { url, text: media.body.toString(), foundAtMs: media.arrivedMs };
      }
      await sleep(everyMs);
    }
  } finally {
    connection.close();
  }
  throw new Error(`expected a playable playlist at ${multivariantUrl} within ${String(timeoutMs)} ms, none came`);
}
