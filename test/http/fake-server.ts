import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { openAccess } from '../../src/access/access.js';
import type { AccessOptions } from '../../src/access/access.js';
import type { ConnectionLimits } from '../../src/http/connection-limits.js';
import { Counts, type CutCounts } from '../../src/http/counts.js';
import { GracefulStop } from '../../src/http/graceful-stop.js';
import type { GracefulStopOptions } from '../../src/http/graceful-stop.js';
import { registerRoutes } from '../../src/http/routes.js';
import type { RoutesOptions } from '../../src/http/routes.js';
import { createServer } from '../../src/http/server.js';
import type { ServerOptions } from '../../src/http/server.js';
import type { LocalBroadcasts } from '../../src/live/local-broadcasts.js';
import { buildServerParts } from '../../src/server-parts.js';
import type { ServerLimits, ServerPartsOptions } from '../../src/server-parts.js';
import type { Teardown } from '../helpers/programs.js';
import { FakeBroadcasts } from './fake-broadcasts.js';

export const testKey = 'test-key-test-key';

export interface FakeServer {
  readonly app: FastifyInstance;
  readonly broadcasts: FakeBroadcasts;
  readonly connections: ConnectionLimits;
  readonly cuts: CutCounts;
}

type FakeServerOptions = Partial<ServerOptions & Omit<RoutesOptions, 'broadcasts'> & { readonly broadcasts: LocalBroadcasts } & Pick<ServerPartsOptions, 'publishOrigins'> & ServerLimits & AccessOptions & Omit<GracefulStopOptions, 'app' | 'broadcasts'>>;

/** A real server over a fake `src/live` and a web root of its own; gone when the test is over. */
export async function startFakeServer(t: Teardown, options: FakeServerOptions = {}): Promise<FakeServer> {
  const publicDir = mkdtempSync(join(tmpdir(), 'onair-public-'));
  mkdirSync(join(publicDir, 'assets'));
  for (const page of ['index', 'broadcast', 'watch', 'embed', 'recordings', 'recording']) writeFileSync(join(publicDir, `${page}.html`), `<!doctype html><title>${page}</title>`);
  writeFileSync(join(publicDir, 'assets', 'onair.js'), 'import("./hls-ABCDEFGH.js")');
  writeFileSync(join(publicDir, 'assets', 'hls-ABCDEFGH.js'), 'export {}');
  const fake = new FakeBroadcasts();
  const { directory, descriptions } = fake;
  const broadcasts = options.broadcasts ?? fake;
  const dataDir = join(publicDir, '..', `${basename(publicDir)}-data`);
  const cuts: CutCounts = new Counts();
  const app = createServer({ cuts, tls: undefined, trustedProxies: false, logLevel: 'silent', publicUrl: undefined, headersTimeoutMs: 15_000, idleTimeoutMs: 75_000, ...options });
  const access = options.access ?? openAccess({
    serverKey: testKey,
    dataDir,
    viewKey: undefined,
    publishCheckUrl: undefined,
    viewCheckUrl: undefined,
    checkTimeoutMs: 1000,
    viewCheckCacheMs: 10_000,
    ...options,
  });
  const parts = buildServerParts({
    http: app,
    broadcasts,
    access,
    cuts,
    events: new Counts(),
    publicUrl: undefined,
    publishOrigins: '*',
    trustedProxies: false,
    limits: { maxConnections: 1000, maxConnectionsPerAddress: 1000, wrongKeysPerMinute: 1000, apiRequestsPerMinute: 10_000, chatMessagesPerMinute: 60, ...options },
    ...options,
  });
  await registerRoutes(app, {
    directory,
    descriptions,
    access,
    cuts,
    stop: new GracefulStop({ app, broadcasts, lingerMs: 0, ...options }),
    publicDir,
    publicUrl: undefined,
    corsOrigins: '*',
    embedOrigins: '*',
    maxMessageBytes: 100_000,
    maxViewersPerStream: 10,
    maxViewers: 100,
    socketTimeoutMs: 25_000,
    rtmpPort: () => undefined,
    ...parts,
    ...options,
    broadcasts,
  });
  t.teardown(async () => {
    await app.close();
    rmSync(publicDir, { recursive: true });
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { app, broadcasts: fake, connections: parts.connections, cuts };
}

/** Listens on a free port; answers the address without its scheme. */
export async function listen(app: FastifyInstance): Promise<string> {
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return address.replace(/^https?:\/\//, '');
}
