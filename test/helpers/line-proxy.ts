import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setInterval as every } from 'node:timers';

import type { Teardown } from './programs.js';

const stepMs = 50;

/** One direction of a line, with what all of its connections may carry together. */
class Flow {
  /** Infinity: as fast as it comes. */
  bytesPerSecond = Infinity;
  #budget = 0;
  #waiting: (() => void)[] = [];

  refill(): void {
    this.#budget = Math.min(this.bytesPerSecond * 0.2, this.#budget + (this.bytesPerSecond * stepMs) / 1000);
    for (const go of this.#waiting.splice(0)) go();
  }

  pass(from: Socket, to: Socket): void {
    const go = (): void => {
      if (this.#budget <= 0) return void this.#waiting.push(go);
      const chunk = from.read() as Buffer | null;
      if (chunk === null) return void from.once('readable', go);
      this.#budget -= chunk.length;
      if (to.write(chunk)) go();
      else to.once('drain', go);
    };
    from.once('readable', go);
  }
}

/** Somebody's line to a server: it may hang, break or be slow. */
export class LineProxy {
  /** From the server. */
  readonly down = new Flow();
  /** To the server. */
  readonly up = new Flow();
  /** New connections are taken and left alone. */
  isHanging = false;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (near) => this.#join(near));

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async listen(t: Teardown, target: string): Promise<LineProxy> {
    const proxy = new LineProxy(Number(new URL(target).port));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const timer = every(() => {
      proxy.down.refill();
      proxy.up.refill();
    }, stepMs);
    t.teardown(async () => {
      clearInterval(timer);
      proxy.cut();
      await new Promise((resolve) => proxy.#server.close(resolve));
    });
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    this.#keep(near);
    if (this.isHanging) return;
    const far = connect(this.#targetPort, '127.0.0.1');
    this.#keep(far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    this.up.pass(near, far);
    this.down.pass(far, near);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
