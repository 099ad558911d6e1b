import { randomUUID } from 'node:crypto';
import { isStreamName } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import { Broadcast } from './broadcast.js';
import type { BroadcastSettings } from './broadcast-options.js';
import type { StreamDescriptions } from './stream-descriptions.js';
import { clearSegmentFolders } from './segment-folders.js';
import { settledWithin } from './settled-within.js';
import { Semaphore } from './semaphore.js';

export interface LiveRegistryOptions extends BroadcastSettings {
  readonly maxStreams: number;
  /** How long a finished broadcast can still be watched. */
  readonly endedRetentionSeconds: number;
}

/** Half of the threads that Node has for files: a segments folder that hangs leaves the others to everything else. */
const diskTurns = 2;

/** How long the end of all broadcasts is waited for when the server stops: an ffmpeg that does not end is killed after 5 s. */
const abortTimeoutMs = 5500;

/** A disk that does not answer. */
const discardTimeoutMs = 1500;

/** Every live stream of the server, by name; and those that ended a moment ago. */
export class LiveRegistry {
  readonly #options: LiveRegistryOptions;
  /** The broadcast that a name stands for now: the running one, or the last one while it can be watched. */
  readonly #current = new Map<string, Broadcast>();
  /** All that can be watched, by broadcast id. */
  readonly #broadcasts = new Map<string, Broadcast>();
  readonly #retentionTimers = new Set<NodeJS.Timeout>();
  readonly #closings = new Set<Promise<void>>();
  readonly #diskTurns = new Semaphore(diskTurns);
  #aborted: Promise<boolean> | undefined;

  constructor(options: LiveRegistryOptions) {
    this.#options = options;
  }

  /** What streams are about, live or not. */
  get descriptions(): StreamDescriptions {
    return this.#options.descriptions;
  }

  /** Must be called once, before the first broadcast: clears what an earlier run left on disk. */
  async open(): Promise<void> {
    await clearSegmentFolders(this.#options.segmentsDirectory);
  }

  /**
   * Whether a broadcast of this name could begin now.
   * @throws {LiveError} malformed (the name), already-live or unavailable
   */
  requireRoom(stream: string): void {
    if (!isStreamName(stream)) {
      throw new LiveError('malformed', 'expected a stream name of 1 to 64 letters, digits, "-" or "_"');
    }
    if (this.closing) throw new LiveError('unavailable', 'the server is shutting down; try again in a minute');
    const running = this.#running(stream);
    if (running && !running.ingest.abandoned) throw new LiveError('already-live', `"${stream}" is live already, from elsewhere; choose another name or end it first`);
    const { maxStreams } = this.#options;
    if (this.list().length - (running ? 1 : 0) >= maxStreams) {
      throw new LiveError('unavailable', `no room: ${maxStreams} streams are live already; try again later`);
    }
  }

  /**
   * Begins a broadcast.
   * @param publisherId names a publisher that can't keep a resume token: it may go on with `takeOver`
   * @throws {LiveError} as `requireRoom`
   */
  publish(stream: string, publisherId?: string): Broadcast {
    this.requireRoom(stream);
    void this.#running(stream)?.end();
    const broadcast = new Broadcast({ ...this.#options, stream, id: randomUUID(), publisherId, diskTurns: this.#diskTurns });
    this.#current.set(stream, broadcast);
    this.#broadcasts.set(broadcast.id, broadcast);
    this.#track(this.#retire(broadcast));
    return broadcast;
  }

  /**
   * The broadcast that a lost connection left behind.
   * @throws {LiveError} not-found when there is none with this token
   */
  resume(stream: string, token: string): Broadcast {
    const running = this.#running(stream);
    if (running?.ingest.acceptsToken(token)) return running;
    throw new LiveError('not-found', 'the broadcast to be resumed is over; start a new one');
  }

  /** The broadcast that a lost or silent connection of the same publisher left behind, if there is one. */
  takeOver(stream: string, publisherId: string): Broadcast | undefined {
    const running = this.#running(stream);
    return running?.ingest.mayBeTakenOverBy(publisherId) ? running : undefined;
  }

  /** The running broadcast of a name, or the last one while it can still be watched. */
  get(stream: string): Broadcast | undefined {
    return this.#current.get(stream);
  }

  /** One broadcast by its id, running or just ended. */
  broadcast(stream: string, broadcast: string): Broadcast | undefined {
    const found = this.#broadcasts.get(broadcast);
    return found?.stream === stream ? found : undefined;
  }

  /** Those that run. */
  list(): Broadcast[] {
    return [...this.#current.values()].filter((broadcast) => broadcast.state !== 'ended');
  }

  get closing(): boolean {
    return this.#aborted !== undefined;
  }

  /**
   * Breaks every broadcast off and tells their publishers; none begins any more. Idempotent. Resolves when they are over, or when it makes
   * no sense to wait longer: whether there were any.
   */
  abortAll(timeoutMs = abortTimeoutMs): Promise<boolean> {
    return (this.#aborted ??= this.#abortAll(timeoutMs));
  }

  /** Ends every broadcast, tells their publishers, and removes all files; what does not answer in time is not waited for. Idempotent. */
  async close(timeoutMs = discardTimeoutMs): Promise<void> {
    await this.abortAll();
    for (const timer of this.#retentionTimers) clearTimeout(timer);
    const left = [...this.#broadcasts.values()];
    this.#current.clear();
    this.#broadcasts.clear();
    const lettingGo = [...left.map((broadcast) => broadcast.discard()), ...this.#closings, this.descriptions.close()];
    await settledWithin(Promise.all(lettingGo), Math.min(timeoutMs, discardTimeoutMs));
  }

  async #abortAll(timeoutMs: number): Promise<boolean> {
    const reason = new LiveError('unavailable', 'the server is shutting down; try again in a minute');
    const running = this.list();
    const inTime = await settledWithin(Promise.all(running.map((broadcast) => broadcast.abort(reason))), Math.min(timeoutMs, abortTimeoutMs));
    if (!inTime) this.#options.log.warn({ streams: this.list().map(({ stream }) => stream) }, 'broadcasts did not end in time');
    return running.length > 0;
  }

  #running(stream: string): Broadcast | undefined {
    const current = this.#current.get(stream);
    return current && current.state !== 'ended' ? current : undefined;
  }

  /** Lets a finished broadcast be watched for a while, then forgets it. */
  async #retire(broadcast: Broadcast): Promise<void> {
    await broadcast.closed;
    if (this.closing) return;
    const timer = setTimeout(() => {
      this.#retentionTimers.delete(timer);
      this.#broadcasts.delete(broadcast.id);
      if (this.#current.get(broadcast.stream) === broadcast) this.#current.delete(broadcast.stream);
      this.#track(broadcast.discard());
    }, this.#options.endedRetentionSeconds * 1000);
    this.#retentionTimers.add(timer);
  }

  #track(closing: Promise<void>): void {
    this.#closings.add(closing);
    void closing.then(() => this.#closings.delete(closing));
  }
}
