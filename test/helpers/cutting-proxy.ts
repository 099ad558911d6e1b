import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { FrameBorder } from './frame-border.js';
import type { Teardown } from './programs.js';

/** `half-open`: nothing passes any more, and neither side is told. */
export type Manner = 'fin' | 'reset' | 'half-open';

export interface Cut {
  /** Whose bytes are counted: the publisher's (up) or the server's (down). */
  readonly direction: 'up' | 'down';
  readonly afterBytes: number;
  /** It is cut after this time even if fewer bytes came. */
  readonly afterMs: number;
  readonly manner: Manner;
  /** How fast the publisher's bytes pass until then; undefined: as fast as they come. */
  readonly upBytesPerSecond?: number | undefined;
}

export interface CutMade extends Cut {
  /** Whether it fell within a frame of the direction that was counted. */
  readonly insideFrame: boolean;
}

const halfOpenMs = 4_000;

/** A TCP proxy in front of a server, which cuts one connection after another as planned. */
export class CuttingProxy {
  readonly made: CutMade[] = [];
  readonly #targetPort: number;
  readonly #plan: Cut[];
  readonly #sockets = new Set<Socket>();
  #isDark = false;
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#join(near));

  private constructor(targetPort: number, plan: readonly Cut[]) {
    this.#targetPort = targetPort;
    this.#plan = [...plan];
  }

  static async listen(t: Teardown, target: string, plan: readonly Cut[]): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(Number(new URL(target).port), plan);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    t.teardown(async () => {
      for (const socket of proxy.#sockets) socket.destroy();
      await new Promise((resolve) => proxy.#server.close(resolve));
    });
    return proxy;
  }

  /** The same address by way of this proxy. */
  through(url: string): string {
    const address = new URL(url);
    address.port = String((this.#server.address() as AddressInfo).port);
    return address.href;
  }

  /** From now on nothing passes, and nobody is told; new connections are taken and left alone. */
  goDark(): void {
    this.#isDark = true;
  }

  /** What was held is gone, and new connections pass. */
  restore(): void {
    this.#isDark = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    if (this.#isDark) {
      this.#sockets.add(near);
      near.on('error', () => undefined).once('close', () => this.#sockets.delete(near));
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, allowHalfOpen: true, noDelay: true });
    const cut = this.#plan.shift();
    let done = false;
    const finish = (manner: Manner, insideFrame: boolean): void => {
      if (done || !cut) return;
      done = true;
      clearTimeout(late);
      this.made.push({ ...cut, insideFrame });
      hangUp(manner, near, far);
    };
    const borders = { up: new FrameBorder(), down: new FrameBorder() };
    const late = setTimeout(() => finish(cut!.manner, borders[cut!.direction].isInside), cut?.afterMs ?? 0);
    if (!cut) clearTimeout(late);
    for (const [direction, from, to] of [['up', near, far], ['down', far, near]] as const) {
      void this.#pass({
        from,
        to,
        border: borders[direction],
        bytesPerSecond: direction === 'up' ? cut?.upBytesPerSecond : undefined,
        leftBytes: cut?.direction === direction ? cut.afterBytes : Infinity,
        isDone: () => done || this.#isDark,
        onUsedUp: () => finish(cut!.manner, borders[direction].isInside),
      });
    }
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        clearTimeout(late);
        // A connection that ended by itself leaves its cut to the next one.
        if (!done && cut) this.#plan.unshift(cut);
        const isHalfOpen = done && cut?.manner === 'half-open';
        done = true;
        if (!isHalfOpen) for (const other of [near, far]) other.destroy();
      });
    }
  }

  async #pass({ from, to, border, bytesPerSecond, leftBytes, isDone, onUsedUp }: Passage): Promise<void> {
    let left = leftBytes;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (const slice of bytesPerSecond === undefined ? [chunk] : slices(chunk, 2_048)) {
          if (bytesPerSecond !== undefined) await sleep((slice.length / bytesPerSecond) * 1_000);
          if (isDone()) break;
          const passed = slice.subarray(0, left);
          border.push(passed);
          left -= passed.length;
          await new Promise((resolve) => to.write(passed, resolve));
          if (left <= 0) onUsedUp();
        }
        if (isDone()) await new Promise(() => undefined); // held back for ever, in whatever manner
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}

interface Passage {
  readonly from: Socket;
  readonly to: Socket;
  readonly border: FrameBorder;
  readonly bytesPerSecond: number | undefined;
  readonly leftBytes: number;
  readonly isDone: () => boolean;
  readonly onUsedUp: () => void;
}

function hangUp(manner: Manner, ...sockets: readonly Socket[]): void {
  for (const socket of sockets) {
    if (manner === 'reset') socket.resetAndDestroy();
    else if (manner === 'fin') socket.end(() => socket.destroy());
    else setTimeout(() => socket.destroy(), halfOpenMs).unref();
  }
}

function slices(bytes: Buffer, sliceBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / sliceBytes) }, (_, index) => bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes));
}
