import t, { type Test } from 'tap';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, soundDelay, type Decoded } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { run } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(90_000);
t.jobs = 2;

const server = await startServer(t);
const seconds = 5;

/** Numbered pictures of any size, with sound that switches every half second. */
async function record(options: { width: number; height: number; rate: number; sound: boolean }, output: readonly string[]): Promise<Buffer> {
  const { width, height, rate, sound } = options;
  const row = `nullsrc=s=16x1:r=${rate},geq=lum='255*mod(floor(N/pow(2\\,X))\\,2)':cb=128:cr=128,scale=${width}:${Math.ceil(width / 16)}:flags=neighbor`;
  const picture = `testsrc2=s=${width}x${height}:r=${rate}[card];${row}[row];[card][row]overlay=format=yuv444,format=yuv420p`;
  const beep = ['-f', 'lavfi', '-i', "aevalsrc='sin(880*PI*t)*if(mod(floor(t*2)\\,2)\\,0.5\\,0.02)':s=48000"];
  const input = ['-f', 'lavfi', '-i', picture, ...(sound ? beep : [])];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-nostdin', ...input, '-t', String(seconds), ...output, 'pipe:1']);
  return stdout;
}

interface Watched {
  readonly source: Decoded;
  readonly result: Decoded;
  readonly info: LiveStreamInfo;
  /** What viewers were given, one timeline. */
  readonly media: Buffer;
}

async function publishAndWatch(t: Test, stream: string, bytes: Buffer): Promise<Watched> {
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  const viewer = new HlsViewer(server.hlsUrl(stream));
  const count = seconds * 10;
  const size = Math.ceil(bytes.length / count);
  await publisher.sendPaced(Array.from({ length: count }, (_, index) => ({ atMs: index * 100, data: bytes.subarray(index * size, (index + 1) * size) })));
  t.equal((await publisher.end()).code, 1000);
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await viewer.timelines();
  t.equal(timelines.length, 1);
  const info = (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
  const media = timelines[0]?.bytes ?? Buffer.alloc(0);
  return { source: await decode(t, bytes), result: await decode(t, media), info, media };
}

const numbersOf = ({ pictures }: Decoded): number[] => pictures.map(({ number }) => number);

const webm = ['-c:a', 'libopus', '-b:a', '64k', '-f', 'webm', '-cluster_time_limit', '200'];
const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '800k', '-g', '40', ...webm];

t.test('a picture of odd width and height loses a row and a column at most, and no picture', async (t) => {
  const { source, result, info } = await publishAndWatch(t, 'odd', await record({ width: 641, height: 361, rate: 20, sound: true }, vp8));
  t.strictSame(numbersOf(result), numbersOf(source));
  t.equal(numbersOf(result).length, 100);
  t.match(info.rendition, { width: 640, height: 360 });
  t.ok(Math.abs(soundDelay(source, result)) <= 0.05);
});

t.test('a picture without sound', async (t) => {
  const { source, result, info } = await publishAndWatch(t, 'silent', await record({ width: 320, height: 180, rate: 25, sound: false }, vp8));
  t.strictSame(numbersOf(result), numbersOf(source));
  t.equal(result.loudness.length, 0);
  t.match(info.rendition?.codecs, /^avc1\.[0-9a-f]{6}$/);
  t.equal(info.rendition?.frameRate, 25);
});

t.test('H.264 and AAC in fragmented MP4, as Safari sends it, are copied both', async (t) => {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-g', '20', '-b:v', '800k'];
  const mp4 = ['-c:a', 'aac', '-b:a', '96k', '-f', 'mp4', '-movflags', '+empty_moov+default_base_moof+frag_keyframe'];
  const { source, result, info } = await publishAndWatch(t, 'safari', await record({ width: 640, height: 360, rate: 20, sound: true }, [...x264, ...mp4]));
  t.match(info.recording, { container: 'mp4', tracks: [{ kind: 'video', action: 'copy' }, { kind: 'audio', action: 'copy' }] });
  t.strictSame(numbersOf(result), numbersOf(source));
  t.ok(Math.abs(soundDelay(source, result)) <= 0.05);
});

t.test('AV1 is encoded to what every device plays', async (t) => {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-encoders']);
  if (!stdout.toString().includes('libsvtav1')) return t.pass('this ffmpeg makes no AV1');
  const av1 = ['-c:v', 'libsvtav1', '-preset', '12', '-g', '40', '-b:v', '500k', ...webm];
  const { source, result, info } = await publishAndWatch(t, 'av1', await record({ width: 320, height: 180, rate: 20, sound: true }, av1));
  t.match(info.recording, { tracks: [{ sourceCodec: 'av1', action: 'transcode' }, {}] });
  t.strictSame(numbersOf(result), numbersOf(source));
});

/** The same recording, whose header says that every frame lasts this long: its DefaultDuration, RFC 9559 §5.1.4.1.13. */
function withLyingDurations(recording: Buffer, nanoseconds: number): Buffer {
  const copy = Buffer.from(recording);
  const at = copy.indexOf(Buffer.from('23e383', 'hex'));
  if (at < 0) throw new Error('expected a DefaultDuration in the recording');
  copy.writeUIntBE(nanoseconds, at + 4, (copy[at + 3] ?? 0) & 0x7f);
  return copy;
}

for (const [what, nanoseconds] of [['a thousandth', 50_000], ['a hundredfold', 4_000_000_000]] as const) {
  t.test(`frames that claim to last ${what} of what they do come out whole, in order, with their sound`, async (t) => {
    const bytes = await record({ width: 320, height: 180, rate: 20, sound: true }, vp8);
    const { source, result, media } = await publishAndWatch(t, `lying-${nanoseconds}`, withLyingDurations(bytes, nanoseconds));
    t.strictSame(numbersOf(result), numbersOf(source));
    t.ok(Math.abs(soundDelay(source, result)) <= 0.05);
    const spanSeconds = (result.pictures.at(-1)?.timeSeconds ?? 0) - (result.pictures[0]?.timeSeconds ?? 0);
    t.ok(Math.abs(spanSeconds - seconds) < 0.2, `they span ${spanSeconds.toFixed(2)} s`);
    const longestSeconds = Math.max(...new FragmentReader().push(media).flatMap((event) => (event.type === 'fragment' ? event.fragment.runs.map(({ duration }) => duration / 48_000) : [])));
    t.ok(longestSeconds < 0.5, `no fragment claims more than ${longestSeconds.toFixed(3)} s`);
  });
}

