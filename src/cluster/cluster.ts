import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { LiveLog } from '../live/broadcast-options.js';
import type { Directory } from '../live/directory.js';
import { forwardElsewhere } from './forwarding.js';
import { Homes } from './homes.js';
import { NameStore } from './name-store.js';
import { NodeProof } from './node-proof.js';
import { openRedis } from './redis-client.js';
import { RedisDirectory } from './redis-directory.js';

export interface ClusterSettings {
  /** Of Redis: see `openRedis`. */
  readonly url: string;
  /** What nodes prove themselves to each other with. */
  readonly secret: string;
  /** How other nodes reach this one. */
  readonly nodeUrl: string;
  /** How long a name stays with a node that says nothing. */
  readonly leaseMs: number;
  /** How long a broadcast waits for its publisher. */
  readonly resumeWindowMs: number;
}

/** What makes one of several servers of this one. */
export interface Cluster {
  readonly directory: Directory;
  /** Why no new clients should be sent here, in words; undefined when they may. */
  readonly trouble: string | undefined;
  /** Has what is at another node answered there, in hooks of `app`. */
  forward(app: FastifyInstance): Promise<void>;
  close(): Promise<void>;
}

/** Joins the cluster. A Redis that can't be reached now is tried again for as long as this runs. */
export async function openCluster({ url, secret, nodeUrl, leaseMs, resumeWindowMs }: ClusterSettings, log: LiveLog): Promise<Cluster> {
  const redis = openRedis(url);
  redis.on('error', () => undefined); // commands fail then, and the directory tells it
  const names = new NameStore(redis, { id: randomUUID(), url: nodeUrl }, leaseMs, resumeWindowMs);
  const directory = new RedisDirectory({ names, ttlMs: leaseMs, log });
  await redis.connect().catch(() => undefined);
  redis.on('ready', () => void directory.tell());
  await directory.tell();
  const homes = new Homes((stream) => names.whereabouts(stream));
  return {
    directory,
    get trouble() {
      return directory.reachable ? undefined : 'the directory of the cluster can not be reached';
    },
    forward: (app) => forwardElsewhere(app, { directory, homes, proof: new NodeProof(secret) }),
    close: async () => {
      await directory.close();
      redis.disconnect();
    },
  };
}
