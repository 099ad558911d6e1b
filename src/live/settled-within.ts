/** Whether it was done in that time: for what must not be waited for for ever. @throws what `work` rejects with in that time */
export function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // Clocks run out before it is looked at what is done: where the process stood still, both are there at once.
    const late = setTimeout(() => setImmediate(() => resolve(false)), timeoutMs);
    work.then(
      () => resolve(true),
      (error: unknown) => reject(error as Error),
    ).finally(() => clearTimeout(late));
  });
}
