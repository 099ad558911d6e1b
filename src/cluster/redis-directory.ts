import type { LeftBroadcast } from '../live/broadcast-progress.js';
import type { LiveLog } from '../live/broadcast-options.js';
import type { Directory, Lease, Listed } from '../live/directory.js';
import { MemoryDirectory } from '../live/memory-directory.js';
import { alreadyLive } from '../live/taking-over.js';
import type { Recording } from '../live/recording.js';
import type { Watchable } from '../live/watchable.js';
import { LiveError } from '../protocol/live-error.js';
import { growingFrom, listedFrom, recordOf } from './node-record.js';
import type { HeldName, NameStore } from './name-store.js';

export interface RedisDirectoryOptions {
  readonly names: NameStore;
  /** How long a name stays with a node that says nothing. */
  readonly ttlMs: number;
  readonly log: LiveLog;
  /** A recording of this node, by its id. */
  readonly recordingOf?: ((id: string) => Recording | undefined) | undefined;
}

/** One may have been open, and one not be written down yet, when its node died. */
const openSegments = 2;
/** Hardly any is shorter. */
const shortestSegmentMs = 1000;

interface Held extends HeldName {
  /** When it was last known to hold: before it was asked, monotonic. */
  knownAtMs: number;
  isHeld: boolean;
  isShown: boolean;
  /** Nothing of it is here any more, though its lease may not have been let go of yet. */
  isWithdrawn: boolean;
  readonly lose: () => void;
}

/**
 * The names of all nodes. What this node holds is in its own memory, and in Redis for the others: when Redis is away, what runs goes on,
 * and no new name is taken; when it comes back, all that is held is written again.
 */
export class RedisDirectory implements Directory {
  readonly #names: NameStore;
  readonly #log: LiveLog;
  readonly #ttlMs: number;
  readonly #recordingOf: (id: string) => Recording | undefined;
  /** What there is at this node. */
  readonly #here = new MemoryDirectory();
  readonly #held = new Set<Held>();
  readonly #timer: NodeJS.Timeout;
  #telling: Promise<void> | undefined;
  #again = false;
  #reachable = true;

  constructor({ names, ttlMs, log, recordingOf = () => undefined }: RedisDirectoryOptions) {
    this.#recordingOf = recordingOf;
    this.#names = names;
    this.#log = log;
    this.#ttlMs = ttlMs;
    this.#timer = setInterval(() => this.#tell(), ttlMs / 3);
  }

  /** Whether Redis answered when it was last asked. */
  get reachable(): boolean {
    return this.#reachable;
  }

  /** Renews what is held and says what there is here; resolves when it has been tried. */
  async tell(): Promise<void> {
    this.#tell();
    await this.#telling;
  }

  async claim(stream: string): Promise<Lease> {
    const here = await this.#here.claim(stream);
    const askedAtMs = performance.now();
    try {
      const epoch = await this.#answered(this.#names.claim(stream));
      if (epoch === undefined) throw alreadyLive(stream);
      return this.#lease(stream, epoch, here, askedAtMs);
    } catch (error) {
      await here.release();
      if (error instanceof LiveError) throw error;
      throw new LiveError('unavailable', 'the directory of the cluster can not be reached, so nobody knows whether this name is free; try again in a moment', { cause: error });
    }
  }

  /**
   * A little further than what was written down: of the segments that its node closed since then nobody knows, and their numbers must
   * not be used again.
   */
  async progressOf(stream: string): Promise<LeftBroadcast | undefined> {
    const noted = await this.#answered(this.#names.noted(stream)).catch((cause: unknown) => {
      throw new LiveError('unavailable', 'the directory of the cluster can not be reached, so nobody knows of this broadcast; try again in a moment', { cause });
    });
    if (!noted) return undefined;
    const { progress, ageMs } = noted;
    const unknown = openSegments + Math.ceil(ageMs / shortestSegmentMs);
    const joined = progress.joined && { ...progress.joined, skipped: progress.joined.skipped + unknown, lost: unknown };
    return { ...progress, mediaSequence: progress.mediaSequence + unknown, joined, inits: progress.inits + unknown, agoSeconds: ageMs / 1000 };
  }

  async locate(stream: string, broadcast?: string): Promise<Watchable | undefined> {
    return this.#here.locate(stream, broadcast);
  }

  /** What runs here, and what the other nodes last said of theirs. */
  async list(): Promise<Listed[]> {
    const others = await this.#others();
    const here = await this.#here.list();
    const names = new Set(here.map(({ stream }) => stream));
    return [...here, ...others.flatMap(listedFrom).filter(({ stream }) => !names.has(stream))];
  }

  /** What the other nodes record just now, as they last said. Lists of recordings do not wait for a Redis that is away. */
  async growing(): Promise<Recording[]> {
    return this.#reachable ? (await this.#others()).flatMap(growingFrom) : [];
  }

  async #others(): Promise<string[]> {
    return this.#answered(this.#names.others()).catch(() => []);
  }

  /** Whether this node has the name, and answers for it. */
  holds(stream: string): boolean {
    return [...this.#held].some((held) => held.isHeld && !held.isWithdrawn && held.stream === stream);
  }

  /** Says that nothing is here any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
    await this.#names.leave().catch(() => undefined);
  }

  #lease(stream: string, epoch: number, here: Lease, knownAtMs: number): Lease {
    let lose!: () => void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const held: Held = { stream, epoch, isHeld: true, isShown: false, isWithdrawn: false, knownAtMs, lose };
    const ttlMs = this.#ttlMs;
    this.#held.add(held);
    const letGo = async (tell: () => Promise<void>): Promise<void> => {
      await here.release();
      if (!held.isHeld) return;
      held.isHeld = false;
      if (!held.isShown) this.#held.delete(held);
      await this.#answered(tell()).catch(() => undefined); // its time ends by itself
    };
    return {
      epoch,
      lost,
      get mayBeLost() {
        return performance.now() - held.knownAtMs > ttlMs;
      },
      show: (broadcast) => {
        here.show(broadcast);
        held.isShown = true;
        this.#tell();
      },
      note: (progress) => void this.#answered(this.#names.note(stream, progress)).catch(() => undefined),
      release: () => letGo(() => this.#names.release(stream)),
      handOver: () => letGo(() => this.#names.handOver(stream)),
      withdraw: () => {
        here.withdraw();
        held.isShown = false;
        held.isWithdrawn = true;
        if (!held.isHeld) this.#held.delete(held);
        const isShownStill = [...this.#held].some((other) => other.isShown && other.stream === stream);
        if (!isShownStill) void this.#answered(this.#names.withdraw(stream)).catch(() => undefined);
      },
    };
  }

  /** One at a time; what changed meanwhile is told by one more. */
  #tell(): void {
    this.#again = this.#telling !== undefined;
    this.#telling ??= this.#renewAll().finally(() => {
      this.#telling = undefined;
      if (this.#again) this.#tell();
    });
  }

  async #renewAll(): Promise<void> {
    try {
      await Promise.all([...this.#held].map((held) => this.#renew(held)));
      await this.#answered(this.#names.announce(recordOf(await this.#here.list(), this.#recordingOf)));
    } catch {
      // It is told once, by `#answered`, and tried again.
    }
  }

  async #renew(held: Held): Promise<void> {
    const askedAtMs = performance.now();
    if (await this.#answered(this.#names.renew(held))) {
      held.knownAtMs = askedAtMs;
      return;
    }
    if (!held.isHeld) return;
    held.isHeld = false;
    this.#log.warn({ stream: held.stream, epoch: held.epoch }, 'another node has taken the name over');
    held.lose();
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      if (!this.#reachable) this.#log.info({}, 'the directory of the cluster is back');
      this.#reachable = true;
      return value;
    } catch (err) {
      if (this.#reachable) this.#log.warn({ err }, 'the directory of the cluster can not be reached: what runs goes on, nothing new begins');
      this.#reachable = false;
      throw err;
    }
  }
}
