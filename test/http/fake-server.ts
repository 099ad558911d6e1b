import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import { openAccess } from '../../src/access/access.js';
import type { AccessOptions } from '../../src/access/access.js';
import type { ConnectionLimits } from '../../src/http/connection-limits.js';
import { Counts, type CutCounts } from '../../src/http/counts.js';
import { createServer, registerRoutes } from '../../src/http/server.js';
import type { Limits, RoutesOptions, ServerOptions } from '../../src/http/server.js';
import { FakeRegistry } from './fake-live.js';

export const testKey = 'test-key-test-key';

export interface FakeServer {
  readonly app: FastifyInstance;
  readonly registry: FakeRegistry;
  readonly connections: ConnectionLimits;
  readonly cuts: CutCounts;
}

/** A real server over a fake `src/live` and a web root of its own; gone when the test is over. */
export async function startFakeServer(t: Test, options: Partial<ServerOptions & Omit<RoutesOptions, 'limits' | 'access'> & Limits & AccessOptions> = {}): Promise<FakeServer> {
  const publicDir = mkdtempSync(join(tmpdir(), 'onair-public-'));
  mkdirSync(join(publicDir, 'assets'));
  for (const page of ['index', 'broadcast', 'watch', 'embed']) writeFileSync(join(publicDir, `${page}.html`), `<!doctype html><title>${page}</title>`);
  writeFileSync(join(publicDir, 'assets', 'onair.js'), 'import("./hls-ABCDEFGH.js")');
  writeFileSync(join(publicDir, 'assets', 'hls-ABCDEFGH.js'), 'export {}');
  const registry = new FakeRegistry();
  const dataDir = join(publicDir, '..', `${basename(publicDir)}-data`);
  const cuts: CutCounts = new Counts();
  const app = createServer({ cuts, tls: undefined, trustedProxies: false, logLevel: 'silent', publicUrl: undefined, headersTimeoutMs: 15_000, idleTimeoutMs: 75_000, ...options });
  const { connections } = await registerRoutes(app, {
    cuts,
    events: new Counts(),
    registry: registry.asRegistry,
    access: openAccess({
      serverKey: testKey,
      dataDir,
      viewKey: undefined,
      publishCheckUrl: undefined,
      viewCheckUrl: undefined,
      checkTimeoutMs: 1000,
      viewCheckCacheMs: 10_000,
      ...options,
    }),
    publicDir,
    publicUrl: undefined,
    trustedProxies: false,
    corsOrigins: '*',
    publishOrigins: '*',
    embedOrigins: '*',
    limits: {
      maxMessageBytes: 100_000,
      maxViewersPerStream: 10,
      maxViewers: 100,
      maxConnections: 1000,
      maxConnectionsPerAddress: 1000,
      wrongKeysPerMinute: 1000,
      apiRequestsPerMinute: 10_000,
      chatMessagesPerMinute: 60,
      socketTimeoutMs: 25_000,
      ...options,
    },
    stopLingerMs: 0,
    unavailableReason: () => undefined,
    rtmpPort: () => undefined,
    ...options,
  });
  t.teardown(async () => {
    await app.close();
    rmSync(publicDir, { recursive: true });
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { app, registry, connections, cuts };
}

/** Listens on a free port; answers the address without its scheme. */
export async function listen(app: FastifyInstance): Promise<string> {
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return address.replace(/^https?:\/\//, '');
}
