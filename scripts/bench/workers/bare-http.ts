import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { answerParent, workerCommand } from '../worker.js';

export interface BareHttpCommand {
  readonly mediaFile: string;
  /** A playlist's body, as gzip; every request for one with a query is held until the next part. */
  readonly playlistFile: string;
  /** So much of the media is a part; absent: all of it. */
  readonly partBytes?: number;
}

const partMs = 1000 / 3;
const { mediaFile, playlistFile, partBytes } = workerCommand() as BareHttpCommand;
const media = readFileSync(mediaFile).subarray(0, partBytes);
const playlist = readFileSync(playlistFile);
let held: ServerResponse[] = [];

const http = createServer((request, response) => {
  if (request.url?.endsWith('.m4s')) answer(response, 'video/mp4', media);
  else if (request.url?.includes('?')) held.push(response);
  else answer(response, 'application/vnd.apple.mpegurl', playlist);
});
http.keepAliveTimeout = 60_000;
const listening = new Promise<void>((resolve) => http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));

setInterval(() => {
  const ready = held;
  held = [];
  for (const response of ready) answer(response, 'application/vnd.apple.mpegurl', playlist);
}, partMs);

/** The reference: Node's own HTTP server that does nothing but answer the same bytes to the same requests. */
export const bareHttpHandlers = {
  port: async () => {
    await listening;
    return (http.address() as AddressInfo).port;
  },
};
answerParent(bareHttpHandlers);

function answer(response: ServerResponse, type: string, body: Buffer): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'cache-control': 'max-age=12' });
  response.end(body);
}
