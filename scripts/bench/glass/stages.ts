import { WebSocket } from 'ws';

import { FragmentReader } from '../../../src/fmp4/fragment-reader.js';
import { SourceReader } from '../../../src/source/source-reader.js';
import { mean } from '../clock.js';
import type { Scope } from '../scope.js';
import { decodeFrameNumbers } from './frame-numbers.js';
import type { SentMessage } from './numbered-broadcast.js';
import type { ShownFrame } from './player-page.js';

/** Where the milliseconds of a picture go; means, so that they add up. */
export interface Stages {
  /** Drawn → given to the publisher's socket: capture, encoder, recorder, SDK. */
  readonly recorderMs: number;
  /** Given to the socket → received by a viewer that does nothing else: socket, ffmpeg, server, socket. */
  readonly serverMs: number;
  /** Received → shown: the player's buffer, decoder, display. */
  readonly playerMs: number;
}

/** A viewer that keeps what it is sent, and when: what the player beside it was sent at the same time. */
export class ViewerTap {
  readonly #messages: { readonly atMs: number; readonly bytes: Buffer }[] = [];

  constructor(scope: Scope, playUrl: string) {
    const socket = new WebSocket(playUrl, { perMessageDeflate: false });
    socket.on('message', (bytes: Buffer, isBinary) => isBinary && this.#messages.push({ atMs: Date.now(), bytes }));
    socket.on('error', (error) => process.stderr.write(`tap: ${error.message}\n`));
    scope.teardown(() => socket.terminate());
  }

  /** When each picture came, by its number. */
  async arrivals(): Promise<Map<number, number>> {
    const reader = new FragmentReader();
    const runs: Run[] = [];
    let video: number | undefined;
    for (const { atMs, bytes } of this.#messages) {
      for (const event of reader.push(bytes)) {
        if (event.type === 'init') {
          video = event.init.tracks.find(({ kind }) => kind === 'video')?.trackId;
          runs.push({ pieces: [event.init.bytes], timesMs: [] });
          continue;
        }
        const run = runs.at(-1);
        run?.pieces.push(event.fragment.bytes);
        if (event.fragment.runs.some(({ trackId }) => trackId === video)) run?.timesMs.push(atMs);
      }
    }
    return byNumber(runs);
  }
}

/** What Matroska and WebM begin with (RFC 8794 §11.2.1). */
const ebmlHead = Buffer.from('1a45dfa3', 'hex');

/** When each picture was given to the publisher's socket, by its number. */
export async function sentTimes(messages: readonly SentMessage[]): Promise<Map<number, number>> {
  const reader = new SourceReader();
  const runs: Run[] = [];
  for (const { atMs, bytes } of messages) {
    // A recording begins with a message of its own; the first one may be cut anywhere.
    if (runs.length === 0 || ebmlHead.equals(bytes.subarray(0, ebmlHead.length))) runs.push({ pieces: [], timesMs: [] });
    const run = runs.at(-1);
    run?.pieces.push(bytes);
    for (const event of reader.push(bytes)) if (event.type === 'frame' && event.kind === 'video') run?.timesMs.push(atMs);
  }
  return byNumber(runs);
}

/** What one decoder takes: one recording, or what follows one init segment. */
interface Run {
  readonly pieces: Uint8Array[];
  /** When each of its pictures was there. */
  readonly timesMs: number[];
}

export function stagesOf(shown: readonly ShownFrame[], times: { drawnMs: readonly number[]; sent: ReadonlyMap<number, number>; arrived: ReadonlyMap<number, number> }): Stages {
  const known = shown.flatMap(([shownMs, number]) => {
    const drawnMs = times.drawnMs[number];
    const sentMs = times.sent.get(number);
    const arrivedMs = times.arrived.get(number);
    return drawnMs === undefined || sentMs === undefined || arrivedMs === undefined ? [] : [{ drawnMs, sentMs, arrivedMs, shownMs }];
  });
  return {
    recorderMs: mean(known.map(({ drawnMs, sentMs }) => sentMs - drawnMs)),
    serverMs: mean(known.map(({ sentMs, arrivedMs }) => arrivedMs - sentMs)),
    playerMs: mean(known.map(({ arrivedMs, shownMs }) => shownMs - arrivedMs)),
  };
}

async function byNumber(runs: readonly Run[]): Promise<Map<number, number>> {
  const all = new Map<number, number>();
  for (const { pieces, timesMs } of runs) {
    if (timesMs.length === 0) continue;
    const numbers = await decodeFrameNumbers(Buffer.concat(pieces));
    if (Math.abs(numbers.length - timesMs.length) > 2) throw new Error(`expected as many pictures as frames, decoded ${String(numbers.length)} of ${String(timesMs.length)}`);
    for (const [index, number] of numbers.entries()) if (timesMs[index] !== undefined) all.set(number, timesMs[index]);
  }
  return all;
}
