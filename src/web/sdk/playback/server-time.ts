import type { BrowserPage } from '../browser-page.js';
import type { ClockOffset } from './clock-offset.js';

/** Clocks drift apart by some milliseconds a minute. */
export const askTimeEveryMs = 300_000;

/** Asks the server for its time over HTTP, for paths that have no socket; errors leave the estimate as it is. */
export async function askServerTime(origin: string, clock: ClockOffset, page: BrowserPage, signal: AbortSignal): Promise<void> {
  for (let question = 0; question < 4 && !signal.aborted; question += 1) {
    const sentAtMs = page.nowMs();
    try {
      const response = await page.fetch(`${origin}/api/time`, { signal, cache: 'no-store' });
      const answer: unknown = response.ok ? await response.json() : undefined;
      if (typeof answer !== 'object' || answer === null || !('serverTimeMs' in answer)) return;
      if (typeof answer.serverTimeMs !== 'number') return;
      // The first request may include a connection's handshakes; the quickest one wins anyway.
      clock.add({ sentAtMs, serverTimeMs: answer.serverTimeMs, receivedAtMs: page.nowMs() });
    } catch {
      return;
    }
  }
}
