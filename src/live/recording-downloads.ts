import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredMedia } from '../hls/stored-media.js';
import { writeRecordingText } from '../hls/recording-playlists.js';
import { LiveError } from '../protocol/live-error.js';
import { childEnvironment } from './child-environment.js';
import type { Recordings } from './recordings.js';
import { Semaphore } from './semaphore.js';
import { settledWithin } from './settled-within.js';

const fileName = 'download.mp4';
const draftName = 'download.draft';
const listName = 'download.m3u8';
const lastWordsCharacters = 2000;

export interface RecordingDownloadsOptions {
  readonly recordings: Recordings;
  readonly ffmpegPath: string;
  /** How long whoever asks first waits for it. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A recording as one ordinary MP4: with its index first, so that every player and browser can seek in it while it comes. Copied, not encoded; made when
 * somebody asks for the first time, and kept beside the recording.
 */
export class RecordingDownloads {
  readonly #options: RecordingDownloadsOptions;
  readonly #making = new Map<string, Promise<void>>();
  readonly #turns = new Semaphore(1);
  readonly #children = new Set<ChildProcess>();
  #closed = false;

  constructor(options: RecordingDownloadsOptions) {
    this.#options = options;
  }

  /** @throws {LiveError} not-found | unavailable, while it grows, is being made, or can't be made */
  async open(id: string): Promise<StoredMedia> {
    const { recordings, timeoutMs = 30_000 } = this.#options;
    if (recordings.get(id).state === 'recording') throw new LiveError('unavailable', 'this is still being recorded; it can be downloaded when it is over');
    const path = join(recordings.folder(id), fileName);
    let size = await sizeOf(path);
    if (size === undefined) {
      if (!(await settledWithin(this.#make(id), timeoutMs))) throw new LiveError('unavailable', 'the file is being made; try again in a moment');
      size = await sizeOf(path);
    }
    if (size === undefined) throw new LiveError('unavailable', 'the file can not be made; the log of the server says why');
    const store = recordings.store(id);
    return { byteLength: size, open: (start, byteLength) => store.open(fileName, { start, byteLength }) };
  }

  /** Ends what is being made. */
  close(): void {
    this.#closed = true;
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** Once, however many ask. */
  #make(id: string): Promise<void> {
    const running = this.#making.get(id);
    if (running) return running;
    const making = this.#inTurn(id).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #inTurn(id: string): Promise<void> {
    await this.#turns.acquire();
    try {
      if (!this.#closed) await this.#run(id);
    } catch (error) {
      if (error instanceof LiveError) throw error;
      throw new LiveError('internal', 'the file can not be made; the log of the server says why', { cause: error });
    } finally {
      this.#turns.release();
    }
  }

  async #run(id: string): Promise<void> {
    const { recordings, ffmpegPath } = this.#options;
    const [folder, store, manifest] = [recordings.folder(id), recordings.store(id), await recordings.manifest(id)];
    const list = writeRecordingText({ ...manifest, segments: manifest.segments.filter(({ gap }) => !gap) }, 'media', true);
    if (list === undefined) throw new LiveError('not-found', 'there is nothing in this recording');
    await store.put(listName, { byteLength: Buffer.byteLength(list), pieces: [Buffer.from(list)] });
    const input = ['-protocol_whitelist', 'file,crypto,data', '-allowed_extensions', 'ALL', '-i', listName];
    const output = ['-map', '0:v?', '-map', '0:a?', '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', '-y', draftName];
    const child = spawn(ffmpegPath, ['-nostdin', '-v', 'error', ...input, ...output], { cwd: folder, env: childEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.add(child);
    let lastWords = '';
    child.stderr.on('data', (bytes: Buffer) => (lastWords = (lastWords + bytes.toString()).slice(-lastWordsCharacters)));
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}: ${lastWords}`);
      await rename(join(folder, draftName), join(folder, fileName));
    } finally {
      this.#children.delete(child);
      await Promise.all([store.remove(listName), store.remove(draftName)]);
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
