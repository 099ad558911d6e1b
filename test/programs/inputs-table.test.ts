import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { judge } from '../helpers/judge.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { findProgram, run, skipWithout, temporaryDirectory } from '../helpers/programs.js';

t.setTimeout(120_000);
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');

/** docs/inputs.md: what is done with each codec, by row and column. */
const [heads = [], , ...rows] = readFileSync(join(import.meta.dirname, '../../docs/inputs.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));

const small = { seconds: 5, width: 96, height: 64 };
const fragmented = ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'];

/** ffmpeg's formats for a column; the second of MP4 is one that needs a file. */
const columns = {
  matroska: { head: 'WebM, Matroska', outputs: [['-f', 'matroska']] },
  mp4: { head: 'MP4, fragmented or index first', outputs: [fragmented, ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov'], ['-movflags', 'faststart']] },
  mpegts: { head: 'MPEG-TS (188, 192, 204)', outputs: [['-f', 'mpegts']] },
  /** Where AAC is private data. */
  m2ts: { head: 'MPEG-TS (188, 192, 204)', outputs: [['-f', 'mpegts', '-mpegts_m2ts_mode', '1']] },
  latm: { head: 'MPEG-TS (188, 192, 204)', outputs: [['-f', 'mpegts', '-mpegts_flags', 'latm']] },
  flv: { head: 'FLV, RTMP', outputs: [['-f', 'flv']] },
  ogg: { head: 'Ogg', outputs: [['-f', 'ogg']] },
} as const;
type Column = keyof typeof columns;

interface Clip {
  readonly row: string;
  readonly kind: 'video' | 'audio';
  readonly encode: readonly string[];
  /** Those that this ffmpeg can write it in. */
  readonly columns: readonly Column[];
  readonly reason?: RegExp;
}

const plain = ['matroska', 'mp4', 'mpegts', 'm2ts', 'flv'] as const;
const x264 = ['-an', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const good = 'H.264, 8 bits, 4:2:0, progressive';
const otherwise = 'H.264 otherwise';
const aac = (pan: string): string[] => ['-vn', '-af', `pan=${pan}`, '-c:a', 'aac'];

const clips: readonly Clip[] = [
  { row: good, kind: 'video', encode: [...x264, '-g', '25'], columns: plain },
  { row: good, kind: 'video', encode: [...x264, '-g', '100', '-sc_threshold', '0'], columns: plain },
  { row: good, kind: 'video', encode: ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-b_strategy', '0', '-pix_fmt', 'yuv420p', '-g', '25'], columns: plain },
  { row: otherwise, kind: 'video', encode: [...x264, '-g', '120', '-sc_threshold', '0'], columns: plain, reason: /keyframes are more than 4 s apart/ },
  { row: otherwise, kind: 'video', encode: [...x264, '-g', '25', '-pix_fmt', 'yuv420p10le'], columns: plain, reason: /profile 110/ },
  { row: otherwise, kind: 'video', encode: [...x264, '-g', '25', '-pix_fmt', 'yuv422p'], columns: plain, reason: /profile 122/ },
  { row: otherwise, kind: 'video', encode: [...x264, '-g', '25', '-pix_fmt', 'yuv444p'], columns: plain, reason: /profile 244/ },
  { row: otherwise, kind: 'video', encode: [...x264, '-g', '25', '-flags', '+ilme+ildct', '-x264-params', 'tff=1'], columns: plain, reason: /interlaced/ },
  { row: otherwise, kind: 'video', encode: [...x264, '-tune', 'zerolatency', '-g', '40', '-x264-params', 'intra-refresh=1'], columns: plain, reason: /intra refresh, or open groups of pictures/ },
  { row: otherwise, kind: 'video', encode: ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-b_strategy', '0', '-x264-params', 'open-gop=1:keyint=25:scenecut=0'], columns: plain, reason: /intra refresh, or open groups of pictures/ },
  { row: 'HEVC, AV1, VP9', kind: 'video', encode: ['-an', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=25', '-pix_fmt', 'yuv420p'], columns: ['matroska', 'mp4', 'mpegts'], reason: /HEVC/ },
  { row: 'HEVC, AV1, VP9', kind: 'video', encode: ['-an', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'], columns: ['matroska', 'mp4'], reason: /VP9/ },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'], columns: ['matroska'], reason: /VP8/ },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'mpeg2video', '-g', '25'], columns: ['matroska', 'mp4', 'mpegts'] },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'mpeg4', '-g', '25'], columns: ['matroska', 'mp4', 'mpegts'] },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'flv1'], columns: ['flv'] },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'], columns: ['matroska', 'mp4'] },
  { row: 'VP8, MPEG-2', kind: 'video', encode: ['-an', '-c:v', 'libtheora', '-g', '25'], columns: ['ogg'] },
  { row: 'AAC LC or HE-AAC', kind: 'audio', encode: aac('mono|c0=c0'), columns: plain },
  { row: 'AAC LC or HE-AAC', kind: 'audio', encode: aac('stereo|c0=c0|c1=c0'), columns: plain },
  { row: 'AAC LC or HE-AAC', kind: 'audio', encode: aac('5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0'), columns: plain },
  { row: 'AAC otherwise', kind: 'audio', encode: aac('5.1(side)|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0'), columns: plain, reason: /channel configuration 0/ },
  { row: 'AAC otherwise', kind: 'audio', encode: aac('2.1|c0=c0|c1=c0|c2=c0'), columns: plain, reason: /channel configuration 0/ },
  { row: 'AAC otherwise', kind: 'audio', encode: aac('3.0|c0=c0|c1=c0|c2=c0'), columns: plain, reason: /channel configuration 3/ },
  { row: 'AAC otherwise', kind: 'audio', encode: ['-vn', '-c:a', 'aac'], columns: ['latm'], reason: /LATM/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-c:a', 'libopus'], columns: ['matroska', 'mp4', 'mpegts', 'ogg'], reason: /Opus/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-c:a', 'libvorbis'], columns: ['matroska', 'ogg'], reason: /Vorbis/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-strict', '-2', '-c:a', 'flac'], columns: ['matroska', 'mp4', 'ogg'], reason: /FLAC/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-c:a', 'libmp3lame'], columns: ['matroska', 'mpegts', 'mp4'], reason: /MP3/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-ar', '44100', '-c:a', 'libmp3lame'], columns: ['flv'], reason: /MP3/ },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-c:a', 'ac3'], columns: ['matroska', 'mpegts', 'm2ts'] },
  { row: 'Opus, Vorbis', kind: 'audio', encode: ['-vn', '-c:a', 'pcm_s16le'], columns: ['matroska'] },
];

const words = { copy: 'copied', transcode: 'encoded' } as const;

/** Written to a file where a pipe can't be gone back in. */
async function wrapped(t: Test, media: Buffer, output: readonly string[]): Promise<Buffer> {
  const copy = ['-c', 'copy', '-strict', '-2', ...output];
  if (output.includes('-f')) return remake(media, copy);
  const file = join(await temporaryDirectory(t), 'clip.mp4');
  await run('ffmpeg', ['-v', 'error', '-i', 'pipe:0', ...copy, file], { input: media });
  return readFile(file);
}

t.test('the table of what is done with each container and codec is true', { skip }, async (t) => {
  const source = await record(small, ['-c:v', 'ffv1', '-c:a', 'pcm_s16le', '-f', 'nut']);
  const check = async ({ row, kind, encode, columns: written, reason }: Clip): Promise<void> => {
    const media = await remake(source, [...encode, '-f', 'nut']);
    const cells = rows.find(([name]) => name?.startsWith(row)) ?? [];
    t.ok(cells.length > 1, `there is a row for ${row}`);
    for (const column of written) {
      for (const output of columns[column].outputs) {
        const cell = cells[heads.indexOf(columns[column].head)] ?? '';
        const takes = await judge(await wrapped(t, media, output));
        const name = `${encode.join(' ')} ${output.join(' ')}`;
        t.equal(takes.length, 1, `one take: ${name}`);
        const facts = takes[0]?.find((track) => track.kind === kind);
        t.match(cell, words[facts?.action ?? 'copy'], `${column}, ${row}: ${name}: ${facts?.reason}`);
        if (reason) t.match(facts?.reason, reason, name);
      }
    }
  };
  const waiting = [...clips];
  const work = async (): Promise<void> => {
    for (let clip = waiting.shift(); clip; clip = waiting.shift()) await check(clip);
  };
  await Promise.all([work(), work(), work(), work()]);
});

t.test('the row of every codec is tried, in every column that ffmpeg can write', { skip }, async (t) => {
  for (const [name = ''] of rows) t.ok(clips.some(({ row }) => name.startsWith(row)), name);
});
