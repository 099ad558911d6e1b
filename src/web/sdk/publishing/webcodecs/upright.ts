/** What newer browsers tell of a frame, and the types do not know yet. */
interface Turned {
  readonly rotation?: number;
  readonly flip?: boolean;
}

let canvas: OffscreenCanvas | undefined;

/**
 * The frame as it is to be seen. Phones' cameras give pixels as their sensor has them and say how to turn them; an encoder takes the
 * pixels alone. What was turned is closed.
 */
export function upright(frame: VideoFrame): VideoFrame {
  const { rotation = 0, flip = false } = frame as Turned;
  if (rotation === 0 && !flip) return frame;
  const { displayWidth: width, displayHeight: height, timestamp } = frame;
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext('2d', { alpha: false })?.drawImage(frame, 0, 0, width, height);
  frame.close();
  return new VideoFrame(canvas, { timestamp });
}
