export interface PublisherPageOptions {
  readonly origin: string;
  readonly key: string;
  readonly stream: string;
  readonly codec: 'h264' | 'vp8';
  readonly encoder: 'mediarecorder' | 'webcodecs';
  /** Of 1280 by 720 pixels; 1 unless told otherwise. */
  readonly scale?: number;
  /** Where else the very same bytes are sent: publish URLs of other servers. */
  readonly mirrors?: readonly string[];
}

/**
 * A page that draws numbered pictures 30 times a second and publishes them, with a tone, by the real SDK. It keeps when each number
 * was drawn (`drawnMs`), and, while `sent` is an array, every message it sent and when.
 */
export function publisherPage({ origin, key, stream, codec, encoder, scale = 1, mirrors = [] }: PublisherPageOptions): string {
  return `<!doctype html><meta charset="utf-8"><title>publisher</title><canvas id="canvas" width="${String(1280 * scale)}" height="${String(720 * scale)}"></canvas>
<script type="module">
import { Publisher } from '${origin}/sdk/onair.js';
const canvas = document.getElementById('canvas');
const context = canvas.getContext('2d', { alpha: false });
context.scale(${String(scale)}, ${String(scale)});
const track = canvas.captureStream(0).getVideoTracks()[0];
const noise = context.createImageData(320, 180);
for (let i = 0; i < noise.data.length; i++) noise.data[i] = Math.random() * 255;

window.drawnMs = new Float64Array(65536);
window.failures = [];
let number = 0;
function draw() {
  context.fillStyle = 'hsl(' + (number % 360) + ',60%,40%)';
  context.fillRect(0, 0, 1280, 720);
  context.putImageData(noise, (number * 7) % 960, 100 + (number * 3) % 400);
  for (let bit = 0; bit < 16; bit++) {
    context.fillStyle = (number >> bit) & 1 ? '#fff' : '#000';
    context.fillRect(bit * 80, 0, 80, 40);
  }
  window.drawnMs[number] = Date.now();
  number = (number + 1) % 65536;
  track.requestFrame();
}
let due = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now < due) return;
  draw();
  due += 1000 / 30;
  if (due < now - 100) due = now;
}, 4);

const audio = new AudioContext();
const tone = audio.createOscillator();
const speaker = audio.createMediaStreamDestination();
tone.connect(speaker);
tone.start();
await audio.resume();

const native = MediaRecorder.isTypeSupported.bind(MediaRecorder);
MediaRecorder.isTypeSupported = (type) => native(type) && (${JSON.stringify(codec)} === 'vp8' ? /vp8/.test(type) : /h264|avc1/.test(type));
const send = WebSocket.prototype.send;
const mirrors = await Promise.all(${JSON.stringify(mirrors)}.map((url) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve(socket);
  socket.onerror = () => reject(new Error('expected ' + url + ' to take a publisher'));
})));
WebSocket.prototype.send = function (data) {
  if (window.sent && typeof data !== 'string') window.sent.push([Date.now(), new Uint8Array(data.buffer ?? data).slice()]);
  for (const mirror of mirrors) send.call(mirror, data);
  return send.call(this, data);
};
window.sent = [];
/** What was sent until now, as one base64 text and the length and time of each message. */
window.takeSent = () => {
  const messages = window.sent;
  window.sent = undefined;
  const bytes = new Uint8Array(messages.reduce((sum, [, each]) => sum + each.length, 0));
  let offset = 0;
  for (const [, each] of messages) { bytes.set(each, offset); offset += each.length; }
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return { base64: btoa(text), messages: messages.map(([atMs, each]) => [atMs, each.length]) };
};

const publisher = new Publisher({ encoder: ${JSON.stringify(encoder)}, renditions: 1, url: '${origin}', key: ${JSON.stringify(key)}, stream: ${JSON.stringify(stream)}, media: new MediaStream([track, ...speaker.stream.getAudioTracks()]) });
publisher.on('encoder', (facts) => { if (facts.encoder !== ${JSON.stringify(encoder)}) window.failures.push('encoded by ' + facts.encoder + ': ' + facts.why); });
publisher.on('error', (error) => window.failures.push(error.message));
publisher.on('warning', (warning) => window.failures.push(warning.message));
publisher.on('state', (state) => { window.state = state; });
publisher.start().catch((error) => window.failures.push(error.message));
</script>`;
}
