import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.js';
import type { App } from './app.js';
import { loadConfig } from './config.js';
import type { Config } from './config.js';
import { collectGarbageLessOften } from './garbage-collector.js';
import { greeting } from './greeting.js';

/** The whole stop is to be over within 10 s, without what a node of a cluster waits for. */
const stopTimeoutMs = 9500;

/** Of connections that were made and not taken yet: all viewers of a server that dies come at once. Node's own limit is 511, and the system may have a lower one. */
const waitingConnections = 4096;

const publicDir = fileURLToPath(new URL('../public', import.meta.url));

collectGarbageLessOften();
try {
  const config = loadConfig(process.env, publicDir);
  const app = await buildApp(config, { publicDir });
  const drainMs = config.cluster ? config.DRAIN_SECONDS * 1000 : 0;
  closeWithGrace({ delay: stopTimeoutMs + drainMs, logger: false }, async ({ err }) => {
    if (err) app.http.log.fatal({ err }, 'stopping after a failure');
    await app.http.close();
  });
  await listen(app, config);
  const { port } = app.http.server.address() as AddressInfo;
  const { HOST: host, PUBLIC_URL: publicUrl, tls } = config;
  process.stdout.write(`${greeting({ ...app, host, port, rtmpPort: app.rtmp?.port, publicUrl, secure: tls !== undefined, interfaces: networkInterfaces() })}\n`);
} catch (error) {
  process.stderr.write(`onair: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function listen({ http, rtmp }: App, { HOST: host, PORT, RTMP_PORT }: Config): Promise<void> {
  await inWords('PORT', host, PORT, () => http.listen({ host, port: PORT, backlog: waitingConnections, listenTextResolver: () => 'listening' }));
  if (RTMP_PORT !== undefined) await inWords('RTMP_PORT', host, RTMP_PORT, async () => rtmp?.listen({ host, port: RTMP_PORT }));
}

async function inWords(name: string, host: string, port: number, attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new Error(`${name}: expected a free port, got ${port}, which another program uses on ${host}`, { cause: error });
    if (code === 'EACCES') throw new Error(`${name}: expected a port that this user may listen on, got ${port}`, { cause: error });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') throw new Error(`HOST: expected an address of this machine, got ${JSON.stringify(host)}`, { cause: error });
    throw error;
  }
}
