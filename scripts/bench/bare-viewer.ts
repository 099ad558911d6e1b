import type { Socket } from 'node:net';

import { connectLending } from './lending-socket.js';

/**
 * The least that a viewer can be: it joins a play socket by hand, and everything after the answer's head is lent to `take`.
 * Resolves when the server has agreed; rejects, in words, when it has not.
 */
export async function joinPlaySocket(url: string, take: (lent: Buffer) => void): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  let receive: (lent: Buffer) => void;
  const socket = connectLending(url, (lent) => receive(lent));
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  let head = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    receive = (chunk) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(`expected an upgrade, got ${head.toString('latin1', 0, end)}`));
      socket.off('error', reject);
      receive = take;
      take(head.subarray(end + 4));
      resolve();
    };
  });
  return socket;
}
