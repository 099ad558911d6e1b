import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ffmpeg, run, temporaryDirectory, type Teardown } from './programs.js';

/** One decoded picture: the number drawn in its top row, and its presentation time. */
export interface NumberedPicture {
  readonly number: number;
  readonly timeSeconds: number;
}

export interface Decoded {
  readonly pictures: readonly NumberedPicture[];
  /** Loudness of the sound, one value every millisecond from time 0 on. */
  readonly loudness: Float64Array;
}

const blocks = 16;
const sampleRate = 8_000;
const samplesPerMs = sampleRate / 1_000;

/** Decodes media with ffmpeg: an address, a file, or bytes. Times are those of the container. */
export async function decode(t: Teardown, media: string | Uint8Array, inputOptions: readonly string[] = []): Promise<Decoded> {
  let input = media;
  if (typeof input !== 'string') {
    const file = join(await temporaryDirectory(t, 'onair-media'), 'media');
    await writeFile(file, input);
    input = file;
  }
  const read = ['-hide_banner', '-nostdin', '-nostats', '-copyts', ...inputOptions, '-i', input];
  return { pictures: await decodePictures(read), loudness: await decodeLoudness(read) };
}

async function decodePictures(read: readonly string[]): Promise<NumberedPicture[]> {
  // The middle of each block, averaged to one pixel; showinfo tells the time of every picture that comes out.
  const filter = `crop=iw:iw/64:0:iw/64,scale=${String(blocks)}:1:flags=area,format=gray,showinfo=checksum=0`;
  const output = ['-map', '0:v?', '-an', (ffmpeg?.major ?? 0) >= 6 ? '-fps_mode' : '-vsync', 'passthrough', '-vf', filter, '-f', 'rawvideo', 'pipe:1'];
  const { stdout, stderr } = await run('ffmpeg', [...read, ...output]).catch(emptyIfNoStream);
  const times = [...stderr.matchAll(/Parsed_showinfo.* pts_time:\s*(-?[\d.]+)/g)].map((match) => Number(match[1]));
  return times.map((timeSeconds, index) => {
    const row = stdout.subarray(index * blocks, (index + 1) * blocks);
    return { timeSeconds, number: row.reduce((sum, level, bit) => sum + (level > 127 ? 2 ** bit : 0), 0) };
  });
}

async function decodeLoudness(read: readonly string[]): Promise<Float64Array> {
  // first_pts=0 and async=1 put every sample at its own time, whatever gaps the container has.
  const filter = `aresample=${String(sampleRate)}:async=1:min_hard_comp=0.01:first_pts=0`;
  const output = ['-map', '0:a?', '-vn', '-af', filter, '-ac', '1', '-f', 's16le', 'pipe:1'];
  const { stdout } = await run('ffmpeg', [...read, ...output]).catch(emptyIfNoStream);
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2));
  const windowMs = 10;
  const loudness = new Float64Array(Math.floor(samples.length / samplesPerMs));
  let energy = 0;
  for (let ms = 0; ms < loudness.length; ms++) {
    energy += energyAt(samples, ms);
    if (ms >= windowMs) energy -= energyAt(samples, ms - windowMs);
    loudness[ms] = Math.sqrt(Math.max(0, energy) / (windowMs * samplesPerMs));
  }
  return loudness;
}

function energyAt(samples: Int16Array, ms: number): number {
  let energy = 0;
  for (let index = ms * samplesPerMs; index < (ms + 1) * samplesPerMs; index++) energy += (samples[index] ?? 0) ** 2;
  return energy;
}

function emptyIfNoStream(error: unknown): { stdout: Buffer; stderr: string } {
  if (/Output file #0 does not contain any stream|matches no streams/.test(String(error))) return { stdout: Buffer.alloc(0), stderr: '' };
  throw error;
}

/** The moments, in seconds, at which the sound turns from soft to loud or back. */
export function loudnessSwitches(loudness: Float64Array): number[] {
  const sorted = loudness.filter((level) => level > 0).sort();
  const soft = sorted[Math.floor(sorted.length * 0.1)] ?? 0;
  const loud = sorted[Math.floor(sorted.length * 0.9)] ?? 0;
  const threshold = Math.sqrt(soft * loud);
  const switches: number[] = [];
  let wasLoud: boolean | undefined;
  for (const [ms, level] of loudness.entries()) {
    // Hysteresis: an encoder's ripple around the threshold is no switch.
    const isLoud = level > threshold * 1.3 ? true : level < threshold / 1.3 ? false : wasLoud;
    if (wasLoud !== undefined && isLoud !== wasLoud) switches.push(ms / 1_000);
    wasLoud = isLoud;
  }
  return switches;
}

/**
 * How much later, in seconds, the sound comes relative to the picture than it did in the source.
 * Pictures are matched by their number, sound by its switches between loud and soft.
 */
export function soundDelay(source: Decoded, result: Decoded): number {
  const times = new Map(source.pictures.map((picture) => [picture.number, picture.timeSeconds]));
  const pictureShift = median(
    result.pictures.flatMap(({ number, timeSeconds }) => {
      const sourceTime = times.get(number);
      return sourceTime === undefined ? [] : [timeSeconds - sourceTime];
    }),
  );
  const wanted = loudnessSwitches(source.loudness).map((time) => time + pictureShift);
  const found = loudnessSwitches(result.loudness);
  return median(
    wanted.flatMap((time) => {
      const nearest = found.reduce((best, other) => (Math.abs(other - time) < Math.abs(best - time) ? other : best), Infinity);
      return Math.abs(nearest - time) < 0.25 ? [nearest - time] : []; // half a period: farther is another switch
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('expected at least one value to take the median of');
  return middle;
}
