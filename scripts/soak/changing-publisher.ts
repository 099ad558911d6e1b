export interface ChangingPublisherOptions {
  readonly origin: string;
  readonly key: string;
  readonly stream: string;
}

/**
 * A page that publishes by the real SDK: numbered pictures 20 times a second with a tone, or camera and microphone, as `change`
 * says. A worker keeps the pace and the pictures are made without the page's rendering, so that a hidden tab goes on as a
 * camera would. It keeps when each number was drawn (`drawnMs`).
 */
export function changingPublisherPage({ origin, key, stream }: ChangingPublisherOptions): string {
  return `<!doctype html><meta charset="utf-8"><title>publisher</title>
<script type="module">
import { Publisher, captureCamera } from '${origin}/sdk/onair.js';
const [width, height, rate] = [640, 360, 20];
const canvas = new OffscreenCanvas(width, height);
const context = canvas.getContext('2d', { alpha: false });
window.drawnMs = new Float64Array(65536);
window.news = [];
let number = 0;
let writer;
function draw() {
  if (writer === undefined) return;
  context.fillStyle = 'hsl(' + (number % 360) + ',60%,40%)';
  context.fillRect(0, 0, width, height);
  for (let bit = 0; bit < 16; bit++) {
    context.fillStyle = (number >> bit) & 1 ? '#fff' : '#000';
    context.fillRect(bit * width / 16, 0, width / 16, width / 32);
  }
  window.drawnMs[number] = Date.now();
  number = (number + 1) % 65536;
  const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
  writer.write(frame).catch(() => frame.close());
}
const pace = new Worker(URL.createObjectURL(new Blob(['setInterval(() => postMessage(0), ' + 1000 / rate + ')'])));
pace.onmessage = draw;

const audio = new AudioContext();
const tone = audio.createOscillator();
tone.start();
function numbered() {
  const track = new MediaStreamTrackGenerator({ kind: 'video' });
  const speaker = audio.createMediaStreamDestination();
  tone.connect(speaker);
  writer = track.writable.getWriter();
  const media = new MediaStream([track, ...speaker.stream.getAudioTracks()]);
  return { media, close: () => {
    writer = undefined;
    tone.disconnect(speaker);
    for (const each of media.getTracks()) each.stop();
  } };
}

const quality = (name, width, height, videoBitsPerSecond) => ({ name, width, height, frameRate: rate, videoBitsPerSecond, audioBitsPerSecond: 64_000 });
const qualities = { usual: quality('usual', 640, 360, 600_000), light: quality('light', 320, 180, 250_000) };
let present = numbered();
const publisher = new Publisher({ url: '${origin}', key: ${JSON.stringify(key)}, stream: ${JSON.stringify(stream)}, media: present.media, quality: qualities.usual });
publisher.on('state', (state) => window.news.push(state));
publisher.on('warning', ({ code }) => window.news.push(code));
publisher.on('error', (error) => window.news.push(error.message));
async function change(next) {
  const before = present;
  present = next;
  await publisher.replaceMedia(next.media);
  before.close();
}
window.change = {
  camera: async () => {
    const capture = await captureCamera({ quality: qualities.usual });
    await publisher.replaceMedia(capture);
    present.close();
    present = { media: capture, close: () => capture.close() };
  },
  numbered: () => change(numbered()),
  light: () => publisher.setQuality(qualities.light),
  usual: () => publisher.setQuality(qualities.usual),
  mute: () => { publisher.mute('audio'); publisher.mute('video'); },
  unmute: () => { publisher.unmute('audio'); publisher.unmute('video'); },
};
publisher.start().catch((error) => window.news.push(error.message));
</script>`;
}
