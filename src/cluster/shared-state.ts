import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SharedValues } from '../storage/shared-values.js';
import type { RedisClient } from './redis-client.js';

export interface SharedStateOptions {
  readonly redis: RedisClient;
  /** What nodes prove themselves to each other with: nothing is believed that Redis says without it. */
  readonly secret: string;
  /** How long another node may not know of a change. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds since 1970, `Date.now` but for tests: the clocks of nodes agree within a minute. */
  readonly now?: (() => number) | undefined;
}

/** As it stands in Redis, behind the name: `MS MAC` of what is gone, `MS MAC TEXT` of what is there. */
interface Said {
  /** When it was said; 0: before this node was one of several. */
  readonly atMs: number;
  readonly text: string | undefined;
}

// No stream can be called so.
const valuesKey = 'onair:{~shared}:values';
const versionKey = 'onair:{~shared}:version';
/** Each node has everything on its disk: Redis may forget, and is told again. */
const ttlMs = 86_400_000;
/** That something is gone is said for so long: a node that was away for longer brings it back. */
const goneForMs = 30 * 86_400_000;
const mostInOneGo = 500;
/** Beyond it what was said longest ago is forgotten here. */
const mostNames = 50_000;

/** Writes what is newer than what is there. */
const say = `
for index = 2, #ARGV, 3 do
  local there = redis.call('HGET', KEYS[1], ARGV[index])
  local atMs = there and tonumber(string.match(there, '^%d+')) or -1
  if tonumber(ARGV[index + 1]) > atMs then redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 2]) end
end
redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1`;

type Scripts = { onairSay(...args: (string | number)[]): Promise<number> };
type OnTold = (name: string, text: string | undefined) => void;

/** What all nodes have in common beside streams: in Redis for whoever does not know it yet, and in the memory and on the disk of each. */
export class SharedState {
  readonly #redis: RedisClient & Scripts;
  readonly #secret: string;
  readonly #now: () => number;
  readonly #said = new Map<string, Said>();
  readonly #untold = new Set<string>();
  readonly #followers = new Map<string, OnTold>();
  readonly #timer: NodeJS.Timeout;
  #version: string | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor({ redis, secret, intervalMs = 1000, now = Date.now }: SharedStateOptions) {
    redis.defineCommand('onairSay', { numberOfKeys: 2, lua: say });
    this.#redis = redis as RedisClient & Scripts;
    this.#secret = secret;
    this.#now = now;
    this.#timer = setInterval(() => void this.exchange(), intervalMs).unref();
  }

  /** @param kind what they are: lower-case letters */
  values(kind: string): SharedValues {
    return {
      follow: (own, onTold) => {
        this.#followers.set(kind, onTold);
        for (const [name, text] of own) this.#note(`${kind}:${name}`, { atMs: 0, text });
        this.#version = null; // what is there already is told to this one, too
      },
      tell: (name, text) => {
        const field = `${kind}:${name}`;
        this.#note(field, { atMs: Math.max(this.#now(), (this.#said.get(field)?.atMs ?? 0) + 1), text });
        void this.exchange();
      },
    };
  }

  /** Takes what others said and says what they do not know. Resolves when it was tried. */
  exchange(): Promise<void> {
    // Redis is away: the directory tells it, and the next time is soon.
    this.#working = this.#working.then(() => this.#exchange()).catch(() => undefined);
    return this.#working;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  #note(field: string, said: Said): void {
    this.#said.delete(field);
    this.#said.set(field, said);
    this.#untold.add(field);
    const [oldest] = this.#said.keys();
    if (this.#said.size > mostNames && oldest !== undefined) this.#said.delete(oldest);
  }

  async #exchange(): Promise<void> {
    const version = await this.#redis.get(versionKey);
    if (version === null) for (const field of this.#said.keys()) this.#untold.add(field);
    if (version === null || version !== this.#version) await this.#take();
    this.#version = version;
    while (this.#untold.size > 0) await this.#tell([...this.#untold].slice(0, mostInOneGo));
  }

  async #take(): Promise<void> {
    for (const [field, came] of Object.entries(await this.#redis.hgetall(valuesKey))) {
      const said = this.#read(field, came);
      if (!said) continue;
      if (said.text === undefined && this.#now() - said.atMs > goneForMs) {
        this.#said.delete(field);
        await this.#redis.hdel(valuesKey, field);
        continue;
      }
      const own = this.#said.get(field);
      if (own && (own.atMs > said.atMs || (own.atMs === said.atMs && own.text === said.text))) continue;
      this.#said.set(field, said);
      this.#untold.delete(field);
      if (own?.text === said.text) continue;
      const [kind, name] = splitOnce(field);
      this.#followers.get(kind)?.(name, said.text);
    }
  }

  async #tell(fields: readonly string[]): Promise<void> {
    const told = fields.map((field) => [field, this.#said.get(field)] as const);
    const args = told.flatMap(([field, said]) => (said ? [field, said.atMs, this.#write(field, said)] : []));
    await this.#redis.onairSay(valuesKey, versionKey, ttlMs, ...args);
    // What was said anew meanwhile is told with the next ones.
    for (const [field, said] of told) if (this.#said.get(field) === said) this.#untold.delete(field);
  }

  #write(field: string, { atMs, text }: Said): string {
    return `${atMs} ${this.#mac(field, atMs, text)}${text === undefined ? '' : ` ${text}`}`;
  }

  #read(field: string, came: string): Said | undefined {
    const [, at, mac, text] = /^(\d{1,15}) ([0-9a-f]{64})(?: (.*))?$/s.exec(came) ?? [];
    if (at === undefined || mac === undefined) return undefined;
    const isTheirs = timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(this.#mac(field, Number(at), text), 'hex'));
    return isTheirs ? { atMs: Number(at), text } : undefined;
  }

  #mac(field: string, atMs: number, text: string | undefined): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(['shared', field, atMs, text ?? null])).digest('hex');
  }
}

function splitOnce(field: string): [string, string] {
  const end = field.indexOf(':');
  return [field.slice(0, end), field.slice(end + 1)];
}
