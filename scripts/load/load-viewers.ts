import { WebSocket } from 'ws';

import { sleep } from '../bench/clock.js';
import { answerParent, workerCommand } from '../bench/worker.js';
import { follows, FragmentLedger } from './fragment-ledger.js';

export interface LoadViewersCommand {
  /** One address for each stream. */
  readonly urls: readonly string[];
  readonly viewersEach: number;
}

export interface LoadViewersTotals {
  readonly viewers: number;
  readonly messages: number;
  readonly bytes: number;
  /** Told by the server: a viewer was too slow and was skipped forward. */
  readonly gaps: number;
  /** Decode times that did not follow one another. */
  readonly holes: number;
  /** Viewers who were sent nothing at all. */
  readonly starved: number;
  /** How many fragments the last viewer is behind the first of its stream. */
  readonly farthestBehind: number;
  /** Connections that closed before the end. */
  readonly lost: number;
}

const { urls, viewersEach } = workerCommand() as LoadViewersCommand;
const counts = { messages: 0, bytes: 0, gaps: 0, holes: 0, lost: 0 };
const viewers: { readonly ledger: FragmentLedger; last: number | undefined }[] = [];
const opened = openAll();

export const loadViewersHandlers = {
  /** Resolves when everybody watches. */
  open: async () => {
    await opened;
  },
  totals: (): LoadViewersTotals => ({
    ...counts,
    viewers: viewers.length,
    starved: viewers.filter(({ last }) => last === undefined).length,
    farthestBehind: viewers.reduce((most, { ledger, last }) => Math.max(most, ledger.newest - (last ?? 0)), 0),
  }),
};
answerParent(loadViewersHandlers);

async function openAll(): Promise<void> {
  const ledgers = urls.map(() => new FragmentLedger());
  for (let round = 0; round < viewersEach; round++) {
    await Promise.all(urls.map((url, index) => openViewer(url, ledgers[index]!)));
    await sleep(20);
  }
}

async function openViewer(url: string, ledger: FragmentLedger): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const viewer: (typeof viewers)[number] = { ledger, last: undefined };
  let before: ReturnType<FragmentLedger['read']>;
  viewers.push(viewer);
  socket.on('message', (data: Buffer, isBinary) => {
    counts.bytes += data.length;
    if (!isBinary) {
      const { type } = JSON.parse(data.toString()) as { type: string };
      if (type === 'gap') counts.gaps += 1;
      // Another timeline: its times have nothing to do with those before.
      if (type === 'gap' || type === 'init') before = undefined;
      return;
    }
    const read = ledger.read(data);
    if (!read) return;
    counts.messages += 1;
    if (before && !follows(before.spans, read.spans)) counts.holes += 1;
    before = read;
    viewer.last = read.sequence;
  });
  socket.on('close', () => (counts.lost += 1));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (error) => reject(new Error(`a viewer was not let in: ${error.message}`)));
  });
}
