import { readMediaPlaylist, type ReadPlaylist, type ReadSegment } from './playlist-reader.js';
import { mergeDelta } from './merge-delta.js';
import { waitUntil } from './programs.js';

/** A client that follows a playlist as RFC 8216bis §6.3 asks of it: blocking requests, parts, hints, deltas. */
export class LowLatencyClient {
  readonly playlists: ReadPlaylist[] = [];
  /** All that was fetched, by address. */
  readonly media = new Map<string, Buffer>();
  readonly faults: string[] = [];
  /** How requests that were held too long were answered. */
  readonly stalls: { status: number; afterMs: number; cacheControl: string | null }[] = [];
  /** Cache-Control of held playlists and of media. */
  readonly cacheControls = new Set<string>();
  deltas = 0;
  hints = 0;
  mediaUrl = '';
  multivariant = '';

  /** Resolves when the playlist has ended. */
  async follow(indexUrl: string): Promise<void> {
    this.multivariant = await waitUntil('a multivariant playlist', async () => {
      const response = await fetch(indexUrl);
      const text = await response.text();
      return response.ok && text;
    });
    this.mediaUrl = new URL(this.multivariant.trim().split('\n').at(-1) ?? '', indexUrl).href;
    let text = await (await fetch(this.mediaUrl)).text();
    for (;;) {
      const playlist = readMediaPlaylist(text);
      this.playlists.push(playlist);
      await this.#takeNewest(playlist);
      if (playlist.hasEnded) return;
      text = await this.#next(playlist, text);
    }
  }

  /** The bytes at an address of the playlist. */
  async fetchMedia(uri: string): Promise<Buffer | undefined> {
    const known = this.media.get(uri);
    if (known) return known;
    const response = await fetch(new URL(uri, this.mediaUrl));
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) return undefined;
    this.cacheControls.add(`media ${response.headers.get('cache-control') ?? ''}`);
    this.media.set(uri, bytes);
    return bytes;
  }

  get segments(): ReadSegment[] {
    const all = new Map(this.playlists.flatMap(({ segments }) => segments.map((segment) => [segment.sequenceNumber, segment] as const)));
    return [...all.values()].filter(({ uri }) => uri !== undefined);
  }

  /** The parts of each whole segment, as far as a playlist listed them all. */
  partsOf(sequenceNumber: number): ReadSegment['parts'] {
    const seen = this.playlists.flatMap(({ segments }) => segments.filter((segment) => segment.sequenceNumber === sequenceNumber && segment.uri !== undefined));
    return seen.find(({ parts }) => parts.length > 0)?.parts ?? [];
  }

  /** Everything that is listed near the edge can be had at once. */
  async #takeNewest({ segments }: ReadPlaylist): Promise<void> {
    const wanted = segments.slice(-2).flatMap(({ mapUri, uri, parts }) => [mapUri, uri, ...parts.map((part) => part.uri)]);
    await Promise.all(
      wanted.map(async (uri) => {
        if (uri !== undefined && !(await this.fetchMedia(uri))) this.faults.push(`${uri} is listed but not there`);
      }),
    );
  }

  async #next(playlist: ReadPlaylist, text: string): Promise<string> {
    const last = playlist.segments.at(-1);
    const isOpen = last?.uri === undefined;
    const sequenceNumber = (last?.sequenceNumber ?? 0) + (isOpen ? 0 : 1);
    const query = `_HLS_msn=${sequenceNumber}&_HLS_part=${isOpen ? (last?.parts.length ?? 0) : 0}`;
    const hint = playlist.preloadHints[0]?.URI ?? '';
    const startMs = performance.now();
    const [whole, delta, hinted] = await Promise.all([fetch(`${this.mediaUrl}?${query}`), fetch(`${this.mediaUrl}?${query}&_HLS_skip=YES`), fetch(new URL(hint, this.mediaUrl))]);
    const [wholeText, deltaText, hintedBytes] = await Promise.all([whole.text(), delta.text(), hinted.arrayBuffer()]);
    if (!whole.ok) {
      this.stalls.push({ status: whole.status, afterMs: performance.now() - startMs, cacheControl: whole.headers.get('cache-control') });
      return text;
    }
    this.cacheControls.add(`playlist ${whole.headers.get('cache-control') ?? ''}`);
    if (hinted.ok) {
      this.hints++;
      this.media.set(hint, Buffer.from(hintedBytes));
    }
    if (deltaText.includes('#EXT-X-SKIP')) this.deltas++;
    // Both were released by the same part, but the next may have come before the second was written.
    if (delta.ok && edgeOf(deltaText) === edgeOf(wholeText) && mergeDelta(text, deltaText) !== wholeText) this.faults.push(`a delta does not add up:\n${deltaText}\nto\n${wholeText}`);
    return wholeText;
  }
}

function edgeOf(text: string): string {
  return text.slice(-200);
}
