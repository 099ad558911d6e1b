import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { defaultEncodeLimits, encodedSize, readEncodeLimits } from '../../src/live/encode-limits.js';
import { findFfmpeg } from '../../src/live/ffmpeg-locator.js';
import { planTranscode } from '../../src/live/ffmpeg-options.js';
import { FfmpegTranscoder } from '../../src/live/ffmpeg-transcoder.js';
import type { SourceEvent, SourceTrack } from '../../src/source/source-reader.js';
import { eventsOf } from '../source/fixture.js';

const found = await findFfmpeg({ path: process.env.FFMPEG_PATH });
const bundled = await findFfmpeg({ searchPath: '' }).catch(() => undefined);
const installed = bundled === undefined || bundled.path === found.path ? [found] : [found, bundled];

t.test('a picture within the limits keeps its size but for an odd line; a larger one is scaled in proportion, lying or upright', async (t) => {
  const sizes = ([width, height]: readonly [number, number]): string => Object.values(encodedSize({ width, height }, defaultEncodeLimits)).join('x');
  const table = [
    [[1920, 1088], '1920x1088'], [[1088, 1920], '1088x1920'], [[641, 361], '640x360'], [[1, 1], '2x2'], [[3840, 2160], '1920x1080'],
    [[2160, 3840], '1080x1920'], [[16_000, 16_000], '1088x1088'], [[1_000_000, 2], '1920x2'], [[1920, 1440], '1450x1088'],
  ] as const;
  for (const [size, expected] of table) t.equal(sizes(size), expected, size.join('x'));
  t.strictSame(readEncodeLimits('720x1280', 30), { longSide: 1280, shortSide: 720, framesPerSecond: 30 });
});

t.test('who sends more than is encoded is told, and nobody else is', async (t) => {
  const reason = (track: Partial<SourceTrack>): string | undefined =>
    planTranscode({ container: 'webm', tracks: [{ id: 1, kind: 'video', codec: 'vp8', ...track }] }, { segmentSeconds: 2, ffmpegMajor: 7 }).tracks[0]?.reason;
  t.equal(reason({ width: 3840, height: 2160 }), 'Not every device can play VP8: transcoded to H.264, scaled down to 1920 × 1080');
  t.equal(reason({ width: 641, height: 361 }), 'Not every device can play VP8: transcoded to H.264');
  const copied: SourceTrack = { id: 1, kind: 'video', codec: 'h264', width: 3840, height: 2160, profile: 100 };
  t.match(planTranscode({ container: 'webm', tracks: [copied] }, { segmentSeconds: 2, ffmpegMajor: 7 }).tracks, [{ action: 'copy' }]);
});

for (const { path, major, version } of installed) {
  const record = async (input: string, ...options: string[]): Promise<Buffer> => {
    const child = spawn(path, ['-loglevel', 'error', '-f', 'lavfi', '-i', input, ...options, '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-f', 'webm', 'pipe:1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [bytes] = await Promise.all([buffer(child.stdout), once(child, 'exit')]);
    return bytes;
  };
  const transcode = async (bytes: Buffer): Promise<SourceEvent[]> => {
    const header = eventsOf(bytes).find((event) => event.type === 'header')?.header;
    if (!header) throw new Error('expected a recording');
    const transcoder = new FfmpegTranscoder(planTranscode(header, { segmentSeconds: 2, ffmpegMajor: major, startSeconds: 0 }), { ffmpegPath: path, endTimeoutMs: 60_000 });
    const chunks: Buffer[] = [];
    const output = transcoder.read((chunk) => void chunks.push(chunk));
    await transcoder.write(bytes);
    transcoder.end();
    await output;
    const error = await transcoder.closed;
    if (error) throw error;
    return eventsOf(Buffer.concat(chunks));
  };
  const times = (events: readonly SourceEvent[]): number[] => events.flatMap((event) => (event.type === 'frame' ? [event.timeSeconds] : []));

  t.test(`a header that claims 16,000 × 16,000 has nothing of that size encoded: ffmpeg ${version}`, async (t) => {
    const bytes = await record('testsrc=size=320x272:rate=10:duration=1');
    for (const [id, pixels] of [[0xb0, 320], [0xba, 272]] as const) {
      const at = bytes.indexOf(Buffer.from([id, 0x82, pixels >> 8, pixels & 0xff]));
      t.ok(at > 0);
      bytes.writeUInt16BE(16_000, at + 2);
    }
    const events = await transcode(bytes);
    t.match(events.find((event) => event.type === 'header'), { header: { tracks: [{ width: 1088, height: 1088 }] } });
    t.equal(times(events).length, 10);
  });

  t.test(`a huge picture is scaled down in proportion: ffmpeg ${version}`, async (t) => {
    const events = await transcode(await record('color=c=red:size=4000x1000:rate=5:duration=0.4'));
    t.match(events.find((event) => event.type === 'header'), { header: { tracks: [{ width: 1920, height: 480 }] } });
    t.equal(times(events).length, 2);
  });

  t.test(`pictures beyond the limit are left out, and none below it, however unevenly they come: ffmpeg ${version}`, async (t) => {
    const fast = times(await transcode(await record('testsrc=size=64x48:rate=240:duration=2')));
    t.ok(fast.length <= 2 * 63 + 16 && fast.length >= 2 * 60, `${fast.length} of 480 pictures`);
    const uneven = await record('testsrc=size=64x48:rate=60:duration=3', '-vf', "setpts='PTS+if(mod(N,2),0.012,0)/TB'");
    t.equal(times(await transcode(uneven)).length, 180);
  });
}
