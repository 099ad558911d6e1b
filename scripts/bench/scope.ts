import type { Teardown } from '../../test/helpers/programs.js';

/** Collects what must be undone; the last thing started is the first to be stopped. */
export class Scope implements Teardown {
  readonly #undos: (() => unknown)[] = [];

  readonly teardown = (undo: () => unknown): void => {
    this.#undos.push(undo);
  };

  async close(): Promise<void> {
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        process.stderr.write(`clearing up: ${String(error)}\n`);
      }
    }
  }
}

/** Runs something whose processes and directories are gone afterwards, also when it failed. */
export async function within<T>(use: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  const interrupted = (): void => void scope.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await use(scope);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await scope.close();
  }
}
