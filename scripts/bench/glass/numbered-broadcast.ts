import type { Page } from 'playwright-core';

import { waitUntil } from '../../../test/helpers/programs.js';
import type { Scope } from '../scope.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { openPage } from './open-page.js';
import { publisherPage, type PublisherPageOptions } from './publisher-page.js';

interface PublisherWindow {
  readonly state?: string;
  readonly failures: readonly string[];
  readonly drawnMs: Float64Array;
  takeSent(): { base64: string; messages: [number, number][] };
}

/** What the page gave to its socket, and when. */
export interface SentMessage {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** Chromium publishing numbered pictures by the SDK. */
export class NumberedBroadcast {
  readonly stream: string;
  readonly #page: Page;

  private constructor(stream: string, page: Page) {
    this.stream = stream;
    this.#page = page;
  }

  static streamOf({ encoder, codec }: Pick<PublisherPageOptions, 'codec' | 'encoder'>): string {
    return `glass-${encoder}-${codec}`;
  }

  /** Resolves when it is on air. */
  static async start(scope: Scope, server: ServerUnderTest, how: Pick<PublisherPageOptions, 'codec' | 'encoder' | 'scale' | 'mirrors'>): Promise<NumberedBroadcast> {
    const stream = NumberedBroadcast.streamOf(how);
    const page = await openPage(scope, publisherPage({ origin: server.origin, key: server.key, stream, ...how }));
    const broadcast = new NumberedBroadcast(stream, page);
    await waitUntil(`${stream} goes on air`, async () => {
      const { state, failures } = await broadcast.#ask((window) => ({ state: window.state, failures: [...window.failures] }));
      // A machine that has too little of itself falls back: a row would have the name of what did not encode it.
      const fallBack = failures.find((failure) => failure.startsWith('encoded by '));
      if (fallBack !== undefined) throw new Error(`expected ${stream} to be encoded by ${how.encoder}, but it is ${fallBack}`);
      if (state === 'live') return true;
      if (state === 'ended') throw new Error(`the publisher ended before it was on air: ${failures.join('; ')}`);
      return false;
    });
    return broadcast;
  }

  /** When each number was last drawn, ms since the epoch; 0: never. */
  async drawnMs(): Promise<readonly number[]> {
    return this.#ask((window) => Array.from(window.drawnMs));
  }

  /** Everything sent since the start; once. */
  async takeSent(): Promise<SentMessage[]> {
    const { base64, messages } = await this.#ask((window) => window.takeSent());
    const bytes = Buffer.from(base64, 'base64');
    let offset = 0;
    return messages.map(([atMs, length]) => ({ atMs, bytes: bytes.subarray(offset, (offset += length)) }));
  }

  async failures(): Promise<readonly string[]> {
    return this.#ask((window) => [...window.failures]);
  }

  async #ask<T>(question: (window: PublisherWindow) => T): Promise<T> {
    const handle = await this.#page.evaluateHandle('window');
    return handle.evaluate(question as unknown as (window: unknown) => T);
  }
}
