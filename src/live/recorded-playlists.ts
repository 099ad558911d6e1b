import { Encoded } from '../hls/encoded.js';
import { writeRecordingText, type RecordingPlaylist } from '../hls/recording-playlists.js';
import type { Recordings } from './recordings.js';

/** So many playlists are kept: the last that were asked for. */
const mostKept = 16;
/** A recording that grows has another segment after that at the earliest. */
const growingMs = 1000;

/** Playlists of recordings. Hours of manifest are read and written out once, not for each request: anybody may ask, and often. */
export class RecordedPlaylists {
  readonly #recordings: Recordings;
  readonly #kept = new Map<string, { readonly playlist: Promise<Encoded | undefined>; readonly untilMs: number }>();

  constructor(recordings: Recordings) {
    this.#recordings = recordings;
  }

  /** undefined while nothing is in it, and where there is no such rendition. @throws {LiveError} not-found */
  of(id: string, playlist: RecordingPlaylist): Promise<Encoded | undefined> {
    const ended = this.#recordings.get(id).state !== 'recording';
    const key = `${id}/${playlist.rendition ?? ''}/${playlist.kind}/${String(ended)}`;
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    const isFresh = kept !== undefined && performance.now() < kept.untilMs;
    const entry = isFresh ? kept : { playlist: this.#write(id, playlist, ended), untilMs: ended ? Infinity : performance.now() + growingMs };
    this.#kept.set(key, entry);
    // One that could not be read is read anew by whoever asks next.
    entry.playlist.catch(() => this.#kept.get(key) === entry && this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
    return entry.playlist;
  }

  async #write(id: string, playlist: RecordingPlaylist, ended: boolean): Promise<Encoded | undefined> {
    const text = writeRecordingText(await this.#recordings.manifest(id), playlist, ended);
    return text === undefined ? undefined : new Encoded(text);
  }
}
