import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRecordingText } from '../hls/recording-playlists.js';
import type { StoredMedia } from '../hls/stored-media.js';
import { LiveError } from '../protocol/live-error.js';
import { FileRange } from '../storage/file-range.js';
import type { Turns } from '../storage/turns.js';
import { clipSegments, clipWithin, type Clip, type ClipWish } from './clip.js';
import { MadeClips } from './made-clips.js';
import type { Recordings } from './recordings.js';
import type { Remux } from './remux.js';
import { Semaphore } from './semaphore.js';
import { settledWithin } from './settled-within.js';

const fileName = 'download.mp4';
const draftName = 'download.draft';
const listName = 'download.m3u8';
const workFolder = 'work';
/** A name that no recording has. */
const clipsFolder = '.clips';
const defaultClipBytes = 1_073_741_824;
/** Files that wait to be made, and those of one client among them: each takes the disk for as long as its media is long. */
const mostWaiting = 16;
const mostOfAClient = 4;

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
  async file({ id, client, clip: wish }: DownloadRequest): Promise<StoredMedia> {
    const { recordings } = this.#options;
    const { state, sums } = recordings.get(id);
    recordings.touch(id);
    if (wish) {
      const clip = clipWithin(wish, sums.durationSeconds);
      const name = `${id}.${Math.round(clip.from * 1000)}-${Math.round(clip.to * 1000)}.mp4`;
      return this.#find(this.#clips.path(name), { id, client }, async () => this.#clips.sizeOf(name), (signal) => this.#makeClip(id, clip, name, signal));
    }
    if (state === 'recording') throw new LiveError('unavailable', 'this is still being recorded; it can be downloaded when it is over');
    const path = join(recordings.folders.path(id), fileName);
    return this.#find(path, { id, client }, () => sizeOf(path), (signal) => this.#makeWhole(id, path, signal));
  }

  /** Ends what is being made, and removes what does not outlive the server. */
  async close(): Promise<void> {
    this.#closed = true;
    const making = [...this.#making.values()];
    for (const { over } of making) over.abort();
    await Promise.allSettled(making.map(({ done }) => done));
    await this.open();
  }

  async #find(path: string, { id, client }: Pick<Making, 'id' | 'client'>, size: () => Promise<number | undefined>, make: (signal: AbortSignal) => Promise<void>): Promise<StoredMedia> {
    const { turns, timeoutMs = 30_000 } = this.#options;
    let byteLength = await size();
    if (byteLength === undefined) {
      const { done } = this.#making.get(path) ?? this.#begin(path, { id, client }, make);
      if (!(await settledWithin(done, timeoutMs))) throw new LiveError('unavailable', 'the file is being made; try again in a few seconds');
      byteLength = await size();
    }
    if (byteLength === undefined) throw new LiveError('unavailable', 'the file can not be made; the log of the server says why');
    const open = (start: number, length: number): Promise<FileRange> =>
      FileRange.open(path, { range: { start, byteLength: length }, turns }).catch((cause: unknown) => {
        throw new LiveError('unavailable', 'the disk does not give back this file; try again', { cause });
      });
    return { byteLength, open };
  }

  /** Once, however many ask for the same. @throws {LiveError} unavailable, when too many files wait */
  #begin(path: string, { id, client }: Pick<Making, 'id' | 'client'>, make: (signal: AbortSignal) => Promise<void>): Making {
    const ofClient = [...this.#making.values()].filter((making) => making.client === client).length;
    if (ofClient >= mostOfAClient) throw new LiveError('unavailable', `${ofClient} files that were asked for from this address are still being made; try again in a few seconds`);
    if (this.#making.size >= mostWaiting) throw new LiveError('unavailable', `${this.#making.size} files wait to be made, and there is no room for more; try again in a few seconds`);
    const over = new AbortController();
    const making = { id, client, over, done: this.#inTurn(id, () => make(over.signal), over.signal).finally(() => this.#making.delete(path)) };
    this.#making.set(path, making);
    return making;
  }

  async #inTurn(id: string, make: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const hasTurn = await this.#turns.acquire(signal);
    try {
      if (hasTurn && !this.#closed) await make();
    } catch (cause) {
      if (cause instanceof LiveError) throw cause;
      this.#options.recordings.get(id); // it may have been removed meanwhile
      throw new LiveError('internal', 'the file can not be made; the log of the server says why', { cause });
    } finally {
      if (hasTurn) this.#turns.release();
    }
  }

  async #makeWhole(id: string, path: string, signal: AbortSignal): Promise<void> {
    await this.#make(id, { draft: join(this.#options.recordings.folders.path(id), draftName), path, signal });
  }

  async #makeClip(id: string, clip: Clip, name: string, signal: AbortSignal): Promise<void> {
    await this.#clips.makeRoom();
    await this.#make(id, { clip, draft: this.#clips.path(draftName), path: this.#clips.path(name), signal });
    await this.#clips.add(name, id);
  }

  async #make(id: string, { clip, draft, path, signal }: { clip?: Clip; draft: string; path: string; signal: AbortSignal }): Promise<void> {
    const { recordings, remux } = this.#options;
    const manifest = await recordings.manifest(id);
    const whole = { segments: manifest.segments.filter(({ gap }) => !gap), durationSeconds: undefined };
    const { segments, durationSeconds } = clip ? clipSegments(manifest.segments, clip) : whole;
    const list = writeRecordingText({ ...manifest, segments }, { kind: 'media' }, true);
    if (list === undefined) throw new LiveError('not-found', clip ? 'there is nothing in this piece of the recording: it is a gap' : 'there is nothing in this recording');
    const work = this.#clips.path(workFolder);
    const names = new Set(segments.flatMap(({ uri, mapUri }) => [mapUri, uri]));
    const directory = await recordings.folders.gather(id, [...names], work);
    const playlist = join(directory, listName);
    try {
      await writeFile(playlist, list);
      await remux({ directory, playlist: listName, output: draft, durationSeconds, signal });
      await rename(draft, path);
    } finally {
      await Promise.all([rm(playlist, { force: true }), rm(draft, { force: true }), rm(work, { recursive: true, force: true })]);
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
