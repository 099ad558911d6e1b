import { connect, type Socket } from 'node:net';

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
const { hostname, port, pathname } = new URL(url);
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

/** The least that a viewer can do: it joins and reads, so that many fit beside the server. */
async function openViewer(): Promise<void> {
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on('close', () => (gone = 'the server closed a viewer\'s connection'));
  socket.on('error', (error) => (gone = `a viewer's connection failed: ${error.message}`));
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  let head = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    const readHead = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(`expected an upgrade, got ${head.toString('latin1', 0, end)}`));
      socket.off('data', readHead);
      const watch = watcher();
      watch(head.subarray(end + 4));
      socket.on('data', watch);
      resolve();
    };
    socket.on('data', readHead);
  });
}

function watcher(): (chunk: Buffer) => void {
  let previous: number | undefined;
  let nowMs = 0;
  const skimmer = new WebSocketSkimmer((opcode, start) => {
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
