import { spawnSync } from 'node:child_process';
import { Dice } from './dice.js';
import { readStrictly } from './strict-matroska.js';
import { mutateTake, writeAndCheck, writerSeeds } from './written-matroska.js';

/** What ffmpeg must know by name, and as what it was announced: of another codec it may make what it likes. */
const readable = { video: /^V_(MPEG4\/ISO\/AVC|MPEGH\/ISO\/HEVC|VP8|VP9|AV1|MJPEG)$/, audio: /^A_(OPUS|VORBIS|AAC|MPEG\/L3|FLAC|AC3|MS\/ACM)$/ } as const;

/** Without its parsers and fills: what the container says is asked for, and not what a decoder makes of nonsense in it. */
const args = [
  ...['-hide_banner', '-nostats', '-loglevel', 'error', '-probesize', '32', '-analyzeduration', '0', '-fflags', '+nofillin+noparse', '-copyts'],
  ...['-f', 'matroska', '-i', 'pipe:0', '-map', '0', '-c', 'copy', '-copyinkf', '-f', 'framecrc', 'pipe:1'],
];

export interface FfmpegReading {
  /** Recordings that ffmpeg was given. */
  readonly recordings: number;
  readonly frames: number;
  readonly failures: readonly string[];
}

/** Gives ffmpeg what the writer made of so many mutated takes, and expects every frame of them. */
export function readByFfmpeg({ ffmpegPath, seed, recordings }: { readonly ffmpegPath: string; readonly seed: number; readonly recordings: number }): FfmpegReading {
  const failures: string[] = [];
  let [done, frames] = [0, 0];
  for (let own = seed; done < recordings; own++) {
    const dice = new Dice(own);
    const bytes = writeAndCheck(dice, mutateTake(dice, dice.pick(writerSeeds)));
    const { tracks, blocks } = readStrictly(bytes);
    if (blocks.length === 0 || tracks.some(({ kind, codecId }) => !readable[kind].test(codecId))) continue;
    done++;
    frames += blocks.length;
    const { status, stdout, stderr } = spawnSync(ffmpegPath, args, { input: bytes });
    const expected = blocks.map(({ track, bytes: { length } }) => `${String(track - 1)}: ${String(length)}`);
    const found = stdout.toString().split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split(',').map((field) => field.trim())).map(([track, , , , size]) => `${String(track)}: ${String(size)}`);
    // Frames of several tracks come in the order of their times.
    if (status !== 0 || found.sort().join() !== expected.sort().join()) failures.push(`seed ${String(own)}: ffmpeg ended with ${String(status)} and found ${String(found.length)} of ${String(blocks.length)} frames: ${stderr.toString().slice(0, 300)}`);
  }
  return { recordings: done, frames, failures };
}
