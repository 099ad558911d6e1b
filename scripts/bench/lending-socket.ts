import { connect, type Socket } from 'node:net';

/**
 * All connections of a process read into it, one after the other. With a buffer for each read, a client that takes in hundreds of
 * megabits stops for its own garbage collector many times a second, and that is what would be measured.
 */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** A connection whose bytes are only lent to `take`: what is needed after it returns is to be copied. */
export function connectLending(origin: string, take: (lent: Buffer) => void): Socket {
  const { hostname, port } = new URL(origin);
  const onread = {
    buffer: readBuffer,
    callback: (length: number) => {
      take(readBuffer.subarray(0, length));
      return true;
    },
  };
  return connect({ host: hostname, port: Number(port), noDelay: true, onread });
}
