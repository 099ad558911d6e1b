import type { FastifyInstance } from 'fastify';
import type { Access } from './access/access.js';
import { AddressBudget } from './access/address-budget.js';
import { PublishAdmission } from './access/publish-admission.js';
import { ConnectionLimits } from './http/connection-limits.js';
import type { Counts, CutCounts } from './http/counts.js';
import type { AllowedOrigins } from './http/origin.js';
import { PacedLog } from './http/paced-log.js';
import { PublishGate } from './http/publish-gate.js';
import { SendQueues } from './http/send-queues.js';
import { ServerMetrics, type KeptMeasures, type Measured, type RelayMeasures } from './http/server-metrics.js';
import type { LiveEvent } from './live/broadcast-options.js';

export interface ServerPartsOptions {
  readonly http: FastifyInstance;
  readonly broadcasts: Measured;
  /** What is kept, where anything is. */
  readonly keptMeasures?: (() => KeptMeasures) | undefined;
  /** What is sent on of other servers' streams, where there may be any. */
  readonly relayMeasures?: (() => RelayMeasures) | undefined;
  readonly access: Access;
  /** The same as the server's. */
  readonly cuts: CutCounts;
  /** What happened to broadcasts. */
  readonly events: Counts<LiveEvent>;
  readonly publicUrl: string | undefined;
  readonly publishOrigins: AllowedOrigins;
  readonly trustedProxies: boolean | readonly string[];
  readonly limits: ServerLimits;
}

export interface ServerLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly wrongKeysPerMinute: number;
  readonly apiRequestsPerMinute: number;
  readonly chatMessagesPerMinute: number;
}

/** What routes and other ways in are given alike: who may publish, how many may connect, what is counted. */
export interface ServerParts {
  readonly admission: PublishAdmission;
  readonly publishGate: PublishGate;
  readonly connections: ConnectionLimits;
  readonly metrics: ServerMetrics;
  readonly pacedLog: PacedLog;
  readonly sendQueues: SendQueues;
  readonly apiBudget: AddressBudget;
  readonly chatBudget: AddressBudget;
}

/** How many may talk from one address as fast as one person may: a household, a small office. */
const chattersPerAddress = 6;

export function buildServerParts({ http, broadcasts, keptMeasures, relayMeasures, access, cuts, events, publicUrl, publishOrigins: origins, trustedProxies, limits }: ServerPartsOptions): ServerParts {
  const admission = new PublishAdmission({ access, wrongKeys: new AddressBudget({ perMinute: limits.wrongKeysPerMinute }) });
  const connections = new ConnectionLimits({ ...limits, log: http.log, trustedProxies, cuts });
  const checks = [access.publishCheck, access.viewCheck].filter((check) => check !== undefined);
  return {
    admission,
    publishGate: new PublishGate({ admission, origins, publicUrl }),
    connections,
    metrics: new ServerMetrics({ broadcasts, keptMeasures, relayMeasures, connections, cuts, events, checks }),
    pacedLog: new PacedLog({ log: http.log }),
    sendQueues: new SendQueues(),
    apiBudget: new AddressBudget({ perMinute: limits.apiRequestsPerMinute }),
    chatBudget: new AddressBudget({ perMinute: limits.chatMessagesPerMinute * chattersPerAddress }),
  };
}
