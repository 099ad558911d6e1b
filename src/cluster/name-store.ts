import type { BroadcastProgress } from '../live/broadcast-progress.js';
import type { RedisClient } from './redis-client.js';

/** One process of the cluster, as the others know it. */
export interface ClusterNode {
  /** Of this run of the process. */
  readonly id: string;
  /** How other nodes reach it. No slash at the end. */
  readonly url: string;
}

/** A hold on a name, as it is renewed. */
export interface HeldName {
  readonly stream: string;
  readonly epoch: number;
  /** It is held still; if not, what was shown under it can be watched for a while. */
  readonly isHeld: boolean;
  /** There is something to be watched here. */
  readonly isShown: boolean;
}

/** Where a stream is, for a node that does not have it. */
export interface Whereabouts {
  /** The URL of the other node at which it is watched; it may have died a moment ago. */
  readonly node: string | undefined;
  /** There is a broadcast of that name which runs, or whose publisher is awaited: should its node be gone, another one goes on with it. */
  readonly mayGoOn: boolean;
  /** Nobody can tell: the directory can't be reached, and nothing is remembered. */
  readonly isUnknown?: boolean | undefined;
  /** A node has the name; otherwise what is watched there is over, or waits for its publisher at whichever node. */
  readonly isOwned: boolean;
  /** Of the broadcast that runs, once it was written down: requests for its playlists are held by it. */
  readonly targetDurationSeconds?: number | undefined;
}

/** What is written down of a broadcast, with how long that is kept: nodes have leases of different lengths, and it is as old as what has passed of that. */
interface Note extends BroadcastProgress {
  readonly ttlMs: number;
}

// All keys of a stream have its name for their hash tag, so that a script may use them together in Redis Cluster. None is without a time to live.
const ownerKey = (stream: string): string => `onair:{${stream}}:owner`;
const epochKey = (stream: string): string => `onair:{${stream}}:epoch`;
const homeKey = (stream: string): string => `onair:{${stream}}:home`;
const progressKey = (stream: string): string => `onair:{${stream}}:progress`;
// No stream can be called so.
const nodesKey = 'onair:{~nodes}:index';
const nodeKey = (id: string): string => `onair:{~nodes}:${id}`;

/** Epochs outlive leases by far: whoever comes back after so long is told by the owner's key. */
const epochTtlMs = 86_400_000;

/** Answers the new epoch, or 0 where another node has the name. */
const claim = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local epoch = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return epoch`;

/**
 * Answers 0 when the name is lost. What is not there is written again, since Redis may have come back empty; but not where the
 * epoch tells of an owner in between.
 */
const renew = `
if ARGV[6] == '1' then
  local owner = redis.call('GET', KEYS[1])
  if owner and owner ~= ARGV[1] then return 0 end
  if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[4]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3])
end
if ARGV[7] == '1' then
  local home = redis.call('GET', KEYS[3])
  if ARGV[6] == '1' or not home or home == ARGV[5] then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[2]) end
end
return 1`;

/** Answers where a stream is watched, how far somebody's broadcast is that can be gone on with, and whether the name is anybody's. */
const locate = `return { redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), redis.call('EXISTS', KEYS[3]) }`;

/** Answers what was written down, and in how many milliseconds it ends. */
const readNote = `return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }`;

const note = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return 1`;

const release = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1], KEYS[2]) end
return 1`;

const removeOwn = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** Redis' own clock tells which nodes have said nothing for too long: those of the nodes may differ. */
const announce = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
return redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])`;

const leave = `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])`;

interface Scripts {
  onairClaim(...args: (string | number)[]): Promise<number>;
  onairRenew(...args: (string | number)[]): Promise<number>;
  onairNote(...args: (string | number)[]): Promise<unknown>;
  onairReadNote(key: string): Promise<[string | null, number]>;
  onairLocate(...keys: string[]): Promise<[string | null, string | null, number]>;
  onairRelease(...args: (string | number)[]): Promise<unknown>;
  onairRemoveOwn(...args: (string | number)[]): Promise<number>;
  onairAnnounce(...args: (string | number)[]): Promise<unknown>;
  onairLeave(...args: (string | number)[]): Promise<number>;
}

/** Who has which name, in Redis: leases with epochs, where each stream is watched, and what each node says of itself. Every method rejects when Redis is away. */
export class NameStore {
  readonly #redis: RedisClient & Scripts;
  readonly #node: ClusterNode;
  readonly #ttlMs: number;
  readonly #noteTtlMs: number;
  readonly #home: string;

  /**
   * @param ttlMs how long a name stays with a node that says nothing
   * @param resumeWindowMs how long a broadcast waits for its publisher, at each node alike
   */
  constructor(redis: RedisClient, node: ClusterNode, ttlMs: number, resumeWindowMs: number) {
    const scripts = { onairClaim: [2, claim], onairRenew: [3, renew], onairNote: [2, note], onairReadNote: [1, readNote], onairLocate: [3, locate], onairRelease: [2, release], onairRemoveOwn: [1, removeOwn], onairAnnounce: [2, announce], onairLeave: [2, leave] } as const;
    for (const [name, [numberOfKeys, lua]] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys, lua });
    this.#redis = redis as RedisClient & Scripts;
    this.#node = node;
    this.#ttlMs = ttlMs;
    this.#noteTtlMs = ttlMs + resumeWindowMs;
    this.#home = `${node.id} ${node.url}`;
  }

  /** Takes the name, unless another node has it: its epoch, or undefined. */
  async claim(stream: string): Promise<number | undefined> {
    const epoch = await this.#redis.onairClaim(ownerKey(stream), epochKey(stream), this.#node.id, this.#ttlMs, epochTtlMs);
    return epoch === 0 ? undefined : epoch;
  }

  /** Whether the name is still this node's. */
  async renew({ stream, epoch, isHeld, isShown }: HeldName): Promise<boolean> {
    const keys = [ownerKey(stream), epochKey(stream), homeKey(stream)];
    return (await this.#redis.onairRenew(...keys, this.#node.id, this.#ttlMs, epochTtlMs, epoch, this.#home, isHeld ? 1 : 0, isShown ? 1 : 0)) === 1;
  }

  async release(stream: string): Promise<void> {
    await this.#redis.onairRelease(ownerKey(stream), progressKey(stream), this.#node.id);
  }

  /** As `release`, with what was noted kept for whoever goes on. */
  async handOver(stream: string): Promise<void> {
    await this.#redis.onairRemoveOwn(ownerKey(stream), this.#node.id);
  }

  /** Writes down how far the broadcast of a name is, while it is this node's. */
  async note(stream: string, progress: BroadcastProgress): Promise<void> {
    const note: Note = { ...progress, ttlMs: this.#noteTtlMs };
    await this.#redis.onairNote(ownerKey(stream), progressKey(stream), this.#node.id, JSON.stringify(note), this.#noteTtlMs);
  }

  /** What was written down last, and how long ago. */
  async noted(stream: string): Promise<{ readonly progress: BroadcastProgress; readonly ageMs: number } | undefined> {
    const [text, leftMs] = await this.#redis.onairReadNote(progressKey(stream));
    if (text === null) return undefined;
    const { ttlMs = this.#noteTtlMs, ...progress } = JSON.parse(text) as Partial<Pick<Note, 'ttlMs'>> & BroadcastProgress;
    return { progress, ageMs: Math.max(0, ttlMs - leftMs) };
  }

  /** Nothing is watched here under that name any more. */
  async withdraw(stream: string): Promise<void> {
    await this.#redis.onairRemoveOwn(homeKey(stream), this.#home);
  }

  /** Where the stream is watched, but for this node. */
  async whereabouts(stream: string): Promise<Whereabouts> {
    const [home, noted, owners] = await this.#redis.onairLocate(homeKey(stream), progressKey(stream), ownerKey(stream));
    const url = home?.slice(home.indexOf(' ') + 1);
    // A former run of this very node may be in there still.
    const node = url === this.#node.url ? undefined : url;
    return { node, mayGoOn: noted !== null, isOwned: owners > 0, targetDurationSeconds: noted === null ? undefined : (JSON.parse(noted) as BroadcastProgress).timing.targetDurationSeconds };
  }

  /** Says what there is at this node. */
  async announce(record: string): Promise<void> {
    await this.#redis.onairAnnounce(nodesKey, nodeKey(this.#node.id), this.#node.id, this.#ttlMs, record);
  }

  /** What the other nodes said of themselves. */
  async others(): Promise<string[]> {
    const ids = (await this.#redis.zrange(nodesKey, '0', '-1')).filter((id) => id !== this.#node.id);
    const records = ids.length === 0 ? [] : await this.#redis.mget(ids.map(nodeKey));
    return records.filter((record) => record !== null);
  }

  async leave(): Promise<void> {
    await this.#redis.onairLeave(nodesKey, nodeKey(this.#node.id), this.#node.id);
  }
}
