export interface PlayerPageOptions {
  readonly origin: string;
  readonly stream: string;
  readonly path: 'auto' | 'websocket' | 'hls';
  readonly mode: 'lowest-delay' | 'smooth';
}

/** One shown picture: when, its number, and how much was buffered ahead of it. */
export type ShownFrame = readonly [atMs: number, number: number, bufferSeconds: number];

/** Keeps for each picture of the page's `video` when it was shown, and which it is. */
export const watchNumbers = `const video = document.getElementById('video');
const canvas = new OffscreenCanvas(16, 1);
const context = canvas.getContext('2d', { willReadFrequently: true });
context.imageSmoothingEnabled = false;
window.shown = [];
window.told = [];
window.stalls = 0;
window.messages = [];
window.paths = [];
function look() {
  const now = Date.now();
  context.drawImage(video, 0, 8 * video.videoHeight / 720, video.videoWidth, 24 * video.videoHeight / 720, 0, 0, 16, 1);
  const row = context.getImageData(0, 0, 16, 1).data;
  let number = 0;
  for (let bit = 0; bit < 16; bit++) if (row[bit * 4 + 1] > 125) number |= 1 << bit;
  const { buffered, currentTime } = video;
  window.shown.push([now, number, buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0]);
  video.requestVideoFrameCallback(look);
}
video.requestVideoFrameCallback(look);
video.addEventListener('waiting', () => { if (window.shown.length > 0) window.stalls++; });
`;

/** A page that plays by the real SDK, and keeps for each picture when it was shown (`shown`) and what the player said itself (`told`). */
export function playerPage({ origin, stream, path, mode }: PlayerPageOptions): string {
  return `<!doctype html><meta charset="utf-8"><title>player</title>
<style>body { margin: 0 } video { width: 640px }</style>
<video id="video" muted playsinline></video>
<script type="module">
import { Player } from '${origin}/sdk/onair.js';
${watchNumbers}const player = new Player({ url: '${origin}', stream: ${JSON.stringify(stream)}, video, path: ${JSON.stringify(path)}, mode: ${JSON.stringify(mode)} });
player.on('stats', ({ latencySeconds, playbackRate, droppedFrames }) => window.told.push([Date.now(), latencySeconds, playbackRate, droppedFrames]));
player.on('path', ({ path, why }) => window.paths.push(path + ' (' + why + ')'));
player.on('state', ({ state, message }) => window.messages.push(state + (message ? ': ' + message : '')));
player.play();
</script>`;
}
