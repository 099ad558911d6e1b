import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';

import { temporaryDirectory } from '../../test/helpers/programs.js';
import { sleep } from './clock.js';
import type { Scope } from './scope.js';
import type { FanOutCommand } from './workers/fan-out.js';

/** The join brings a whole group of pictures at once, which is no part of a steady pace. */
const settleMs = 1000;

/** What one viewer is sent in so many seconds, with when it came, for the reference to send the same. */
export async function captureMessages(scope: Scope, playUrl: string, seconds: number): Promise<FanOutCommand> {
  const socket = new WebSocket(playUrl, { perMessageDeflate: false });
  const messages: [number, number][] = [];
  const payloads: Buffer[] = [];
  const opened = performance.now();
  let start: number | undefined;
  socket.on('message', (data: Buffer, isBinary) => {
    const now = performance.now();
    if (!isBinary || now < opened + settleMs) return;
    start ??= now;
    messages.push([now - start, data.length]);
    payloads.push(data);
  });
  const failed = new Promise<never>((_resolve, reject) => socket.once('error', reject));
  await Promise.race([sleep(settleMs + seconds * 1000), failed]);
  socket.terminate();
  if (messages.length === 0) throw new Error(`expected fragments from ${playUrl}, none came in ${String(seconds)} s`);
  const messagesFile = join(await temporaryDirectory(scope, 'onair-bench-messages'), 'messages');
  await writeFile(messagesFile, Buffer.concat(payloads));
  return { messagesFile, messages };
}
