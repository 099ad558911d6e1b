import { connect, type Socket } from 'node:net';

import { readTrackRuns } from '../../src/fmp4/fragment.js';
import { machineMs } from './clock.js';
import type { Scope } from './scope.js';
import { WebSocketSkimmer } from './web-socket-skimmer.js';

/** A fragment as a viewer had it. */
export interface SeenFragment {
  readonly atMs: number;
  /** Whether it follows a word of the server that something was left out. */
  readonly afterGap: boolean;
  /** Whether it begins with a keyframe. */
  readonly isKeyframe: boolean;
}

/** More than a moof box of one frame. */
const keepBytes = 1024;
const text = 0x1;

/** One viewer that can stop reading, as a phone does that lost its network or a laptop that was shut. */
export class StallingViewer {
  readonly seen: SeenFragment[] = [];
  gaps = 0;
  readonly #socket: Socket;
  #afterGap = false;

  constructor(scope: Scope, url: string) {
    const { hostname, port, pathname } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('error', () => undefined); // it shows in what is seen
    scope.teardown(() => this.#socket.destroy());
    this.#socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const skimmer = new WebSocketSkimmer((opcode, start) => this.#note(opcode, start), keepBytes);
    let head: Buffer | undefined = Buffer.alloc(0);
    this.#socket.on('data', (chunk) => {
      if (!head) return skimmer.push(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const rest = head.subarray(end + 4);
      head = undefined;
      skimmer.push(rest);
    });
  }

  stop(): void {
    this.#socket.pause();
  }

  goOn(): void {
    this.#socket.resume();
  }

  #note(opcode: number, start: Buffer): void {
    if (opcode === text) {
      if (!start.includes('"gap"')) return;
      this.gaps += 1;
      this.#afterGap = true;
      return;
    }
    if (start.toString('latin1', 4, 8) !== 'moof') return;
    const [run] = readTrackRuns(start.subarray(0, start.readUInt32BE(0)));
    this.seen.push({ atMs: machineMs(), afterGap: this.#afterGap, isKeyframe: run?.startsWithSync ?? false });
    this.#afterGap = false;
  }
}
