import { setInterval as every } from 'node:timers';
import { WebSocket } from 'ws';

import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import type { Teardown } from './programs.js';

/** The SDK is typed for browsers, this side for Node: what the tests use of it. */
export interface SdkSocket {
  readonly closed: Promise<(Error & { reason: string }) | null>;
  readonly connected: boolean;
  readonly unsentBytes: number;
  readonly resumeToken: string | undefined;
  on(event: 'message', listener: (message: IngestMessage) => void): void;
  on(event: 'state', listener: (state: 'connected' | 'reconnecting') => void): void;
  on(event: 'overflow', listener: () => void): void;
  push(bytes: Uint8Array): void;
  beginRecording(mimeType: string): void;
  end(): void;
  close(): void;
  tick(): void;
}

export interface SdkSocketOptions {
  readonly url: string;
  readonly key: string;
  readonly resumeToken?: string;
  readonly random?: () => number;
  /** How much faster its clock runs than the real one: so its patience is shorter. */
  readonly hurry?: number;
  readonly maxReplayBytes?: number;
  readonly maxReplaySeconds?: number;
}

const sdk = new URL('../../src/web/sdk/', import.meta.url).href;

/** The SDK's own IngestSocket, the part of it that sends and resumes, in Node. */
export async function openSdkSocket(t: Teardown, { hurry = 1, random = Math.random, ...options }: SdkSocketOptions): Promise<SdkSocket> {
  const { IngestSocket } = (await import(`${sdk}ingest-socket.ts`)) as { IngestSocket: new (options: object) => SdkSocket };
  const { ReconnectPolicy } = (await import(`${sdk}reconnect-policy.ts`)) as { ReconnectPolicy: new (options: object) => object };
  const { explainRefusal } = (await import(`${sdk}refusal.ts`)) as { explainRefusal: (url: string) => Promise<unknown> };
  const socket = new IngestSocket({
    ...options,
    policy: new ReconnectPolicy({ random, giveUpAfterMs: 60_000 * hurry }),
    openSocket: (url: string) => {
      const opened = new WebSocket(url, { perMessageDeflate: false });
      opened.on('error', () => undefined); // a browser's WebSocket tells it by closing
      return opened;
    },
    explainRefusal,
    nowMs: () => performance.now() * hurry,
  });
  const ticker = every(() => socket.tick(), 50);
  t.teardown(() => {
    clearInterval(ticker);
    socket.close();
  });
  return socket;
}
