import { createHmac, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { LiveLog } from '../live/broadcast-options.js';
import type { Directory } from '../live/directory.js';
import type { Recording } from '../live/recording.js';
import type { SharedValues } from '../storage/shared-values.js';
import { feedRoute } from './feed-route.js';
import { forwardElsewhere, type ForwardingOptions } from './forwarding.js';
import { Homes } from './homes.js';
import { NameStore } from './name-store.js';
import { NodeProof } from './node-proof.js';
import { openRedis } from './redis-client.js';
import { RedisDirectory, type RedisDirectoryOptions } from './redis-directory.js';
import { Relays, type RelayedViewing } from './relays.js';
import { SharedState } from './shared-state.js';
import { upstreamsBy } from './upstream.js';

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
  /** All that decides who may watch: another node that lets viewers in by itself must have the same. */
  readonly viewRules: readonly (string | undefined)[];
}

/** What makes one of several servers of this one. */
export interface Cluster {
  readonly directory: Directory;
  /** What other nodes record just now: whoever shares their archive has it when it is over. */
  growing(): Promise<readonly Recording[]>;
  /** Why no new clients should be sent here, in words; undefined when they may. */
  readonly trouble: string | undefined;
  /** Of other nodes' streams: how many are fetched, and to how many viewers this node sends them. */
  readonly relays: Pick<Relays, 'count' | 'countViewers'>;
  /** Has what is at another node answered there, or fetched from there, in hooks of `app`, and feeds other nodes. */
  forward(app: FastifyInstance, here: Pick<ForwardingOptions, 'hasRecording'>): Promise<void>;
  /** Before the stop: viewers of other nodes' streams are told to come again. */
  leave(): void;
  /** What all nodes have in common beside streams. @param kind what they are: lower-case letters */
  shared(kind: string): SharedValues;
  close(): Promise<void>;
}

/** Joins the cluster. A Redis that can't be reached now is tried again for as long as this runs. */
export async function openCluster({ url, secret, nodeUrl, leaseMs, resumeWindowMs, viewRules }: ClusterSettings, { recordingOf, ...viewing }: RelayedViewing & Pick<RedisDirectoryOptions, 'recordingOf'>, log: LiveLog): Promise<Cluster> {
  const redis = openRedis(url);
  redis.on('error', () => undefined); // commands fail then, and the directory tells it
  const names = new NameStore(redis, { id: randomUUID(), url: nodeUrl }, leaseMs, resumeWindowMs);
  const directory = new RedisDirectory({ names, ttlMs: leaseMs, log, recordingOf });
  const shared = new SharedState({ redis, secret });
  await redis.connect().catch(() => undefined);
  redis.on('ready', () => void directory.tell());
  redis.on('ready', () => void shared.exchange());
  await directory.tell();
  const homes = new Homes((stream) => names.whereabouts(stream));
  const proof = new NodeProof(secret);
  const rules = createHmac('sha256', secret).update(JSON.stringify(viewRules)).digest('base64url');
  const relays = new Relays({ ...viewing, directory, homes, nodeUrl, openUpstream: upstreamsBy(proof, rules), log });
  return {
    directory,
    growing: () => directory.growing(),
    relays,
    get trouble() {
      return directory.reachable ? undefined : 'the directory of the cluster can not be reached';
    },
    forward: async (app, here) => {
      await forwardElsewhere(app, { ...here, directory, homes, proof, relays, resumeWindowMs });
      await feedRoute(app, { directory, rules, log });
    },
    leave: () => relays.close(),
    shared: (kind) => shared.values(kind),
    close: async () => {
      relays.close();
      await shared.close();
      await directory.close();
      redis.disconnect();
    },
  };
}
