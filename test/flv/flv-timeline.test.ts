import t, { type Test } from 'tap';

import { FlvTimeline } from '../../src/flv/flv-timeline.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment, type InitSegment } from '../../src/fmp4/init-segment.js';
import { audioTrack, box, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { findProgram, run, skipWithout } from '../helpers/programs.js';

const skip = skipWithout(findProgram('ffprobe'), 'ffprobe');

interface Packet {
  readonly kind: string;
  readonly decodeSeconds: number;
  readonly presentSeconds: number;
  readonly isKeyframe: boolean;
  readonly hash: string;
}

async function packetsOf(media: Buffer, format: string): Promise<Packet[]> {
  const wanted = 'packet=codec_type,dts_time,pts_time,flags,data_hash';
  const { stdout, stderr } = await run('ffprobe', ['-v', 'warning', '-f', format, '-show_packets', '-show_data_hash', 'md5', '-show_entries', wanted, '-of', 'json', '-i', 'pipe:0'], { input: media });
  if (stderr !== '') throw new Error(stderr);
  const { packets } = JSON.parse(stdout.toString()) as { packets: { codec_type: string; dts_time: string; pts_time: string; flags: string; data_hash: string }[] };
  return packets.map((packet) => ({ kind: packet.codec_type, decodeSeconds: Number(packet.dts_time), presentSeconds: Number(packet.pts_time), isKeyframe: packet.flags.startsWith('K'), hash: packet.data_hash }));
}

function read(media: Buffer): { init: InitSegment; fragments: Fragment[] } {
  let init: InitSegment | undefined;
  const fragments: Fragment[] = [];
  for (const event of new FragmentReader().push(media)) {
    if (event.type === 'init') init = event.init;
    else fragments.push(event.fragment);
  }
  if (!init) throw new Error('expected an init segment');
  return { init, fragments };
}

async function testMedia(options: readonly string[]): Promise<Buffer> {
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=30', '-f', 'lavfi', '-i', 'sine=440:r=48000'];
  const output = ['-t', '3', '-movflags', 'empty_moov+default_base_moof+skip_trailer', '-use_editlist', '0', '-video_track_timescale', '90000', '-f', 'mp4', 'pipe:1'];
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...sources, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', '-g', '30', ...options, '-c:a', 'aac', ...output]);
  return stdout;
}

async function sameTimes(t: Test, mp4: Buffer): Promise<void> {
  const { init, fragments } = read(mp4);
  const timeline = new FlvTimeline(init);
  const { startMs, bytes } = timeline.tags(fragments);
  const [source, result] = await Promise.all([packetsOf(mp4, 'mp4'), packetsOf(Buffer.concat([timeline.fileHeader, timeline.decoderHeaders(startMs ?? NaN), bytes]), 'flv')]);
  for (const kind of ['video', 'audio']) {
    const [wanted, found] = [source, result].map((packets) => packets.filter((packet) => packet.kind === kind)) as [Packet[], Packet[]];
    t.ok(found.length > 80, `${String(found.length)} ${kind} packets`);
    t.strictSame(found.map(({ hash }) => hash), wanted.map(({ hash }) => hash), 'byte for byte');
    t.strictSame(found.map(({ isKeyframe }) => isKeyframe), wanted.map(({ isKeyframe }) => isKeyframe));
    const drift = Math.max(...found.flatMap((packet, index) => [Math.abs(packet.decodeSeconds - wanted[index]!.decodeSeconds), Math.abs(packet.presentSeconds - wanted[index]!.presentSeconds)]));
    t.ok(drift <= 0.0011, `times are off by ${String(drift * 1000)} ms at most`);
  }
  const order = result.map(({ decodeSeconds }) => decodeSeconds);
  t.strictSame(order, order.toSorted((a, b) => a - b), 'sound and picture by their decode times');
}

t.test("what is read back from FLV has the source's frames at the source's times", { skip }, async (t) => {
  await sameTimes(t, await testMedia(['-tune', 'zerolatency', '-frag_duration', '1']));
});

t.test('frames that are shown in another order than decoded keep both, in fragments of many', { skip }, async (t) => {
  await sameTimes(t, await testMedia(['-bf', '2', '-frag_duration', '500000']));
});

t.test('what a decoder must know comes from the init segment, picture first', async (t) => {
  const timeline = new FlvTimeline(readInitSegment(initSegment([audioTrack, videoTrack])));
  t.equal(timeline.fileHeader.toString('hex'), '464c560105000000090000000' + '0');
  const picture = `090000 0c 000005 00 000000 17 00 000000 0142c01fffe000 00000017`;
  const sound = `080000 04 000005 00 000000 af 00 1190 0000000f`;
  t.equal(timeline.decoderHeaders(5).toString('hex'), (picture + sound).replaceAll(' ', ''));
});

t.test('times begin again before they would turn negative for their readers', async (t) => {
  const init = readInitSegment(initSegment([videoTrack]));
  const timeline = new FlvTimeline(init);
  const times = [2 ** 31 - 10, 2 ** 31 + 30].map((startMs) => {
    const startSeconds = startMs / 1000;
    const { bytes } = timeline.tags([fragment([{ track: videoTrack, startSeconds, durationSeconds: 0.04, keyframe: true }])]);
    return bytes.length === 0 ? undefined : bytes.readUIntBE(4, 3) + bytes[7]! * 2 ** 24;
  });
  t.strictSame(times, [2 ** 31 - 10, 30]);
});

/** One picture with its size and its composition offset, in ticks. */
function picture(payload: Buffer, compositionOffset: number): Fragment {
  const numbers = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(new Uint32Array([value]).buffer).swap32()));
  const tfhd = box('tfhd', [numbers(0x020000, videoTrack.trackId)]);
  const tfdt = box('tfdt', [numbers(0, 0)]);
  const trun = (offset: number): Buffer => box('trun', [numbers(0xf01, 1, offset, 90_000, payload.length, 0, compositionOffset >>> 0)]);
  const moof = (offset: number): Buffer => box('moof', [box('mfhd', [Buffer.alloc(8)]), box('traf', [tfhd, tfdt, trun(offset)])]);
  const [event] = new FragmentReader().push(Buffer.concat([moof(moof(0).length + 8), box('mdat', [payload])]));
  if (event?.type !== 'fragment') throw new Error('expected a fragment');
  return event.fragment;
}

t.test('what FLV can not hold breaks nothing: composition times are brought near, frames too large left out', async (t) => {
  const timeline = new FlvTimeline(readInitSegment(initSegment([videoTrack])));
  const compositionMs = (offset: number): number => timeline.tags([picture(Buffer.from('picture'), offset)]).bytes.readIntBE(13, 3);
  const { timescale } = videoTrack;
  t.equal(compositionMs(timescale), 1000);
  t.equal(compositionMs(-timescale), -1000);
  t.equal(compositionMs(0x7fffffff), Math.min(0x7fffff, Math.round((0x7fffffff * 1000) / timescale)));
  t.equal(compositionMs(-0x7fffffff), -Math.min(0x7fffff, Math.round((0x7fffffff * 1000) / timescale)));
  const tagBytes = (payloadBytes: number): number => timeline.tags([picture(Buffer.alloc(payloadBytes), 0)]).bytes.length;
  t.equal(tagBytes(0xffffff - 5), 11 + 0xffffff + 4, 'the largest there is');
  t.equal(tagBytes(0xffffff - 4), 0, 'and one byte more');
});
