import type { Socket } from 'node:net';

import { joinPlaySocket } from '../bare-viewer.js';
import { machineMs, sleep } from '../clock.js';
import { fragmentSequence, markOf } from '../fragment-sequence.js';
import { WebSocketSkimmer } from '../web-socket-skimmer.js';
import { answerParent, workerCommand } from '../worker.js';

export interface WebSocketViewersCommand {
  readonly url: string;
  readonly viewers: number;
}

/** Since the last `reset`. */
export interface WebSocketViewersTotals {
  /** Of one or more whole fragments each. */
  readonly messages: number;
  readonly bytes: number;
  /** What the server left out because a viewer was too slow; and what others had and a viewer had not, or not in order. */
  readonly gaps: number;
  readonly lost: number;
  /** For each message that all had: the mark of its last fragment, and when the first and the last viewer had all of it. */
  readonly arrivals: readonly (readonly [mark: string, firstMs: number, lastMs: number])[];
}

const { url, viewers } = workerCommand() as WebSocketViewersCommand;
/** RFC 6455 §5.5.3, masked with zeros: who is silent for long is taken for gone. */
const emptyPong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
/** Of the messages at either end of the time looked at, some viewers' came outside of it. */
const edgeMs = 1000;
let totals = { messages: 0, bytes: 0, gaps: 0, outOfOrder: 0 };
/** By the number of a message's first fragment. */
let arrivals = new Map<number, { readonly mark: string; readonly firstMs: number; lastMs: number; viewers: number }>();
let resetMs = 0;
let gone: string | undefined;

const opened = openAll();

export const webSocketViewersHandlers = {
  /** Resolves when everybody watches. */
  open: async () => {
    await opened;
  },
  reset: () => {
    totals = { messages: 0, bytes: 0, gaps: 0, outOfOrder: 0 };
    arrivals = new Map();
    resetMs = machineMs();
  },
  totals: (): WebSocketViewersTotals => {
    if (gone !== undefined) throw new Error(gone);
    const { outOfOrder, ...counted } = totals;
    const nowMs = machineMs();
    const inside = [...arrivals.values()].filter(({ firstMs, lastMs }) => firstMs > resetMs + edgeMs && lastMs < nowMs - edgeMs);
    const missed = inside.reduce((sum, seen) => sum + viewers - seen.viewers, 0);
    // What not everybody has yet is still on its way.
    const whole = [...arrivals.values()].filter((seen) => seen.viewers === viewers);
    return { ...counted, lost: missed + outOfOrder, arrivals: whole.map(({ mark, firstMs, lastMs }) => [mark, firstMs, lastMs]) };
  },
};
answerParent(webSocketViewersHandlers);

async function openAll(): Promise<void> {
  for (let index = 0; index < viewers; index += 25) {
    await Promise.all(Array.from({ length: Math.min(25, viewers - index) }, openViewer));
    await sleep(10);
  }
}

async function openViewer(): Promise<void> {
  // The first ping may come with the answer that opens it.
  const joined: Promise<Socket> = joinPlaySocket(url, watcher({ onPing: () => void joined.then((socket) => socket.write(emptyPong)) }));
  const socket = await joined;
  socket.on('close', () => (gone = 'the server closed a viewer\'s connection'));
  socket.on('error', (error) => (gone = `a viewer's connection failed: ${error.message}`));
}

function watcher({ onPing }: { onPing: () => void }): (chunk: Buffer) => void {
  let previous: number | undefined;
  let nowMs = 0;
  const skimmer = new WebSocketSkimmer((opcode, start, end) => {
    if (opcode === 0x9) return onPing();
    if (opcode === 0x1) {
      if (start.includes('"gap"')) totals.gaps += 1;
      return;
    }
    const sequence = fragmentSequence(start);
    if (sequence === undefined) return;
    totals.messages += 1;
    if (previous !== undefined && sequence <= previous) totals.outOfOrder += 1;
    previous = sequence;
    const seen = arrivals.get(sequence);
    if (!seen) arrivals.set(sequence, { mark: markOf(end), firstMs: nowMs, lastMs: nowMs, viewers: 1 });
    else {
      seen.lastMs = nowMs;
      seen.viewers += 1;
    }
  });
  return (chunk) => {
    nowMs = machineMs();
    totals.bytes += chunk.length;
    skimmer.push(chunk);
  };
}
