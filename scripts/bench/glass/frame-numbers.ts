import { run } from '../../../test/helpers/programs.js';

/** Pictures carry their number as a row of blocks across the top: bit 0 on the left, white is 1. */
const bits = 16;

/** The numbers of all pictures of a recording, in order. */
export async function decodeFrameNumbers(recording: Uint8Array): Promise<number[]> {
  const quiet = ['-hide_banner', '-nostats', '-loglevel', 'error'];
  // The middle of the blocks' row, one pixel a block.
  const row = ['-vf', 'crop=iw:ih/30:0:ih/90,scale=16:1:flags=area', '-pix_fmt', 'gray'];
  const { stdout } = await run('ffmpeg', [...quiet, '-i', 'pipe:0', '-an', ...row, '-vsync', 'passthrough', '-f', 'rawvideo', 'pipe:1'], { input: recording });
  return Array.from({ length: Math.floor(stdout.length / bits) }, (_, index) => readNumber(stdout.subarray(index * bits, (index + 1) * bits)));
}

function readNumber(row: Uint8Array): number {
  return row.reduce((number, luma, bit) => (luma > 125 ? number | (1 << bit) : number), 0);
}
