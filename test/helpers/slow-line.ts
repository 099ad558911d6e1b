import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Teardown } from './programs.js';

const stepMs = 20;

/** A line of so many bits a second from a server to whoever connects; what it does not take waits with the server. Answers its port. */
export async function openSlowLine(t: Teardown, port: number, bitsPerSecond: number): Promise<number> {
  const stepBytes = (bitsPerSecond / 8) * (stepMs / 1000);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    // Little is taken ahead, so that the line is as slow for the server as it is for the client.
    const upstream = keep(connect({ port, host: '127.0.0.1', highWaterMark: 2048 } as never));
    upstream.on('readable', () => undefined);
    client.pipe(upstream);
    let credit = 0;
    let atMs = performance.now();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      credit = Math.min(credit + (stepBytes * (nowMs - atMs)) / stepMs, stepBytes * 4);
      atMs = nowMs;
      for (let chunk = take(upstream, credit); chunk; chunk = take(upstream, credit)) {
        credit -= chunk.length;
        client.write(chunk);
      }
    }, stepMs);
    upstream.once('close', () => {
      clearInterval(timer);
      client.destroy();
    });
    client.once('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

function take(socket: Socket, credit: number): Buffer | undefined {
  const bytes = Math.min(Math.floor(credit), socket.readableLength);
  return bytes > 0 ? ((socket.read(bytes) as Buffer | null) ?? undefined) : undefined;
}
