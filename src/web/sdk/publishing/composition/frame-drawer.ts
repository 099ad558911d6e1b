import { insertableStreams } from '../../steady-video.js';
import { startTicker } from '../../ticker.js';
import { drawWorkerText } from './draw-worker-text.js';
import { serveDrawing, type DrawEndpoint, type DrawMessage, type DrawnMessage } from './frame-service.js';
import type { DrawerOptions, PictureDrawer } from './picture-drawer.js';

/** A worker that has not said a word by then may not start. */
const readyWithinMs = 2_000;
/** It gives a sign of life as often. Counted in ticks of the page, which stand still with it when the machine sleeps. */
const lookMs = 500;
const deadAfterLooks = 5;

/** Who draws, seen from the page. */
export interface DrawPort {
  readonly post: (message: DrawMessage, transfer: Transferable[]) => void;
  readonly close: () => void;
}

export interface FrameDrawerSeams {
  readonly openWorker: (address: string) => Worker;
  readonly text: string;
  readonly startTicker: typeof startTicker;
}

const browser: FrameDrawerSeams = { openWorker: (address) => new Worker(address), text: drawWorkerText, startTicker };

/**
 * Draws frame by frame in a worker, or on the page where none may start: neither is slowed in a hidden tab, since it is the frames
 * that drive it. undefined where the browser gives no frames (Firefox and Safari).
 */
export async function openFrameDrawer({ onDrawn, onLost, onThePage }: DrawerOptions, seams: FrameDrawerSeams = browser): Promise<PictureDrawer | undefined> {
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = insertableStreams();
  if (Processor === undefined || Generator === undefined) return undefined;
  const hear = (message: DrawnMessage): void => {
    if (message.type === 'drawn') onDrawn(message.version);
  };
  const { post, close } = (onThePage ? undefined : await openWorkerPort({ hear, onLost }, seams)) ?? openPagePort(hear);
  const track = new Generator({ kind: 'video' });
  post({ type: 'begin', writable: track.writable }, [track.writable]);
  return {
    track,
    take: (name, source) => {
      const readable = source === undefined ? undefined : new Processor({ track: source }).readable;
      post({ type: 'picture', name, ...(readable !== undefined && { readable }) }, readable === undefined ? [] : [readable]);
    },
    show: (drawing) => post({ type: 'show', drawing }, []),
    close: () => {
      track.stop();
      close();
    },
  };
}

interface WorkerPortOptions {
  readonly hear: (message: DrawnMessage) => void;
  readonly onLost: () => void;
}

async function openWorkerPort({ hear, onLost }: WorkerPortOptions, { openWorker, text, startTicker }: FrameDrawerSeams): Promise<DrawPort | undefined> {
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
    const stopWatching = watchWorker(opened, { hear, onLost }, startTicker);
    return {
      post: (message, transfer) => opened.postMessage(message, transfer),
      close: () => {
        stopWatching();
        opened.postMessage({ type: 'close' } satisfies DrawMessage);
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
function watchWorker(worker: Worker, { hear, onLost }: WorkerPortOptions, start: typeof startTicker): () => void {
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
  worker.onmessage = ({ data }: MessageEvent<DrawnMessage>) => {
    silentLooks = 0;
    hear(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    lose();
  };
  return stop;
}

function openPagePort(hear: (message: DrawnMessage) => void): DrawPort {
  const endpoint: DrawEndpoint = { onmessage: null, postMessage: hear };
  serveDrawing(endpoint, { startTicker, onClosed: () => undefined });
  const post = (data: DrawMessage): void => endpoint.onmessage?.({ data });
  return { post, close: () => post({ type: 'close' }) };
}
