import type { Socket } from 'node:net';

import { joinPlaySocket } from '../bare-viewer.js';
import { machineMs, sleep } from '../clock.js';
import { fragmentSequence } from '../fragment-sequence.js';
import { WebSocketSkimmer } from '../web-socket-skimmer.js';
import { answerParent, workerCommand } from '../worker.js';

export interface WebSocketViewersCommand {
  readonly url: string;
  readonly viewers: number;
}

/** Since the last `reset`. */
export interface WebSocketViewersTotals {
  readonly fragments: number;
  readonly bytes: number;
  /** What the server left out because a viewer was too slow, and what did not come in order. */
  readonly gaps: number;
  readonly lost: number;
  /** For each fragment: its number, and when the first and the last viewer had all of it. */
  readonly arrivals: readonly (readonly [sequence: number, firstMs: number, lastMs: number])[];
}

const { url, viewers } = workerCommand() as WebSocketViewersCommand;
/** RFC 6455 §5.5.3, masked with zeros: who is silent for long is taken for gone. */
const emptyPong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
let totals = { fragments: 0, bytes: 0, gaps: 0, lost: 0 };
let arrivals = new Map<number, { firstMs: number; lastMs: number; viewers: number }>();
let gone: string | undefined;

const opened = openAll();

export const webSocketViewersHandlers = {
  /** Resolves when everybody watches. */
  open: async () => {
    await opened;
  },
  reset: () => {
    totals = { fragments: 0, bytes: 0, gaps: 0, lost: 0 };
    arrivals = new Map();
  },
  totals: (): WebSocketViewersTotals => {
    if (gone !== undefined) throw new Error(gone);
    // What not everybody has yet is still on its way.
    const whole = [...arrivals].filter(([, seen]) => seen.viewers === viewers);
    return { ...totals, arrivals: whole.map(([sequence, { firstMs, lastMs }]) => [sequence, firstMs, lastMs]) };
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
  const socket: Socket = await joinPlaySocket(url, watcher({ onPing: () => socket.write(emptyPong) }));
  socket.on('close', () => (gone = 'the server closed a viewer\'s connection'));
  socket.on('error', (error) => (gone = `a viewer's connection failed: ${error.message}`));
}

function watcher({ onPing }: { onPing: () => void }): (chunk: Buffer) => void {
  let previous: number | undefined;
  let nowMs = 0;
  const skimmer = new WebSocketSkimmer((opcode, start) => {
    if (opcode === 0x9) return onPing();
    if (opcode === 0x1) {
      if (start.includes('"gap"')) totals.gaps += 1;
      return;
    }
    const sequence = fragmentSequence(start);
    if (sequence === undefined) return;
    totals.fragments += 1;
    if (previous !== undefined && sequence > previous + 1) totals.lost += sequence - previous - 1;
    previous = sequence;
    const seen = arrivals.get(sequence);
    if (!seen) arrivals.set(sequence, { firstMs: nowMs, lastMs: nowMs, viewers: 1 });
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
