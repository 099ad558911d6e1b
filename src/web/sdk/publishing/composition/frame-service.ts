import { Compositor, type Drawing } from './compositor.js';
import { frameSurface, readFrames } from './frames.js';
import type { PictureName } from './scene.js';

/** To who draws. */
export type DrawMessage =
  | { readonly type: 'begin'; readonly writable: WritableStream<VideoFrame> }
  | { readonly type: 'show'; readonly drawing: Drawing }
  /** Without a stream: there is no such picture any more. */
  | { readonly type: 'picture'; readonly name: PictureName; readonly readable?: ReadableStream<VideoFrame> }
  | { readonly type: 'close' };

/** From who draws; `ready` comes once, at the start, and `alive` twice a second from then on. */
export type DrawnMessage = { readonly type: 'ready' } | { readonly type: 'alive' } | { readonly type: 'drawn'; readonly version: number };

export interface DrawEndpoint {
  onmessage: ((event: { readonly data: DrawMessage }) => void) | null;
  postMessage(message: DrawnMessage): void;
}

const tickMs = 100;
const ticksPerSignOfLife = 5;

export interface DrawServiceOptions {
  readonly startTicker: (intervalMs: number, onTick: () => void) => () => void;
  readonly onClosed: () => void;
}

/** Draws what it is told to by messages: in a worker, or on the page where no worker may start. */
export function serveDrawing(endpoint: DrawEndpoint, { startTicker, onClosed }: DrawServiceOptions): void {
  const nowMs = (): number => performance.now();
  const reading = new Map<PictureName, () => void>();
  let compositor: Compositor<VideoFrame> | undefined;
  let close = onClosed;
  const begin = (writable: WritableStream<VideoFrame>): void => {
    const surface = frameSurface(writable, nowMs);
    const begun = new Compositor({ surface, onDrawn: (version) => endpoint.postMessage({ type: 'drawn', version }), nowMs });
    let ticks = 0;
    const stopTicker = startTicker(tickMs, () => {
      begun.tick();
      ticks += 1;
      if (ticks % ticksPerSignOfLife === 0) endpoint.postMessage({ type: 'alive' });
    });
    compositor = begun;
    close = () => {
      stopTicker();
      for (const stop of reading.values()) stop();
      begun.close();
      surface.close();
      onClosed();
    };
  };
  endpoint.onmessage = ({ data }) => {
    if (data.type === 'begin') begin(data.writable);
    if (data.type === 'show') compositor?.show(data.drawing);
    if (data.type === 'close') close();
    if (data.type !== 'picture') return;
    const { name, readable } = data;
    reading.get(name)?.();
    reading.delete(name);
    compositor?.announce(name, readable !== undefined);
    if (readable !== undefined) reading.set(name, readFrames(readable, (picture) => compositor?.see(name, picture)));
  };
  endpoint.postMessage({ type: 'ready' });
}
