/** For a page's init script: how smoothly its video is shown, and which numbered pictures. Read it with `smoothnessOf`. */
export const watchSmoothness = `(() => {
  const seen = { startedAtMs: performance.now(), frames: [], waits: [], errors: [] };
  window.smoothness = seen;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 16, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const numberIn = (video) => {
    const unit = video.videoWidth / 64;
    context.drawImage(video, 0, unit, video.videoWidth, unit, 0, 0, 16, 1);
    const { data } = context.getImageData(0, 0, 16, 1);
    return Array.from({ length: 16 }, (_, bit) => (data[bit * 4 + 1] > 127 ? 2 ** bit : 0)).reduce((sum, value) => sum + value, 0);
  };
  const follow = (video) => {
    const look = (now, { mediaTime }) => {
      seen.frames.push({ atMs: now, mediaSeconds: mediaTime, number: numberIn(video), width: video.videoWidth });
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    for (const name of ['waiting', 'stalled', 'emptied']) video.addEventListener(name, () => seen.waits.push({ name, atMs: performance.now() }));
    video.addEventListener('error', () => seen.errors.push(video.error?.message));
  };
  const timer = setInterval(() => {
    const video = document.querySelector('video');
    if (!video) return;
    clearInterval(timer);
    follow(video);
  }, 20);
})();`;

export interface Smoothness {
  /** When the page began. */
  readonly startedAtMs: number;
  readonly frames: readonly { readonly atMs: number; readonly mediaSeconds: number; readonly number: number; readonly width: number }[];
  readonly waits: readonly { readonly name: string; readonly atMs: number }[];
  readonly errors: readonly string[];
}

/** The longest time without a new picture, ms, from this moment on. */
export function longestGapMs({ frames }: Smoothness, fromMs = 0): number {
  const times = frames.map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs);
  return Math.max(0, ...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
}
