import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

import { sleep } from '../clock.js';
import { answerParent, workerCommand } from '../worker.js';

export interface FanOutCommand {
  /** The messages one viewer of the real server was sent, one after another. */
  readonly messagesFile: string;
  /** When each came, and how many bytes it has. */
  readonly messages: readonly (readonly [atMs: number, bytes: number])[];
}

const { messagesFile, messages } = workerCommand() as FanOutCommand;
const bytes = readFileSync(messagesFile);
const viewers = new Set<WebSocket>();
const http = createServer();
new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (viewer, request) => {
  request.socket.setNoDelay(true);
  viewers.add(viewer);
  viewer.on('close', () => viewers.delete(viewer));
});
const listening = new Promise<void>((resolve) => http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));

/** The reference: nothing but `ws.send` of the same messages at the same pace, again and again. */
export const fanOutHandlers = {
  port: async () => {
    await listening;
    return (http.address() as AddressInfo).port;
  },
};
answerParent(fanOutHandlers);
void play();

async function play(): Promise<never> {
  for (;;) {
    const start = performance.now();
    let offset = 0;
    for (const [atMs, length] of messages) {
      const waitMs = start + atMs - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      const message = bytes.subarray(offset, (offset += length));
      for (const viewer of viewers) viewer.send(message);
    }
    // Also with no messages at all others get their turn.
    await sleep(10);
  }
}
