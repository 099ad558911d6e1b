import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planTranscode } from '../../src/live/ffmpeg-options.js';
import { MatroskaWriter } from '../../src/source/matroska-writer.js';
import type { SourceTrack } from '../../src/source/source-events.js';
import { SourceReader } from '../../src/source/source-reader.js';
import { TakeCutter } from '../../src/source/take-cutter.js';
import type { ShapedFrame } from '../../src/source/track-shaper.js';
import { aacConfig, avcConfig, flv, keyframe, picture, sound } from '../../test/source/flv-builder.js';
import { mpegts } from '../../test/source/mpegts-builder.js';
import type { Dice } from './dice.js';
import { mutateBytes, mutateText } from './mutations.js';
import { readStrictly } from './strict-matroska.js';

/** What the writer is given: one take. */
export interface WriterInput {
  readonly tracks: readonly SourceTrack[];
  readonly frames: readonly ShapedFrame[];
}

const ticksPerSecond = 1_000_000;
const evilFacts = [0, -1, 1, 15, 255, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53, 2 ** 63, 2 ** 64, 1e300, 0.5, -0.5, NaN, Infinity, -Infinity, undefined];
const evilTimes = [0, -0, -1, 1e-7, 0.032_767, 0.032_768, 65.536, 1e6, 1e9, 1e12, 2 ** 53, 1e300, NaN, Infinity, -Infinity];
const codecs = ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'mjpeg', 'flv1', 'vp6f', 'flashsv', 'h263', 'opus', 'vorbis', 'aac', 'mp3', 'flac', 'pcm', 'alaw', 'mulaw', 'speex', 'aac_latm', 'ac3', '', 'constructor', '__proto__'];

/** Takes of real recordings, and of recordings in containers that browsers do not send. */
export const writerSeeds: readonly WriterInput[] = [
  ...['chromium-vp8.webm', 'chromium-h264.mkv', 'chromium-h264.mp4', 'firefox-vp8.webm', 'chromium-audio.webm'].map((name) => readFileSync(join(import.meta.dirname, '../../test/fixtures', name)).subarray(0, 60_000)),
  flv('av', [{ script: [2, 0, 10] }, avcConfig, aacConfig, keyframe(0), ...Array.from({ length: 60 }, (_, index) => (index % 2 ? sound(index * 20) : picture(index * 20)))]),
  mpegts(),
].flatMap(takesIn);

/** What becomes of the bytes where ffmpeg gets them. */
export function takesIn(bytes: Uint8Array): WriterInput[] {
  const reader = new SourceReader();
  const cutter = new TakeCutter();
  const takes: { tracks: readonly SourceTrack[]; frames: ShapedFrame[] }[] = [];
  for (const event of [...cutter.push([...reader.push(bytes), ...reader.end()]), ...cutter.end()]) {
    if (event.type === 'take') takes.push({ tracks: event.header.tracks, frames: [] });
    else if (event.type === 'frame') takes.at(-1)?.frames.push(event.frame);
  }
  return takes;
}

/** A take with some of its facts, times, bytes and order changed. */
export function mutateTake(dice: Dice, { tracks, frames }: WriterInput): WriterInput {
  const some = frames.slice(0, 1 + dice.int(60));
  for (let changes = dice.int(8); changes > 0 && some.length > 0; changes--) {
    const at = dice.int(some.length);
    const frame = some[at]!;
    const changed = dice.pick<(() => ShapedFrame[]) | undefined>([
      () => [],
      () => [frame, frame],
      () => [{ ...frame, timeSeconds: dice.chance(2) ? dice.pick(evilTimes) : frame.timeSeconds + (dice.int(2000) - 1000) / 10 }],
      () => [{ ...frame, bytes: mutateBytes(dice, Buffer.from(frame.bytes)) }],
      () => [{ ...frame, bytes: dice.chance(2) ? new Uint8Array(0) : dice.bytes(1 + dice.int(2000)) }],
      () => [{ ...frame, keyframe: !frame.keyframe }],
      () => [{ ...frame, track: dice.int(4) }],
      () => [frame, ...some.slice(0, at).reverse()],
    ])!();
    some.splice(at, 1, ...changed);
  }
  const changedTracks = tracks.map((track) => (dice.chance(2) ? mutateTrack(dice, track) : track));
  return { tracks: dice.chance(30) ? Array.from({ length: 40 * (1 + dice.int(4)) }, (_, id) => ({ ...tracks[0]!, id })) : changedTracks, frames: some };
}

function mutateTrack(dice: Dice, track: SourceTrack): SourceTrack {
  const fact = dice.pick(['width', 'height', 'sampleRate', 'channels', 'sampleBits', 'codecDelayNs'] as const);
  return dice.pick<() => SourceTrack>([
    () => ({ ...track, [fact]: dice.pick(evilFacts) }),
    () => ({ ...track, codec: dice.pick(codecs), matroskaCodec: undefined, [fact]: dice.pick(evilFacts) }),
    () => ({ ...track, matroskaCodec: undefined, codec: mutateText(dice, track.codec) }),
    () => ({ ...track, matroskaCodec: mutateText(dice, track.matroskaCodec ?? 'V_VP8') }),
    () => ({ ...track, configuration: dice.chance(3) ? undefined : mutateBytes(dice, Buffer.from(track.configuration ?? 'some configuration')) }),
    () => ({ ...track, kind: track.kind === 'video' ? 'audio' : 'video' }),
  ])();
}

/** What ffmpeg is told of a take: numbers, whatever was claimed. */
export function checkPlan({ tracks }: WriterInput): void {
  const { inputOptions, outputOptions, tracks: facts } = planTranscode({ container: 'matroska', tracks }, { segmentSeconds: 2, ffmpegMajor: 5, forceVideoEncode: 'It is tried' });
  const said = [...inputOptions, ...outputOptions].join(' ');
  if (/NaN|Infinity|undefined|\de[+-]?\d/.test(said)) throw new Error(`ffmpeg would be told ${said}`);
  for (const { reason } of facts) if (/function|\[object/.test(reason)) throw new Error(`the publisher would be told ${reason}`);
}

/**
 * Writes a take, some frames at a time, and reads it back strictly.
 * @returns the recording
 * @throws {Error} when it is no Matroska, or not what was given
 */
export function writeAndCheck(dice: Dice, { tracks, frames }: WriterInput): Buffer {
  const writer = new MatroskaWriter(tracks);
  const pieces = [writer.header];
  for (let at = 0; at < frames.length; ) {
    const count = 1 + dice.int(20);
    pieces.push(writer.write(frames.slice(at, at + count)));
    at += count;
  }
  const bytes = Buffer.concat(pieces);
  const read = readStrictly(bytes);
  const known = tracks.slice(0, 126);
  if (read.tracks.map(({ kind }) => kind).join() !== known.map(({ kind }) => kind).join()) throw new Error(`${read.tracks.length} tracks of ${known.length} were written`);
  const numbers = new Map(known.map(({ id }, index) => [id, index + 1]));
  const expected = frames.filter(({ track, bytes: own }) => numbers.has(track) && own.length > 0);
  if (read.blocks.length !== expected.length) throw new Error(`${read.blocks.length} blocks of ${expected.length} frames`);
  for (const [index, block] of read.blocks.entries()) {
    const { track, timeSeconds, keyframe: isKeyframe, bytes: own } = expected[index]!;
    if (block.track !== numbers.get(track) || block.keyframe !== isKeyframe || !Buffer.from(own).equals(block.bytes)) throw new Error(`block ${index} is not its frame`);
    const wanted = timeSeconds * ticksPerSecond;
    if (wanted >= 0 && wanted < 2 ** 52 && Math.abs(block.ticks - wanted) > 0.5) throw new Error(`block ${index} is at ${block.ticks}, not ${wanted}`);
  }
  return bytes;
}
