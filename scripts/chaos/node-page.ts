import { WebSocket } from 'ws';

/** What the SDK's viewer needs of a page, in Node and in real time. */
export const nodePage = {
  online: true,
  nowMs: (): number => performance.now(),
  random: Math.random,
  on: () => (): void => undefined,
  after: (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs: number, run: () => void): (() => void) => {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
  fetch: (url: string, init: RequestInit): Promise<Response> => fetch(url, init),
  openSocket: (url: string): WebSocket => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('error', () => undefined); // a browser's WebSocket tells it by closing
    return socket;
  },
};

export interface ViewerSocket {
  readonly closed: Promise<{ readonly reason: string }>;
  close(): void;
}

export interface ViewerSocketOptions {
  /** A function: asked for each connection. */
  readonly url: string | (() => string);
  readonly page?: typeof nodePage;
  readonly onMessage?: (message: { readonly type: string; readonly clock?: string; readonly skippedSeconds?: number }) => void;
  readonly onMedia: (bytes: Uint8Array) => void;
}

const sdk = new URL('../../src/web/sdk/playback/', import.meta.url).href;
const { ViewerSocket } = (await import(`${sdk}viewer-socket.ts`)) as { ViewerSocket: new (options: object) => ViewerSocket };
const { ClockOffset } = (await import(`${sdk}clock-offset.ts`)) as { ClockOffset: new () => object };

/** The SDK's own: with its policy, jitter, timeouts and pings. */
export function openViewerSocket({ url, page = nodePage, onMessage = () => undefined, onMedia }: ViewerSocketOptions): ViewerSocket {
  return new ViewerSocket({ url: typeof url === 'string' ? () => url : url, servers: undefined, clock: new ClockOffset(), page, onMessage, onMedia });
}
