import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LiveError } from '../protocol/live-error.js';
import { isStreamName } from '../protocol/urls.js';
import { Broadcast } from './broadcast.js';
import { isPublisherOf, type LeftBroadcast } from './broadcast-progress.js';
import type { BroadcastSettings } from './broadcast-options.js';
import type { Directory, Lease } from './directory.js';
import type { Admission, ResumableBroadcast } from './published-broadcast.js';
import { clearSegmentFolders } from './segment-folders.js';
import { Semaphore } from './semaphore.js';
import { settledWithin } from './settled-within.js';
import { alreadyLive, entryOf, type Publisher } from './taking-over.js';

export interface LocalBroadcastsOptions extends BroadcastSettings {
  /** Who has which name. */
  readonly directory: Directory;
  readonly maxStreams: number;
  /** How long a finished broadcast can still be watched. */
  readonly endedRetentionSeconds: number;
  /** What a broadcast needs and this server lacks, in words; undefined when it lacks nothing. */
  readonly missing?: (() => string | undefined) | undefined;
}

/** Half of the threads that Node has for files: a segments folder that hangs leaves the others to everything else. */
const diskTurns = 2;

/** How long the end of all broadcasts is waited for when the server stops: an ffmpeg that does not end is killed after 5 s. */
const abortTimeoutMs = 5500;

/** A disk that does not answer. */
const discardTimeoutMs = 1500;

const leavingWords = 'this server is about to stop and takes no more broadcasts; another one does';
const closingWords = 'the server is shutting down; try again in a minute';

/** The broadcasts that run in this process: begun for publishers who may, ended with the server, kept for a moment after their end. */
export class LocalBroadcasts {
  readonly #options: LocalBroadcastsOptions;
  /** The latest of each name. */
  readonly #current = new Map<string, Broadcast>();
  /** All that can be watched, and what they have their names by. */
  readonly #kept = new Map<Broadcast, Lease>();
  /** Names that are being claimed. */
  readonly #claims = new Map<string, Promise<unknown>>();
  readonly #retentionTimers = new Set<NodeJS.Timeout>();
  readonly #closings = new Set<Promise<void>>();
  readonly #diskTurns = new Semaphore(diskTurns);
  #aborted: Promise<boolean> | undefined;
  #leaving = false;

  constructor(options: LocalBroadcastsOptions) {
    this.#options = options;
  }

  /** Must be called once, before the first broadcast: clears what an earlier run left on disk. */
  async open(): Promise<void> {
    await clearSegmentFolders(this.#options.segmentsDirectory);
  }

  /** Why nobody new should be sent here, though what is here goes on; undefined when anybody may. */
  get leaving(): string | undefined {
    return this.#leaving ? leavingWords : undefined;
  }

  /** Why no broadcast can begin, in words; undefined when one can. */
  get unavailableReason(): string | undefined {
    return this.closing ? closingWords : this.#options.missing?.();
  }

  /**
   * Whether this publisher would be let in now; nothing is begun.
   * @throws {LiveError} as `admit`
   */
  async requireEntry(stream: string, publisher: Publisher): Promise<void> {
    this.#goingOn(stream, publisher, await this.#left(stream, publisher));
  }

  /**
   * The broadcast that this publisher is to feed: the one that it goes on with, or a new one.
   * @param isGone whether the publisher has left meanwhile: nothing begins for it, and nobody is replaced by it
   * @throws {LiveError} malformed (the name), already-live, not-found (no broadcast with that token) or unavailable
   */
  async admit(stream: string, publisher: Publisher, isGone: () => boolean): Promise<Admission> {
    // Of several at the same moment each finds what the one before it has left.
    const left = await this.#left(stream, publisher);
    for (let claim = this.#claims.get(stream); claim; claim = this.#claims.get(stream)) await claim;
    if (isGone()) throw gone();
    const running = this.#goingOn(stream, publisher, left);
    if (running) return { broadcast: running, ingest: running.entrance.entry(publisher.part), isNew: false };
    const beginning = this.#begin(stream, publisher, isGone, left);
    this.#claims.set(stream, beginning.catch(() => undefined));
    const broadcast = await beginning;
    return { broadcast, ingest: broadcast.entrance.entry(publisher.part), isNew: true };
  }

  /** What the publisher of this name may go on with, if its broadcast runs here. */
  resumable(stream: string): ResumableBroadcast | undefined {
    const current = this.#current.get(stream);
    if (!current) return undefined;
    const { id, state, ingest } = current;
    return state === 'ended' ? undefined : { id, state, received: ingest.received, resumeToken: ingest.resumeToken };
  }

  /** How many are sent fragments by this server, of all streams. */
  countViewers(): number {
    return this.list().reduce((sum, { viewers }) => sum + viewers.countHere, 0);
  }

  /** Those that run. */
  list(): Broadcast[] {
    return [...this.#current.values()].filter((broadcast) => broadcast.state !== 'ended');
  }

  get closing(): boolean {
    return this.#aborted !== undefined;
  }

  /**
   * Before a stop where other servers go on: none begins here any more, those of pages move on at once, and those of encoders and programs,
   * which have no token to go on with, are let end by themselves.
   * @param lingerMs how long what was made of those that moved can still be fetched here
   * @param withinMs how long the others are waited for
   */
  async leave({ lingerMs, withinMs }: { readonly lingerMs: number; readonly withinMs: number }): Promise<void> {
    this.#leaving = true;
    await Promise.all([...this.#claims.values()]);
    const leaving = this.list().map((broadcast) => {
      if (broadcast.entrance.ownerKeyId !== undefined) return broadcast.closed;
      // Of one that has not begun there is nothing to go on with.
      return broadcast.state === 'starting' ? broadcast.abort(new LiveError('unavailable', leavingWords)) : this.#moveAway(broadcast, lingerMs);
    });
    await settledWithin(Promise.all(leaving), withinMs);
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
    const left = [...this.#kept.keys()];
    for (const lease of this.#kept.values()) lease.withdraw();
    this.#current.clear();
    this.#kept.clear();
    const lettingGo = [...left.map((broadcast) => broadcast.discard()), ...this.#closings, this.#options.descriptions.close()];
    await settledWithin(Promise.all(lettingGo), Math.min(timeoutMs, discardTimeoutMs));
  }

  /** The broadcast that this publisher goes on with; undefined: a new one may begin. @throws {LiveError} */
  #goingOn(stream: string, publisher: Publisher, left: LeftBroadcast | undefined): Broadcast | undefined {
    const running = this.#running(stream);
    const entry = left && !running ? 'begins' : entryOf(publisher, running?.entrance);
    if (entry === 'goes-on') return running;
    if (this.#leaving) throw new LiveError('unavailable', leavingWords);
    if (entry === 'over') throw new LiveError('not-found', 'the broadcast to be resumed is over; start a new one');
    const reason = this.unavailableReason;
    if (reason !== undefined) throw new LiveError('unavailable', reason);
    if (!isStreamName(stream)) throw new LiveError('malformed', 'expected a stream name of 1 to 64 letters, digits, "-" or "_"');
    if (entry === 'already-live') throw alreadyLive(stream);
    const { maxStreams } = this.#options;
    if (this.list().length + this.#claims.size - (running ? 1 : 0) >= maxStreams) throw new LiveError('unavailable', `no room: ${maxStreams} streams are live already; try again later`);
    return undefined;
  }

  /** What a server that died left of this publisher's broadcast; it has no token, and no key in its place, to show for anybody else's. */
  async #left(stream: string, publisher: Publisher): Promise<LeftBroadcast | undefined> {
    const { resumeToken, seemsGoneAfterMs } = publisher;
    if ((resumeToken ?? seemsGoneAfterMs) === undefined || this.#running(stream) || !isStreamName(stream)) return undefined;
    const progress = await this.#options.directory.progressOf(stream);
    return progress && isPublisherOf(progress, publisher) ? progress : undefined;
  }

  async #begin(stream: string, publisher: Publisher, isGone: () => boolean, left: LeftBroadcast | undefined): Promise<Broadcast> {
    try {
      await this.#running(stream)?.giveUp();
      const lease = await this.#options.directory.claim(stream).catch((error: unknown) => {
        // Its server may only seem to have died: in a moment it is known.
        throw left && publisher.resumeToken !== undefined && error instanceof LiveError && error.code === 'already-live' ? new LiveError('unavailable', 'another server still has this broadcast; try again in a moment') : error;
      });
      // Meanwhile the publisher may have left, and the server may have been told to stop.
      const refusal = this.closing ? new LiveError('unavailable', closingWords) : isGone() ? gone() : undefined;
      if (!refusal) return await this.#open(stream, publisher, lease, left);
      await lease.release();
      throw refusal;
    } finally {
      this.#claims.delete(stream);
    }
  }

  async #open(stream: string, { keyId, seemsGoneAfterMs, resumeToken }: Publisher, lease: Lease, left: LeftBroadcast | undefined): Promise<Broadcast> {
    const owner = seemsGoneAfterMs === undefined ? undefined : { keyId, seemsGoneAfterMs };
    if (left) await this.#forgetEarlier(left.broadcast);
    const after = left && { ...left, resumeToken };
    const onWaitedInVain = (): void => (lease.mayBeLost ? this.#track(this.#yield(broadcast, lease, maybeTakenOver(stream))) : broadcast.ingest.end());
    const broadcast: Broadcast = new Broadcast({ ...this.#options, stream, id: left?.broadcast ?? randomUUID(), after, lease, owner, onWaitedInVain, diskTurns: this.#diskTurns });
    this.#current.set(stream, broadcast);
    this.#kept.set(broadcast, lease);
    lease.show(broadcast);
    void lease.lost?.then(() => this.#track(this.#yield(broadcast, lease, takenOver(stream))));
    this.#track(this.#retire(broadcast, lease));
    return broadcast;
  }

  /** It was here before, and another server had it meanwhile: what was kept of it has the same addresses, and the same folder. */
  async #forgetEarlier(id: string): Promise<void> {
    for (const [broadcast, lease] of this.#kept) {
      if (broadcast.id !== id) continue;
      lease.withdraw();
      this.#kept.delete(broadcast);
      await broadcast.discard();
    }
  }

  async #moveAway(broadcast: Broadcast, lingerMs: number): Promise<void> {
    if (!(await broadcast.moveAway())) return;
    await delay(lingerMs);
    this.#kept.get(broadcast)?.withdraw();
    this.#kept.delete(broadcast);
    if (this.#current.get(broadcast.stream) === broadcast) this.#current.delete(broadcast.stream);
    broadcast.viewers.moveAway();
    await broadcast.discard();
  }

  /** Another server has the name, or may have it: whatever is asked of it is asked there from now on, and nothing here says that it is over. */
  async #yield(broadcast: Broadcast, lease: Lease, reason: LiveError): Promise<void> {
    const { stream } = broadcast;
    lease.withdraw();
    this.#kept.delete(broadcast);
    if (this.#current.get(stream) === broadcast) this.#current.delete(stream);
    await broadcast.yield(reason);
    await broadcast.discard();
  }

  async #abortAll(timeoutMs: number): Promise<boolean> {
    const reason = new LiveError('unavailable', closingWords);
    const running = this.list();
    const inTime = await settledWithin(Promise.all(running.map((broadcast) => broadcast.abort(reason))), Math.min(timeoutMs, abortTimeoutMs));
    if (!inTime) this.#options.log.warn({ streams: this.list().map(({ stream }) => stream) }, 'broadcasts did not end in time');
    return running.length > 0;
  }

  /** Lets a finished broadcast be watched for a while, then forgets it. */
  async #retire(broadcast: Broadcast, lease: Lease): Promise<void> {
    await broadcast.closed;
    if (this.closing) return;
    const timer = setTimeout(() => {
      this.#retentionTimers.delete(timer);
      if (!this.#kept.has(broadcast)) return;
      lease.withdraw();
      this.#kept.delete(broadcast);
      if (this.#current.get(broadcast.stream) === broadcast) this.#current.delete(broadcast.stream);
      this.#track(broadcast.discard());
    }, this.#options.endedRetentionSeconds * 1000);
    this.#retentionTimers.add(timer);
  }

  #running(stream: string): Broadcast | undefined {
    const current = this.#current.get(stream);
    return current && current.state !== 'ended' ? current : undefined;
  }

  #track(closing: Promise<void>): void {
    this.#closings.add(closing);
    void closing.then(() => this.#closings.delete(closing));
  }
}

function takenOver(stream: string): LiveError {
  return new LiveError('taken-over', `another server has taken "${stream}" over, since this one was out of reach for too long; the broadcast goes on there`);
}

function maybeTakenOver(stream: string): LiveError {
  return new LiveError('taken-over', `the publisher of "${stream}" did not come back to this server, which is out of reach of the directory: the broadcast may go on at another one`);
}

function gone(): LiveError {
  return new LiveError('unavailable', 'the publisher has gone');
}
