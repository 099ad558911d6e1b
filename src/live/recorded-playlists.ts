import type { Encoded } from '../hls/encoded.js';
import { beginsAnew } from '../hls/joined-list.js';
import { encodeRecording, gapsOf, type RecordingPlaylist } from '../hls/recording-playlists.js';
import type { Recordings } from './recordings.js';

/** What was made of recordings: the last of it that was asked for. */
interface Kept {
  readonly entries: Map<string, { readonly made: Promise<unknown>; readonly untilMs: number }>;
  readonly most: number;
}

/** Playlists of hours weigh a megabyte. */
const mostPlaylists = 16;
/** Most recordings have none, and hardly any has many. */
const mostGaps = 1000;
/** A recording that grows has another segment after that at the earliest. */
const growingMs = 1000;

/** Playlists of recordings. Hours of manifest are read and written out once, not for each request: anybody may ask, and often. */
export class RecordedPlaylists {
  readonly #recordings: Recordings;
  readonly #playlists: Kept = { entries: new Map(), most: mostPlaylists };
  readonly #gaps: Kept = { entries: new Map(), most: mostGaps };

  constructor(recordings: Recordings) {
    this.#recordings = recordings;
  }

  /** undefined while nothing is in it, and where there is no such rendition. @throws {LiveError} not-found */
  of(id: string, playlist: RecordingPlaylist): Promise<Encoded | undefined> {
    return this.#keep(this.#playlists, id, `${playlist.rendition ?? ''}/${playlist.kind}`, (ended) => this.#write(id, playlist, ended));
  }

  /** Name of the init segment with which a segment begins anew; undefined where it goes on. @throws {LiveError} not-found */
  async initBefore(id: string, segment: string): Promise<string | undefined> {
    const inits = await this.#keep(this.#playlists, id, 'inits', async () => {
      const { segments, renditions } = await this.#recordings.manifest(id);
      const begun = [segments, ...renditions.values()].flatMap((all) => all.slice(1).filter(beginsAnew));
      return new Map(begun.map(({ uri, mapUri }) => [uri, mapUri]));
    });
    return inits.get(segment);
  }

  /** Whether its playlists list that name as a gap. @throws {LiveError} not-found */
  async isGap(id: string, name: string): Promise<boolean> {
    const gaps = await this.#keep(this.#gaps, id, 'gaps', async () => gapsOf(await this.#recordings.manifest(id)));
    return gaps.has(name);
  }

  #keep<T>({ entries, most }: Kept, id: string, name: string, make: (ended: boolean) => Promise<T>): Promise<T> {
    const ended = this.#recordings.get(id).state !== 'recording';
    const key = `${id}/${name}/${String(ended)}`;
    const kept = entries.get(key);
    entries.delete(key);
    const isFresh = kept !== undefined && performance.now() < kept.untilMs;
    const entry = isFresh ? kept : { made: make(ended), untilMs: ended ? Infinity : performance.now() + growingMs };
    entries.set(key, entry);
    // One that could not be read is read anew by whoever asks next.
    entry.made.catch(() => entries.get(key) === entry && entries.delete(key));
    const [oldest] = entries.keys();
    if (entries.size > most && oldest !== undefined) entries.delete(oldest);
    return entry.made as Promise<T>;
  }

  async #write(id: string, playlist: RecordingPlaylist, ended: boolean): Promise<Encoded | undefined> {
    return encodeRecording(await this.#recordings.manifest(id), playlist, ended);
  }
}
