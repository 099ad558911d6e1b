import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { record, remake } from '../helpers/numbered-recording.js';
import { findProgram, run, skipBeforeFfmpeg, skipWithout, temporaryDirectory } from '../helpers/programs.js';
import { takesOf } from '../source/fixture.js';

t.setTimeout(120_000);
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');

interface Content {
  /** Of the frames' bytes, in the order in which they came. */
  readonly video: readonly string[];
  readonly audio: readonly string[];
  /** Seconds from the first picture on. */
  readonly videoTimes: readonly number[];
  readonly audioTimes: readonly number[];
}

function contentOf(bytes: Buffer): Content {
  const { takes, told } = takesOf(bytes, () => 5000);
  if (takes.length !== 1) throw new Error(`expected one take, got ${takes.length}: ${told.join()}`);
  const frames = takes[0]?.frames ?? [];
  const of = (kind: 'video' | 'audio'): typeof frames => frames.filter((frame) => frame.kind === kind);
  const first = of('video')[0]?.timeSeconds ?? of('audio')[0]?.timeSeconds ?? 0;
  const digests = (kind: 'video' | 'audio'): string[] => of(kind).map((frame) => createHash('md5').update(frame.bytes).digest('base64'));
  const times = (kind: 'video' | 'audio'): number[] => of(kind).map(({ timeSeconds }) => timeSeconds - first);
  return { video: digests('video'), audio: digests('audio'), videoTimes: times('video'), audioTimes: times('audio') };
}

const furthest = (one: readonly number[], other: readonly number[]): number => Math.max(0, ...one.map((time, index) => Math.abs(time - (other[index] ?? Infinity))));

async function written(t: Test, media: Buffer, output: readonly string[]): Promise<Buffer> {
  if (output.includes('-f')) return remake(media, ['-map', '0', '-c', 'copy', ...output]);
  const file = join(await temporaryDirectory(t), 'clip.mp4');
  await run('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-map', '0', '-c', 'copy', ...output, file], { input: media });
  return readFile(file);
}

t.test('whatever a recording is packed in, its frames are the same bytes at the same times: pictures out of order, edit lists, offsets from the file’s beginning', { skip: skip || skipBeforeFfmpeg(5) }, async (t) => {
  const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-b_strategy', '0', '-g', '25', '-x264-params', 'aud=0', '-c:a', 'aac'];
  const media = await record({ seconds: 4 }, [...encode, '-f', 'matroska']);
  const expected = contentOf(media);
  t.equal(expected.video.length, 100);
  t.ok(expected.audio.length > 180);
  const fragmented = ['-f', 'mp4', '-movflags'];
  // Without an edit list a file can't say that its sound begins 21 ms and its pictures 80 ms after the decoder does: each begins at 0.
  const [exact, withoutEdits] = [0.0025, 0.06];
  const outputs = [
    [[...fragmented, 'frag_keyframe+empty_moov+default_base_moof'], withoutEdits],
    // Where each fragment's data begins is counted from the beginning of the file.
    [[...fragmented, 'frag_keyframe+empty_moov'], withoutEdits],
    [[...fragmented, 'frag_keyframe+empty_moov', '-frag_duration', '300000'], withoutEdits],
    [[...fragmented, 'frag_keyframe+delay_moov+default_base_moof'], exact],
    [[...fragmented, 'frag_keyframe+delay_moov+negative_cts_offsets'], exact],
    // Fragments that don't say in the usual way when they begin.
    [['-f', 'ismv'], 0.08],
    [['-movflags', 'faststart'], exact],
    [['-movflags', 'faststart+negative_cts_offsets'], exact],
    [['-f', 'mpegts'], exact],
    [['-f', 'mpegts', '-mpegts_m2ts_mode', '1'], exact],
    [['-f', 'flv'], exact],
  ] as const;
  for (const [output, tolerance] of outputs) {
    const name = output.join(' ');
    const got = contentOf(await written(t, media, output));
    t.strictSame(got.video, expected.video, `${name}: the pictures`);
    t.strictSame(got.audio, expected.audio, `${name}: the sound`);
    // Matroska and FLV count in milliseconds.
    t.ok(furthest(expected.videoTimes, got.videoTimes) < 0.0025, `${name}: pictures at their times, off by ${furthest(expected.videoTimes, got.videoTimes)}`);
    t.ok(furthest(expected.audioTimes, got.audioTimes) <= tolerance, `${name}: sound at its times, off by ${furthest(expected.audioTimes, got.audioTimes)}`);
  }
});

t.test('Ogg gives every packet of what it holds', { skip }, async (t) => {
  const source = await record({ seconds: 3 }, ['-c:v', 'ffv1', '-c:a', 'pcm_s16le', '-f', 'nut']);
  for (const encode of [['-vn', '-c:a', 'libopus'], ['-vn', '-c:a', 'libvorbis'], ['-vn', '-c:a', 'flac'], ['-c:v', 'libtheora', '-g', '25', '-c:a', 'libvorbis']]) {
    const media = await remake(source, [...encode, '-f', 'matroska']);
    const [expected, got] = [contentOf(media), contentOf(await written(t, media, ['-f', 'ogg']))];
    const name = encode.join(' ');
    t.strictSame(got.video, expected.video, `${name}: the pictures`);
    t.strictSame(got.audio, expected.audio, `${name}: the sound`);
    t.ok(furthest(expected.videoTimes, got.videoTimes) < 0.0025 && furthest(expected.audioTimes, got.audioTimes) < 0.04, `${name}: at their times, off by ${furthest(expected.videoTimes, got.videoTimes)} and ${furthest(expected.audioTimes, got.audioTimes)}`);
  }
});
