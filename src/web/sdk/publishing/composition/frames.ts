import type { ComposedPicture, Surface } from './compositor.js';
import { paint } from './paint.js';

/**
 * Gives every picture of a stream of frames, until it ends or is stopped.
 * @returns a function that stops it
 */
export function readFrames(readable: ReadableStream<VideoFrame>, onPicture: (picture: ComposedPicture<VideoFrame>) => void): () => void {
  const reader = readable.getReader();
  let isStopped = false;
  const read = async (): Promise<void> => {
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      const frame = value;
      if (isStopped) frame.close();
      else onPicture({ image: frame, size: { width: frame.displayWidth, height: frame.displayHeight }, release: () => frame.close() });
    }
  };
  // A stream that breaks off gives no more pictures: whoever opened its track is told of that.
  read().catch(() => undefined);
  return () => {
    isStopped = true;
    reader.cancel().catch(() => undefined);
  };
}

/** Draws where nobody sees it, and writes each picture as a frame. */
export function frameSurface(writable: WritableStream<VideoFrame>, nowMs: () => number): Surface<VideoFrame> & { readonly close: () => void } {
  const canvas = new OffscreenCanvas(2, 2);
  const context = canvas.getContext('2d', { alpha: false });
  const writer = writable.getWriter();
  let last: VideoFrame | undefined;
  let lastTimestamp = 0;
  const nextTimestamp = (): number => (lastTimestamp = Math.max(lastTimestamp + 1000, Math.round(nowMs() * 1000)));
  const write = (frame: VideoFrame): void => {
    last?.close();
    last = frame.clone();
    // A rejection means that the track was stopped: there is nobody left to tell.
    writer.write(frame).catch(() => frame.close());
  };
  return {
    draw: (scene, images) => {
      if (context === null) return;
      if (canvas.width !== scene.size.width || canvas.height !== scene.size.height) Object.assign(canvas, scene.size);
      paint(context, scene, images);
      write(new VideoFrame(canvas, { timestamp: nextTimestamp(), alpha: 'discard' }));
    },
    repeat: () => {
      if (last !== undefined) write(new VideoFrame(last, { timestamp: nextTimestamp() }));
    },
    close: () => {
      last?.close();
      last = undefined;
      writer.close().catch(() => undefined);
    },
  };
}
