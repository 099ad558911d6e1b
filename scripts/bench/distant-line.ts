import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import type { Teardown } from '../../test/helpers/programs.js';

/**
 * The same server from afar: whatever goes either way comes half a round trip later, however much it is. Opening a connection takes no longer.
 * @returns its origin there
 */
export async function distantOrigin(scope: Teardown, origin: string, roundTripMs: number): Promise<string> {
  const { hostname, port } = new URL(origin);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      open.add(from.setNoDelay(true));
      // Timers of one length come in the order in which they were set.
      from.on('data', (bytes) => setTimeout(() => !to.destroyed && to.write(bytes), roundTripMs / 2));
      from.on('error', () => from.destroy());
      from.on('close', () => {
        open.delete(from);
        setTimeout(() => to.destroy(), roundTripMs / 2);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.teardown(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const { port: own } = server.address() as AddressInfo;
  return `http://127.0.0.1:${String(own)}`;
}
