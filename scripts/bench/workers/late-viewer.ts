import { get } from 'node:http';
import { WebSocket } from 'ws';

import { machineMs, sleep } from '../clock.js';
import { fragmentSequence } from '../fragment-sequence.js';
import { answerParent, workerCommand } from '../worker.js';

export interface LateViewerCommand {
  /** `/play` or `/stream.mp4`. */
  readonly url: string;
}

const { url } = workerCommand() as LateViewerCommand;
let gone: string | undefined;
let bytes = 0;
const arrivals: [sequence: number, atMs: number][] = [];

if (url.startsWith('ws:')) watchSocket();
else watchBody();

/** One viewer that takes what comes at once, and notes when each fragment began to come. */
export const lateViewerHandlers = {
  /** Resolves with the first fragment. */
  open: async () => {
    while (arrivals.length === 0 && gone === undefined) await sleep(20);
    if (gone !== undefined) throw new Error(gone);
  },
  seen: (): { readonly bytes: number; readonly arrivals: readonly (readonly [sequence: number, atMs: number])[] } => {
    if (gone !== undefined) throw new Error(gone);
    return { bytes, arrivals };
  },
};
answerParent(lateViewerHandlers);

function note(start: Buffer): void {
  const sequence = fragmentSequence(start);
  if (sequence !== undefined) arrivals.push([sequence, machineMs()]);
}

function watchSocket(): void {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', (data: Buffer, isBinary) => {
    bytes += data.length;
    if (isBinary) note(data);
  });
  socket.on('close', () => (gone ??= 'the server closed the connection'));
  socket.on('error', (error) => (gone ??= `the connection failed: ${error.message}`));
}

function watchBody(): void {
  get(url, { agent: false }, (response) => {
    let rest: Buffer = Buffer.alloc(0);
    let skip = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const skipped = Math.min(skip, rest.length);
        skip -= skipped;
        rest = rest.subarray(skipped);
        // A box of which as much is there as is looked at.
        if (rest.length < 24) return;
        note(rest);
        skip = rest.readUInt32BE(0);
      }
    });
    response.on('close', () => (gone ??= 'the server closed the connection'));
  }).on('error', (error) => (gone ??= `the connection failed: ${error.message}`));
}
