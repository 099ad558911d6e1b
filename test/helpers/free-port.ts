import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give to whoever asks for any, as each connection does: what is free among those may be taken before it is listened on. */
const ports = { from: 10_000, below: 32_000 } as const;
const mostAttempts = 100;
/** One that was given is not listened on yet. */
const given = new Set<number>();

/** A port that nobody listens on, for programs that can't say which one they took. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const port = randomInt(ports.from, ports.below);
    if (given.has(port)) continue;
    const server = createServer().listen(port);
    try {
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      given.add(port);
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error(`expected a free port between ${ports.from} and ${ports.below}, found ${mostAttempts} taken`);
}
