import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRecordingText } from '../hls/recording-playlists.js';
import type { StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import type { DownloadProgress } from '../protocol/recording-info.js';
import { FileRange } from '../storage/file-range.js';
import type { Turns } from '../storage/turns.js';
import { segmentUpTo } from './clip-end.js';
import { clipSegments, clipWithin, type Clip, type ClipWish } from './clip.js';
import { MadeClips } from './made-clips.js';
import type { Recordings } from './recordings.js';
import type { Remux } from './remux.js';
import { Semaphore } from './semaphore.js';
import { settledWithin } from './settled-within.js';

const fileName = 'download.mp4';
const draftName = 'download.draft';
const listName = 'download.m3u8';
/** The beginning of a clip's last segment. */
const endName = 'download.end.m4s';
const workFolder = 'work';
/** A name that no recording has. */
const clipsFolder = '.clips';
const defaultClipBytes = 1_073_741_824;
/** Files that wait to be made, and those of one client among them: each takes the disk for as long as its media is long. */
const mostWaiting = 16;
const mostOfAClient = 4;
/** So long whoever asks how far it is learns that it failed; then it is tried again. */
const failureToldMs = 10_000;
/** What comes from elsewhere comes first: so much of the work. */
const gatheringShare = 0.5;

export interface RecordingDownloadsOptions {
  readonly recordings: Recordings;
  readonly remux: Remux;
  readonly turns: Turns;
  /** How long whoever asks first waits for it. */
  readonly timeoutMs?: number | undefined;
  /** Clips are kept up to so many bytes in all. */
  readonly maxClipBytes?: number | undefined;
}

export interface DownloadRequest {
  readonly id: string;
  /** Who asks: one client can't have everybody else wait. */
  readonly client: string;
  /** A piece of it; undefined: all. */
  readonly clip?: ClipWish | undefined;
}

interface Making {
  readonly id: string;
  readonly client: string;
  readonly over: AbortController;
  readonly done: Promise<void>;
  /** Of what is to be done; undefined while it waits for its turn. */
  fraction: number | undefined;
}

/** One file that can be asked for. */
interface Wanted {
  readonly path: string;
  /** undefined while it is not there. */
  readonly size: () => Promise<number | undefined>;
  readonly make: (signal: AbortSignal, onProgress: (fraction: number) => void) => Promise<void>;
}

/**
 * A recording, or a piece of it, as one ordinary MP4. Made when somebody asks for the first time, one at a time: the whole is kept beside the recording,
 * and of pieces the last that were asked for.
 */
export class RecordingDownloads {
  readonly #options: RecordingDownloadsOptions;
  readonly #clips: MadeClips;
  /** By the path of what is made. */
  readonly #making = new Map<string, Making>();
  /** Why the last could not be made, by path, and until when (on the clock of `performance.now()`) that is told. */
  readonly #failed = new Map<string, { readonly error: unknown; readonly untilMs: number }>();
  readonly #turns = new Semaphore(1);
  #closed = false;

  constructor(options: RecordingDownloadsOptions) {
    this.#options = options;
    const { recordings, maxClipBytes = defaultClipBytes } = options;
    this.#clips = new MadeClips({ directory: recordings.folders.path(clipsFolder), maxBytes: maxClipBytes });
    recordings.onRemove(async (id) => {
      const its = [...this.#making.values()].filter((making) => making.id === id);
      for (const { over } of its) over.abort();
      await Promise.allSettled(its.map(({ done }) => done));
      await this.#clips.removeOf(id);
    });
  }

  /** Must be called once, before anything is asked for. */
  async open(): Promise<void> {
    await this.#clips.clear().catch(() => undefined); // a folder that can't be written to has no clips
  }

  /** @throws {LiveError} not-found | malformed | unavailable, while it grows, is being made, or can't be made */
  async file({ id, client, clip }: DownloadRequest): Promise<StoredMedia> {
    return this.#find(this.#wanted(id, clip), { id, client });
  }

  /** How far it is; begins to make it where it is not there, and does not wait. @throws {LiveError} as `file()`, and internal, when it can't be made */
  async progress({ id, client, clip }: DownloadRequest): Promise<DownloadProgress> {
    const wanted = this.#wanted(id, clip);
    const { path } = wanted;
    const byteLength = await wanted.size();
    if (byteLength !== undefined) return { state: 'ready', byteLength };
    const failed = this.#failed.get(path);
    if (failed && performance.now() < failed.untilMs) throw failed.error;
    const { fraction } = this.#making.get(path) ?? this.#begin(wanted, { id, client });
    // All of it is done when it is there: ffmpeg puts the index first at last.
    return fraction === undefined ? { state: 'waiting', percent: 0 } : { state: 'making', percent: Math.max(0, Math.min(99, Math.floor(fraction * 100))) };
  }

  #wanted(id: string, wish: ClipWish | undefined): Wanted {
    const { recordings } = this.#options;
    const { state, sums } = recordings.get(id);
    recordings.touch(id);
    if (wish) {
      const clip = clipWithin(wish, sums.durationSeconds);
      const name = `${id}.${Math.round(clip.from * 1000)}-${Math.round(clip.to * 1000)}.mp4`;
      return { path: this.#clips.path(name), size: async () => this.#clips.sizeOf(name), make: (signal, onProgress) => this.#makeClip(id, clip, name, signal, onProgress) };
    }
    if (state === 'recording') throw new LiveError('unavailable', 'this is still being recorded; it can be downloaded when it is over');
    const path = join(recordings.folders.path(id), fileName);
    return { path, size: () => sizeOf(path), make: (signal, onProgress) => this.#makeWhole(id, path, signal, onProgress) };
  }

  /** Ends what is being made, and removes what does not outlive the server. */
  async close(): Promise<void> {
    this.#closed = true;
    const making = [...this.#making.values()];
    for (const { over } of making) over.abort();
    await Promise.allSettled(making.map(({ done }) => done));
    await this.open();
  }

  async #find(wanted: Wanted, who: Pick<Making, 'id' | 'client'>): Promise<StoredMedia> {
    const { path, size } = wanted;
    const { turns, timeoutMs = 30_000 } = this.#options;
    let byteLength = await size();
    if (byteLength === undefined) {
      const { done } = this.#making.get(path) ?? this.#begin(wanted, who);
      if (!(await settledWithin(done, timeoutMs))) throw new LiveError('unavailable', 'the file is being made; try again in a few seconds');
      byteLength = await size();
    }
    if (byteLength === undefined) throw new LiveError('unavailable', 'the file can not be made; the log of the server says why');
    const open = (start: number, length: number): Promise<FileRange> =>
      FileRange.open(path, { range: { start, byteLength: length }, turns, onPiece: () => this.#watched(who.id) }).catch((cause: unknown) => {
        throw new LiveError('unavailable', 'the disk does not give back this file; try again', { cause });
      });
    return { byteLength, open };
  }

  /** Somebody waits for its file or is being sent it, which may take an hour: as good as playing it. */
  #watched(id: string): void {
    const { recordings } = this.#options;
    if (recordings.find(id)) recordings.touch(id);
  }

  /** Once, however many ask for the same. @throws {LiveError} not-found, when it was removed meanwhile | unavailable, when too many files wait */
  #begin({ path, make }: Wanted, { id, client }: Pick<Making, 'id' | 'client'>): Making {
    this.#options.recordings.get(id);
    const ofClient = [...this.#making.values()].filter((making) => making.client === client).length;
    if (ofClient >= mostOfAClient) throw new LiveError('unavailable', `${ofClient} files that were asked for from this address are still being made; try again in a few seconds`);
    if (this.#making.size >= mostWaiting) throw new LiveError('unavailable', `${this.#making.size} files wait to be made, and there is no room for more; try again in a few seconds`);
    const over = new AbortController();
    this.#failed.delete(path);
    const run = (): Promise<void> => {
      making.fraction = 0;
      return make(over.signal, (fraction) => {
        making.fraction = fraction;
        this.#watched(id);
      });
    };
    const done = this.#inTurn(id, run, over.signal).finally(() => this.#making.delete(path));
    const making: Making = { id, client, over, done, fraction: undefined };
    done.catch((error: unknown) => this.#fail(path, error));
    this.#making.set(path, making);
    return making;
  }

  #fail(path: string, error: unknown): void {
    this.#failed.set(path, { error, untilMs: performance.now() + failureToldMs });
    if (this.#failed.size > mostWaiting) this.#failed.delete(this.#failed.keys().next().value!);
  }

  async #inTurn(id: string, make: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const hasTurn = await this.#turns.acquire(signal);
    try {
      if (hasTurn && !this.#closed) await make();
    } catch (cause) {
      if (cause instanceof LiveError) throw cause;
      this.#options.recordings.get(id); // it may have been removed meanwhile
      if (isOutOfRoom(cause)) throw new LiveError('unavailable', "the server's disk has no room for this file, which is about as long as what it is made of; try again when there is some", { cause });
      throw new LiveError('internal', 'the file can not be made; the log of the server says why', { cause });
    } finally {
      if (hasTurn) this.#turns.release();
    }
  }

  async #makeWhole(id: string, path: string, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<void> {
    await this.#make(id, { draft: join(this.#options.recordings.folders.path(id), draftName), path, signal, onProgress });
  }

  async #makeClip(id: string, clip: Clip, name: string, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<void> {
    await this.#clips.makeRoom();
    await this.#make(id, { clip, draft: this.#clips.path(draftName), path: this.#clips.path(name), signal, onProgress });
    await this.#clips.add(name, id);
  }

  async #make(id: string, { clip, draft, path, signal, onProgress }: { clip?: Clip; draft: string; path: string; signal: AbortSignal; onProgress: (fraction: number) => void }): Promise<void> {
    const { recordings, remux } = this.#options;
    const manifest = await recordings.manifest(id);
    const whole = { segments: manifest.segments.filter(({ gap }) => !gap), lastSeconds: undefined };
    const { segments, lastSeconds } = clip ? clipSegments(manifest.segments, clip) : whole;
    const last = segments.at(-1);
    const ends = last && lastSeconds !== undefined ? [{ ...last, uri: endName, durationSeconds: lastSeconds }] : [];
    const made = [...segments.slice(0, segments.length - ends.length), ...ends];
    const list = writeRecordingText({ ...manifest, segments: made }, { kind: 'media' }, true);
    if (list === undefined) throw new LiveError('not-found', clip ? 'there is nothing in this piece of the recording: it is a gap' : 'there is nothing in this recording');
    const work = this.#clips.path(workFolder);
    const names = new Set(segments.flatMap(({ uri, mapUri }) => [mapUri, uri]));
    let gathered = 0;
    const onGathered = (count: number): void => {
      gathered = gatheringShare;
      onProgress((gatheringShare * count) / names.size);
    };
    const directory = await recordings.folders.gather(id, [...names], work, { signal, onGathered });
    const allSeconds = made.reduce((sum, segment) => sum + segment.durationSeconds, 0);
    const [playlist, end] = [join(directory, listName), join(directory, endName)];
    try {
      if (last && lastSeconds !== undefined) await writeFile(end, segmentUpTo(await readFile(join(directory, last.mapUri)), await readFile(join(directory, last.uri)), lastSeconds));
      await writeFile(playlist, list);
      await remux({ directory, playlist: listName, output: draft, signal, onProgress: (seconds) => onProgress(gathered + ((1 - gathered) * seconds) / allSeconds) });
      await rename(draft, path);
    } finally {
      await Promise.all([rm(playlist, { force: true }), rm(end, { force: true }), rm(draft, { force: true }), rm(work, { recursive: true, force: true })]);
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the system says of a disk or a quota that is used up, or what ffmpeg passes on of it. */
function isOutOfRoom(cause: unknown): boolean {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(message);
}
