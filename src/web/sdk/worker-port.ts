import type { startTicker } from './ticker.js';

/** A worker that has not said a word by then may not start. */
const readyWithinMs = 2_000;
/** It gives a sign of life as often. Counted in ticks of the page, which stand still with it when the machine sleeps. */
const lookMs = 500;
const deadAfterLooks = 5;
/** It closes by itself, what it holds open first; one that hangs is ended. */
const closesWithinMs = 1_000;

export interface WorkerSeams {
  readonly openWorker: (address: string) => Worker;
  /** The worker's whole program. Empty where nothing was built: then there is none. */
  readonly text: string;
  readonly startTicker: typeof startTicker;
}

/** Who works, seen from the page. */
export interface WorkerPort<Message> {
  readonly post: (message: Message, transfer: Transferable[]) => void;
  /** Says `close` to it, and ends it if it does not by itself. */
  readonly close: () => void;
}

export interface WorkerPortOptions<Word> {
  readonly hear: (word: Word) => void;
  /** It failed, or the browser ended it. */
  readonly onLost: () => void;
}

/**
 * Starts a worker from its text, so that a page of any origin can. Its first word says that it is there, and is not heard; from then
 * on it says something twice a second at least.
 * @returns undefined where none may start: the page's content security policy needs `worker-src blob:`
 */
export async function openWorkerPort<Message extends { readonly type: string }, Word>(options: WorkerPortOptions<Word>, { openWorker, text, startTicker }: WorkerSeams): Promise<WorkerPort<Message | { readonly type: 'close' }> | undefined> {
  if (text === '') return undefined;
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  let worker: Worker | undefined;
  try {
    const opened = openWorker(address);
    worker = opened;
    const isReady = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), readyWithinMs);
      const settle = (isThere: boolean): void => {
        clearTimeout(timer);
        resolve(isThere);
      };
      opened.onmessage = () => settle(true);
      // Taken here, so that the page's own error handlers are not bothered with it.
      opened.onerror = (event) => {
        event.preventDefault();
        settle(false);
      };
    });
    if (!isReady) throw new Error('expected a worker that starts');
    const stopWatching = watchWorker(opened, options, startTicker);
    return {
      post: (message, transfer) => opened.postMessage(message, transfer),
      close: () => {
        stopWatching();
        opened.postMessage({ type: 'close' });
        setTimeout(() => opened.terminate(), closesWithinMs);
      },
    };
  } catch {
    worker?.terminate();
    return undefined;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * A worker that fails says so by an event; one that the browser ended, for its memory or without a reason, falls silent.
 * @returns a function that ends the watch
 */
function watchWorker<Word>(worker: Worker, { hear, onLost }: WorkerPortOptions<Word>, start: typeof startTicker): () => void {
  let silentLooks = 0;
  const lose = (): void => {
    stop();
    worker.terminate();
    onLost();
  };
  const stopTicker = start(lookMs, () => {
    silentLooks += 1;
    if (silentLooks > deadAfterLooks) lose();
  });
  const stop = (): void => {
    stopTicker();
    worker.onmessage = worker.onerror = null;
  };
  worker.onmessage = ({ data }: MessageEvent<Word>) => {
    silentLooks = 0;
    hear(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    lose();
  };
  return stop;
}
