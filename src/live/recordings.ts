import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { manifestLine, sumsIn, textsIn, type Manifest, type ManifestStart } from '../hls/manifest.js';
import type { StoredMedia } from '../hls/stored-media.js';
import type { DescriptionChange, StreamDescription } from '../protocol/stream-description.js';
import { LiveError } from '../protocol/live-error.js';
import type { RecordWish, RecordWishes } from './record-wishes.js';
import { RecordedChat } from './recorded-chat.js';
import { listedAs, recordingId, sumsNow, sumsOfAll, wordsOf, type KeptRecording, type Recording, type SumsOfAll } from './recording.js';
import { RecordingCatalogue, withOthers, type Listing, type ListingRequest } from './recording-catalogue.js';
import { RecordingFolders, type RecordingFoldersOptions } from './recording-folders.js';
import { RecordingIndex } from './recording-index.js';
import { RecordingsElsewhere } from './recordings-elsewhere.js';
import type { RetentionLimits } from './recording-retention.js';
import { RecordingSweep } from './recording-sweep.js';
import { changedDescription } from './stream-descriptions.js';
import { manifestName, Recorder, type TellOfGap } from './recorder.js';
import { serverName } from './segment-folders.js';
import { settledWithin } from './settled-within.js';

/** One that goes on, and what writes it. */
export interface BegunRecording {
  readonly id: string;
  readonly recorder: Recorder;
  readonly chat: RecordedChat;
}

export interface RecordingsOptions extends RetentionLimits, RecordingFoldersOptions {
  /** Which streams are recorded, and how their recordings are kept. */
  readonly wishes: RecordWishes;
  /** Told of one that is to be removed and can't be, or of which not all of the chat is kept; of none when the archive can't be read. */
  readonly onFailure?: ((id: string | undefined, error: Error) => void) | undefined;
  /** Milliseconds since 1970, `Date.now` but for tests. */
  readonly now?: (() => number) | undefined;
}

/** So many folders are read at a time when the server starts. */
const readAtATime = 16;
const sweepIntervalMs = 60_000;
/** How long the end of the server waits for what the next start would otherwise have to look for. */
const noteTimeoutMs = 1000;
/** How long the end of a recording waits for its chat. */
const chatTimeoutMs = 1500;

/** All that was kept. The manifests on disk are the truth; what is listed at start is what they said when the index was written, is compared with them soon after, and follows what happens since. */
export class Recordings {
  readonly #options: RecordingsOptions;
  /** Where they lie. */
  readonly folders: RecordingFolders;
  readonly #kept = new RecordingCatalogue<KeptRecording>();
  readonly #now: () => number;
  readonly #sweep: RecordingSweep;
  readonly #onRemove = new Set<(id: string) => unknown>();
  readonly #index: RecordingIndex;
  readonly #elsewhere: RecordingsElsewhere | undefined;
  /** Resolves when what was listed at start has been compared with its folders. */
  #compared: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.folders = new RecordingFolders(options);
    this.#index = new RecordingIndex({ folders: this.folders, turns: options.turns });
    this.#now = options.now ?? Date.now;
    const { archive, onFailure, wishes, maxAgeDays, maxBytes } = options;
    this.#sweep = new RecordingSweep({ ...{ kept: this.#kept, wishes, maxAgeDays, maxBytes, now: this.#now }, remove: (id) => this.remove(id), onFailure: (id, error) => onFailure?.(id, error) });
    this.#elsewhere = archive && new RecordingsElsewhere({
      archive,
      isKnown: (id) => this.#kept.get(id) !== undefined,
      over: () => this.#kept.oldestFirst.filter(({ end }) => end).map(({ id }) => id),
      makeFolder: (id) => this.folders.make(id),
      read: (id) => this.read(id),
      forget: (id) => this.#forget(id),
      onFailure: (error) => onFailure?.(undefined, error),
    });
  }

  /** Lists what is there: what the index knows at once, the rest from its folders; what a server that is gone left open is closed. Must be called once, before the first broadcast. */
  async open(): Promise<void> {
    const ids = await this.folders.ids();
    const indexed = await this.#index.open(ids);
    for (const { id, start, description, end } of indexed.values()) this.#add(id, start, textsIn(description), { end: sumsIn(end) });
    const unknown = ids.filter((id) => !indexed.has(id));
    const readers = Array.from({ length: readAtATime }, async () => {
      // A folder without a manifest is none of ours.
      for (let id = unknown.pop(); id !== undefined; id = unknown.pop()) await this.read(id).catch(() => undefined);
    });
    await Promise.all(readers);
    await this.sweep();
    this.#compared = this.#index.compare(indexed.values(), { read: (id) => this.read(id), gone: (id) => this.#kept.remove(id) });
    // What was said here and did not go up comes before what others said.
    void this.#compared.then(() => this.#elsewhere?.start());
    this.#timer = setInterval(() => void Promise.all([this.sweep(), this.#note()]), sweepIntervalMs).unref();
  }

  /** Nothing is removed any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#elsewhere?.close();
    await this.#sweep.settled;
    await settledWithin(this.#note(), noteTimeoutMs);
    await this.#index.close();
  }

  /** Its folder says more. */
  async read(id: string): Promise<void> {
    const before = this.#kept.get(id);
    const found = await this.folders.read(id);
    const { start, description, end } = found;
    if (!start) return;
    if (end?.durationSeconds === 0) return this.folders.remove(id);
    const known = this.#kept.get(id);
    if (before && !known) return; // it was removed meanwhile
    const texts = textsIn(description);
    if (known) Object.assign(known, { description: texts, words: wordsOf(start.stream, texts), end: end && sumsIn(end) });
    else this.#add(id, start, texts, { end: end && sumsIn(end) });
    if (this.#isSettled(id)) this.#index.note(id, found);
  }

  /** Nothing of it waits for the archive. */
  #isSettled(id: string): boolean {
    return this.#options.archive?.isSettled(id) ?? true;
  }

  async #note(): Promise<void> {
    await this.#index.noteAll(this.#kept.oldestFirst.filter(({ id, end }) => end && this.#isSettled(id)).map(({ id }) => id));
  }

  /** Follows what other servers did in the archive. @param all also what they could not tell */
  async follow(all: boolean): Promise<void> {
    await this.#compared;
    await this.#elsewhere?.look({ all });
  }

  /** Somebody else deleted it. */
  async #forget(id: string): Promise<void> {
    this.#kept.remove(id);
    for (const run of this.#onRemove) await run(id);
    await this.folders.forget(id);
  }

  #add(id: string, start: ManifestStart, description: StreamDescription, state: Partial<Pick<KeptRecording, 'end' | 'recorder' | 'chat'>>): void {
    this.#kept.add({ ...listedAs({ id, start, description }), start, description, end: undefined, recorder: undefined, chat: undefined, readAtMs: -Infinity, dueSinceMs: undefined, ...state });
  }

  /**
   * A page of them, newest first.
   * @param mayList whether those of a stream that are private are listed too
   * @param elsewhere what grows at other servers: listed among them
   * @throws {LiveError} malformed
   */
  list(request: ListingRequest = {}, mayList: (stream: string) => boolean = () => true, elsewhere: readonly Recording[] = []): Listing<Recording> {
    const isListed = ({ stream }: { readonly stream: string }): boolean => !this.wishFor(stream).private || mayList(stream);
    const others = elsewhere.filter(({ id }) => !this.#kept.get(id)).map((recording) => ({ ...listedAs(recording), recording }));
    const { found, next } = withOthers(this.#kept.list(request, isListed), others, request, isListed);
    return { found: found.map((each) => ('recording' in each ? each.recording : this.get(each.id))), next };
  }

  /** undefined where there is none, or no longer. */
  find(id: string): Recording | undefined {
    const kept = this.#kept.get(id);
    if (!kept) return undefined;
    const { start, description, end, recorder } = kept;
    const state = !end ? 'recording' : end.interrupted ? 'interrupted' : 'complete';
    return { id, start, description, sums: sumsNow(end, recorder), state, private: this.#options.wishes.of(start.stream).private };
  }

  /** @throws {LiveError} not-found */
  get(id: string): Recording {
    return this.find(id) ?? notFound();
  }

  get count(): number {
    return this.#kept.oldestFirst.length;
  }

  get sums(): SumsOfAll {
    return sumsOfAll(this.#kept.oldestFirst);
  }

  /** Somebody has it played now: it is not removed for its age or its weight while they do. */
  touch(id: string): void {
    this.#require(id).readAtMs = this.#now();
  }

  /** Told of each recording that is removed, before it is; it is waited for. */
  onRemove(run: (id: string) => unknown): void {
    this.#onRemove.add(run);
  }

  /** An init segment or a segment. @throws {LiveError} not-found | unavailable */
  async media(id: string, name: string): Promise<StoredMedia> {
    this.touch(id);
    return this.folders.media(id, name);
  }

  /** Where a viewer finds that media; undefined: here. @throws {LiveError} not-found */
  async addressOf(id: string, name: string): Promise<string | undefined> {
    this.touch(id);
    return this.folders.addressOf(id, name, this.get(id).private);
  }

  manifest(id: string): Promise<Manifest> {
    return this.folders.manifest(id);
  }

  /** What was said beside it, a JSON object a line; undefined when nothing was. @throws {LiveError} not-found */
  async openChat(id: string): Promise<Readable | undefined> {
    this.#require(id);
    return this.folders.openChat(id);
  }

  /** Takes away what somebody said, from the disk too. @throws {LiveError} not-found | unavailable */
  async deleteMessage(id: string, message: number): Promise<void> {
    const kept = this.#require(id);
    kept.chat ??= this.#openChat(id);
    const found = await kept.chat.delete(message).catch((cause: unknown) => {
      throw new LiveError('unavailable', 'the disk does not let go of this message; try again', { cause });
    });
    if (!found) throw new LiveError('not-found', 'there is no such message in the chat of this recording');
  }

  #openChat(id: string): RecordedChat {
    return new RecordedChat({ file: this.folders.chat(id), onFailure: (error) => this.#options.onFailure?.(id, error) });
  }

  /** Whether this stream is to be recorded, and how its recordings are kept. */
  wishFor(stream: string): RecordWish {
    return this.#options.wishes.of(stream);
  }

  /** From the next segment on, and until somebody says otherwise. */
  wish(stream: string, change: Partial<RecordWish>): RecordWish {
    this.#options.wishes.change(stream, change);
    return this.#options.wishes.of(stream);
  }

  /** Begins one. @param onGap see `Recorder` */
  begin(facts: Omit<ManifestStart, 'type' | 'version' | 'server'>, description: StreamDescription, onGap: TellOfGap): BegunRecording {
    const id = recordingId(facts.stream, facts.startedAt, randomBytes(4).toString('hex'));
    const start: ManifestStart = { type: 'start', version: 1, ...facts, server: serverName };
    const recorder = new Recorder({ store: this.folders.store(id), start, description, onGap });
    const chat = this.#openChat(id);
    this.#add(id, start, description, { recorder, chat });
    return { id, recorder, chat };
  }

  /** Nothing more comes to it. */
  async finish(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (!kept?.recorder) return;
    await Promise.all([kept.recorder.end(), settledWithin(kept.chat?.settled() ?? Promise.resolve(), chatTimeoutMs)]);
    kept.end = kept.recorder.sums;
    kept.recorder = undefined;
    await this.sweep();
    void this.#note();
  }

  /** @throws {LiveError} not-found | malformed | unavailable */
  async describe(id: string, change: DescriptionChange): Promise<Recording> {
    const kept = this.#require(id);
    const description = changedDescription(kept.description, change);
    if (kept.recorder) kept.recorder.describe(description);
    else {
      await this.#index.changed(id);
      await this.folders.store(id).append(manifestName, manifestLine({ type: 'description', ...description }));
      void this.#note();
    }
    kept.description = description;
    kept.words = wordsOf(kept.stream, description);
    return this.get(id);
  }

  /** Removes it at once and whole; who reads a part of it reads that to its end. @throws {LiveError} not-found | malformed, while it grows | unavailable */
  async remove(id: string): Promise<void> {
    const kept = this.#require(id);
    if (!kept.end) throw new LiveError('malformed', 'this is being recorded; end the recording or the broadcast first');
    this.#kept.remove(id);
    try {
      for (const run of this.#onRemove) await run(id);
      await this.folders.remove(id, (error) => this.#options.onFailure?.(id, error));
    } catch (cause) {
      this.#kept.add(kept); // all of it is still there
      throw new LiveError('unavailable', 'the disk does not let go of this recording; try again', { cause });
    }
  }

  /** Removes what is too old or too much. */
  sweep(): Promise<void> {
    return this.#sweep.run();
  }

  #require(id: string): KeptRecording {
    return this.#kept.get(id) ?? notFound();
  }
}

function notFound(): never {
  throw new LiveError('not-found', 'there is no such recording, or no longer');
}
