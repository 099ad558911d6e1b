import { setTimeout as sleep } from 'node:timers/promises';

import { readMediaPlaylist, type ReadPlaylist, type ReadSegment } from './playlist-reader.js';
import { waitUntil } from './programs.js';

/** A run of segments that one decoder can play without a break. */
export interface Timeline {
  readonly mapUri: string;
  /** Init segment and segments, one after another. */
  readonly bytes: Buffer;
}

/** A viewer that follows a media playlist to its end and keeps all it saw. */
export class HlsViewer {
  readonly playlists: ReadPlaylist[] = [];
  /** Where the media playlist is; known once the broadcast can be watched. */
  readonly mediaUrl: Promise<string>;
  /** Resolves when the playlist said that it ended and every segment has been fetched. */
  readonly ended: Promise<void>;
  readonly #indexUrl: string;
  readonly #everyMs: number;
  readonly #variant: number;
  readonly #media = new Map<string, Promise<Buffer>>();
  readonly #segments = new Map<number, ReadSegment>();
  multivariant = '';

  constructor(indexUrl: string, options: { everyMs?: number; timeoutMs?: number; variant?: number } = {}) {
    this.#indexUrl = indexUrl;
    this.#everyMs = options.everyMs ?? 200;
    this.#variant = options.variant ?? 0;
    this.mediaUrl = this.#open();
    this.ended = this.#follow(performance.now() + (options.timeoutMs ?? 90_000));
    this.ended.catch(() => undefined); // told to whoever awaits it
  }

  async #open(): Promise<string> {
    this.multivariant = await waitUntil('a multivariant playlist', async () => {
      const response = await fetch(this.#indexUrl);
      return response.ok ? response.text() : response.arrayBuffer().then(() => undefined);
    });
    const uri = this.multivariant.split('\n').filter((line) => line !== '' && !line.startsWith('#'))[this.#variant];
    if (uri === undefined) throw new Error(`expected variant ${this.#variant}, got ${this.multivariant}`);
    return new URL(uri, this.#indexUrl).href;
  }

  async #follow(deadline: number): Promise<void> {
    const url = await this.mediaUrl;
    for (;;) {
      const response = await fetch(url);
      const text = await response.text();
      if (!response.ok) throw new Error(`expected a media playlist, got HTTP ${String(response.status)}: ${text}`);
      const playlist = readMediaPlaylist(text);
      this.playlists.push(playlist);
      for (const segment of playlist.segments) this.#take(segment, url);
      if (playlist.hasEnded) break;
      if (performance.now() > deadline) throw new Error(`expected EXT-X-ENDLIST in time, got ${text}`);
      await sleep(this.#everyMs);
    }
    await Promise.all(this.#media.values());
  }

  #take(segment: ReadSegment, playlistUrl: string): void {
    if (segment.uri === undefined || segment.mapUri === undefined) return;
    this.#segments.set(segment.sequenceNumber, segment);
    // RFC 8216bis §4.4.4.7: nothing of it can be had.
    if (segment.isGap) return;
    for (const uri of [segment.mapUri, segment.uri]) {
      if (this.#media.has(uri)) continue;
      const body = fetchMedia(new URL(uri, playlistUrl).href);
      body.catch(() => undefined); // told by `ended`
      this.#media.set(uri, body);
    }
  }

  /** Everything seen, from the first segment on, split where a decoder has to begin anew. */
  async timelines(): Promise<Timeline[]> {
    const runs: { mapUri: string; parts: Buffer[] }[] = [];
    for (const segment of [...this.#segments.values()].sort((a, b) => a.sequenceNumber - b.sequenceNumber)) {
      const { uri = '', mapUri = '' } = segment;
      let current = runs.at(-1);
      if (!current || segment.isDiscontinuity || current.mapUri !== mapUri) {
        current = { mapUri, parts: [(await this.#media.get(mapUri)) ?? Buffer.alloc(0)] };
        runs.push(current);
      }
      current.parts.push((await this.#media.get(uri)) ?? Buffer.alloc(0));
    }
    return runs.map(({ mapUri, parts }) => ({ mapUri, bytes: Buffer.concat(parts) }));
  }

  /** Every listed segment, in order. */
  get segments(): ReadSegment[] {
    return [...this.#segments.values()].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
  }
}

async function fetchMedia(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`expected ${url} to be there, got HTTP ${String(response.status)}`);
  return Buffer.from(await response.arrayBuffer());
}
