/** Who may use a disk now: each call that hangs holds one of the few threads that Node has for files. A semaphore is one. */
export interface Turns {
  /** Resolves in the order of asking: true when it is the caller's turn; false once `signal` is aborted, and then it is not. */
  acquire(signal?: AbortSignal): Promise<boolean>;
  release(): void;
}

/** Runs it when it is its turn. @throws {Error} when `signal` is aborted before */
export async function inTurn<T>(turns: Turns, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!(await turns.acquire(signal))) throw new Error('expected a turn with the disk, it was waited for in vain');
  try {
    return await run();
  } finally {
    turns.release();
  }
}
