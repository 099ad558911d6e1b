import type { Teardown } from '../../test/helpers/programs.js';

/** Collects what must be undone; the last thing started is the first to be stopped. */
export class Scope implements Teardown {
  readonly #undos: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  readonly teardown = (undo: () => unknown): void => {
    this.#undos.push(undo);
  };

  /** Idempotent: one thing after another, whoever asks. */
  close(): Promise<void> {
    return (this.#closing ??= this.#undoAll());
  }

  async #undoAll(): Promise<void> {
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        process.stderr.write(`clearing up: ${String(error)}\n`);
      }
    }
  }
}

const open: Scope[] = [];

/** Runs something whose processes and directories are gone afterwards, also when it failed or was interrupted. */
export async function within<T>(use: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  if (open.length === 0) process.once('SIGINT', closeAll).once('SIGTERM', closeAll);
  open.push(scope);
  try {
    return await use(scope);
  } finally {
    await scope.close();
    open.splice(open.indexOf(scope), 1);
    if (open.length === 0) process.off('SIGINT', closeAll).off('SIGTERM', closeAll);
  }
}

/** What was opened last may need what was opened before it. */
function closeAll(): void {
  const close = async (): Promise<void> => {
    for (const scope of open.toReversed()) await scope.close();
  };
  void close().finally(() => process.exit(130));
}
