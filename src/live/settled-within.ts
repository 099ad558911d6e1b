import { setTimeout as delay } from 'node:timers/promises';

/** Whether it was done in that time. For the steps of an end, which must not wait for ever. @throws what `work` rejects with in that time */
export async function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const patience = new AbortController();
  const late = delay(timeoutMs, false, { signal: patience.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    patience.abort();
  }
}
