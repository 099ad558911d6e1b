import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import { createServer, registerRoutes } from '../../src/http/server.js';
import type { RoutesOptions, ServerOptions } from '../../src/http/server.js';
import { FakeRegistry } from './fake-live.js';

export const testKey = 'test-key-test-key';

/** A real server over a fake `src/live` and a web root of its own; gone when the test is over. */
export async function startFakeServer(t: Test, options: Partial<ServerOptions & RoutesOptions> = {}): Promise<{ app: FastifyInstance; registry: FakeRegistry }> {
  const publicDir = mkdtempSync(join(tmpdir(), 'onair-public-'));
  mkdirSync(join(publicDir, 'assets'));
  for (const page of ['index', 'broadcast', 'watch', 'embed']) writeFileSync(join(publicDir, `${page}.html`), `<!doctype html><title>${page}</title>`);
  writeFileSync(join(publicDir, 'assets', 'onair.js'), 'import("./hls-ABCDEFGH.js")');
  writeFileSync(join(publicDir, 'assets', 'hls-ABCDEFGH.js'), 'export {}');
  const registry = new FakeRegistry();
  const app = createServer({ tls: undefined, trustedProxies: false, logLevel: 'silent', ...options });
  await registerRoutes(app, {
    registry: registry.asRegistry,
    publishKey: testKey,
    publicDir,
    publicUrl: undefined,
    corsOrigins: '*',
    maxMessageBytes: 100_000,
    maxViewersPerStream: 10,
    stopLingerMs: 0,
    obstacle: () => undefined,
    ...options,
  });
  t.teardown(async () => {
    await app.close();
    rmSync(publicDir, { recursive: true });
  });
  return { app, registry };
}

/** Listens on a free port; answers the address without its scheme. */
export async function listen(app: FastifyInstance): Promise<string> {
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return address.replace(/^https?:\/\//, '');
}
