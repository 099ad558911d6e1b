import { insertableStreams } from '../../steady-video.js';
import { startTicker } from '../../ticker.js';
import { openWorkerPort, type WorkerPort, type WorkerSeams } from '../../worker-port.js';
import { drawWorkerText } from './draw-worker-text.js';
import { serveDrawing, type DrawEndpoint, type DrawMessage, type DrawnMessage } from './frame-service.js';
import type { DrawerOptions, PictureDrawer } from './picture-drawer.js';

const browser: WorkerSeams = { openWorker: (address) => new Worker(address), text: drawWorkerText, startTicker };

/**
 * Draws frame by frame in a worker, or on the page where none may start: neither is slowed in a hidden tab, since it is the frames
 * that drive it. undefined where the browser gives no frames (Firefox and Safari).
 */
export async function openFrameDrawer({ onDrawn, onLost, onThePage }: DrawerOptions, seams: WorkerSeams = browser): Promise<PictureDrawer | undefined> {
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = insertableStreams();
  if (Processor === undefined || Generator === undefined) return undefined;
  const hear = (message: DrawnMessage): void => {
    if (message.type === 'drawn') onDrawn(message.version);
  };
  const { post, close } = (onThePage ? undefined : await openWorkerPort<DrawMessage, DrawnMessage>({ hear, onLost }, seams)) ?? openPagePort(hear);
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

function openPagePort(hear: (message: DrawnMessage) => void): WorkerPort<DrawMessage> {
  const endpoint: DrawEndpoint = { onmessage: null, postMessage: hear };
  serveDrawing(endpoint, { startTicker, onClosed: () => undefined });
  const post = (data: DrawMessage): void => endpoint.onmessage?.({ data });
  return { post, close: () => post({ type: 'close' }) };
}
