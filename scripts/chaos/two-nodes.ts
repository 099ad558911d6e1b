import { readFile } from 'node:fs/promises';

import { makeCertificates } from '../../test/http/certificates.js';
import { haproxyFront } from '../../test/deploy/cluster-front.js';
import { startOnair, type DeployedOnair } from '../../test/deploy/deployed-onair.js';
import { freePort } from '../../test/helpers/free-port.js';
import { childrenOf, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { startRedis, type TestRedis } from '../../test/helpers/redis.js';

/** Two nodes behind the HAProxy and the Varnish of `deploy/`, with their Redis. */
export class TwoNodes {
  readonly redis: TestRedis;
  /** By HTTPS, as people come. */
  readonly secureBase: string;
  /** The same proxy without TLS, for programs that take no certificate of a test. */
  readonly base: string;
  readonly key: string;
  readonly #t: Teardown;
  readonly #nodes = new Map<string, DeployedOnair>();
  readonly #settings: Readonly<Record<string, string>>;

  private constructor(t: Teardown, redis: TestRedis, nodes: readonly DeployedOnair[], settings: Readonly<Record<string, string>>, bases: { readonly secureBase: string; readonly base: string }) {
    this.#t = t;
    this.redis = redis;
    this.#settings = settings;
    this.secureBase = bases.secureBase;
    this.base = bases.base;
    this.key = nodes[0]?.key ?? '';
    for (const node of nodes) this.#nodes.set(node.origin, node);
  }

  static async start(t: Teardown, wanted: Readonly<Record<string, string>>): Promise<TwoNodes> {
    const redis = await startRedis(t);
    const settings = { CLUSTER_URL: redis.url, CLUSTER_SECRET: 'a-secret-of-all-nodes', ...wanted };
    const [one, two] = [await freePort(), await freePort()];
    const nodes = await Promise.all([one, two].map((port) => startNode(t, port, settings)));
    const plainPort = await freePort();
    const secureBase = await haproxyFront.start(t, { ports: [one, two], plainPort, ...makeCertificates(t) });
    return new TwoNodes(t, redis, nodes, settings, { secureBase, base: `http://127.0.0.1:${String(plainPort)}` });
  }

  /** The node that has the stream, as Redis knows it. */
  async owner(stream: string): Promise<DeployedOnair> {
    return waitUntil('an owner', async () => {
      const [owner, home] = await this.redis.client.mget(`onair:{${stream}}:owner`, `onair:{${stream}}:home`);
      const [id, origin = ''] = home?.split(' ') ?? [];
      return owner === id ? this.#nodes.get(origin) : undefined;
    });
  }

  /** The node that the proxy asks for what is of this stream: the one whose log has it. */
  async askedBy(stream: string): Promise<DeployedOnair> {
    const path = `/api/streams/${stream}`;
    return waitUntil('a line in a log', async () => {
      await (await fetch(`${this.base}${path}`)).arrayBuffer();
      return [...this.#nodes.values()].find(({ requests }) => requests.some(({ url }) => url === path));
    });
  }

  other({ origin }: DeployedOnair): DeployedOnair {
    const found = [...this.#nodes.values()].find((node) => node.origin !== origin);
    if (!found) throw new Error('expected two nodes');
    return found;
  }

  /** @returns its ffmpegs, which nobody ends any more */
  async kill(node: DeployedOnair): Promise<number[]> {
    const encoders = await childrenOf(node.pid, 'ffmpeg');
    await node.kill();
    return encoders;
  }

  /** Again, at the same address. */
  async restart({ origin, port }: DeployedOnair): Promise<void> {
    this.#nodes.set(origin, await startNode(this.#t, port, this.#settings));
  }

  /** What is wrong with the keys in Redis, in words. */
  async unclean(stream: string): Promise<string[]> {
    const { client } = this.redis;
    const keys = (await client.keys('*')).sort();
    const faults: string[] = [];
    for (const key of keys) if ((await client.pttl(key)) === -1) faults.push(`${key} has no end`);
    const ofStream = keys.filter((key) => key.startsWith(`onair:{${stream}}:`)).length;
    if (ofStream !== 4) faults.push(`expected four keys of the stream, got ${keys.join()}`);
    const nodes = keys.filter((key) => key.startsWith('onair:{~nodes}:')).length - 1;
    if (nodes > this.#nodes.size) faults.push(`expected ${this.#nodes.size} nodes, got ${nodes}`);
    return faults;
  }
}

function startNode(t: Teardown, port: number, settings: Readonly<Record<string, string>>): Promise<DeployedOnair> {
  return startOnair(t, { PORT: String(port), NODE_URL: `http://127.0.0.1:${String(port)}`, ...settings });
}

/** Those of these processes that run still. */
export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  const states = await Promise.all(pids.map((pid) => readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '')));
  return pids.filter((_pid, index) => /^\d+ \(ffmpeg\) [^Z]/.test(states[index] ?? ''));
}
