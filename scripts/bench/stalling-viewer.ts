import type { Socket } from 'node:net';

import { readTrackRuns } from '../../src/fmp4/fragment.js';
import { joinPlaySocket } from './bare-viewer.js';
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
  #socket: Socket | undefined;
  #afterGap = false;

  /** Joins; its connection is gone with the scope. */
  static async join(scope: Scope, url: string): Promise<StallingViewer> {
    const viewer = new StallingViewer();
    const skimmer = new WebSocketSkimmer((opcode, start) => viewer.#note(opcode, start), keepBytes);
    const socket = await joinPlaySocket(url, (bytes) => skimmer.push(bytes));
    socket.on('error', () => undefined); // it shows in what is seen
    scope.teardown(() => socket.destroy());
    viewer.#socket = socket;
    return viewer;
  }

  stop(): void {
    this.#socket?.pause();
  }

  goOn(): void {
    this.#socket?.resume();
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
