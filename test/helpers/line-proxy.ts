import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setInterval as every } from 'node:timers';

import type { Teardown } from './programs.js';

const stepMs = 50;

/** A viewer's line to a server: it may hang, break or be slow. */
export class LineProxy {
  /** What comes down on all of its connections together; Infinity: as fast as it comes. */
  bytesPerSecond = Infinity;
  /** New connections are taken and left alone. */
  isHanging = false;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (near) => this.#join(near));
  #budget = 0;
  #waiting: (() => void)[] = [];

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async listen(t: Teardown, target: string): Promise<LineProxy> {
    const proxy = new LineProxy(Number(new URL(target).port));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const timer = every(() => proxy.#refill(), stepMs);
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

  #refill(): void {
    this.#budget = Math.min(this.bytesPerSecond * 0.2, this.#budget + (this.bytesPerSecond * stepMs) / 1000);
    for (const go of this.#waiting.splice(0)) go();
  }

  #join(near: Socket): void {
    this.#keep(near);
    if (this.isHanging) return;
    const far = connect(this.#targetPort, '127.0.0.1');
    this.#keep(far);
    near.pipe(far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    const pass = (): void => {
      if (this.#budget <= 0) return void this.#waiting.push(pass);
      const chunk = far.read() as Buffer | null;
      if (chunk === null) return void far.once('readable', pass);
      this.#budget -= chunk.length;
      if (near.write(chunk)) pass();
      else near.once('drain', pass);
    };
    far.once('readable', pass);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
