import { run } from './programs.js';

export interface NumberedRecording {
  readonly seconds: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Pictures a second. */
  readonly rate?: number | undefined;
  readonly sound?: boolean | undefined;
  /** Of the first picture. */
  readonly firstNumber?: number | undefined;
  /** Input options, as `-output_ts_offset` for what comes later. */
  readonly input?: readonly string[] | undefined;
}

/** ffmpeg's inputs for numbered pictures, as `decode` reads them, with sound that turns loud and soft every half second. */
export function numberedInput({ seconds, width = 320, height = 180, rate = 25, sound = true, firstNumber = 0, input = [] }: NumberedRecording): string[] {
  const row = `nullsrc=s=16x1:r=${rate},geq=lum='255*mod(floor((N+${firstNumber})/pow(2\\,X))\\,2)':cb=128:cr=128,scale=${width}:${Math.ceil(height / 12)}:flags=neighbor`;
  const picture = `testsrc2=s=${width}x${height}:r=${rate}[card];${row}[row];[card][row]overlay=format=yuv444,format=yuv420p`;
  const beep = ['-f', 'lavfi', '-i', "aevalsrc='sin(880*PI*t)*if(mod(floor(t*2)\\,2)\\,0.5\\,0.02)':s=48000"];
  return ['-v', 'error', '-nostdin', ...input, '-f', 'lavfi', '-i', picture, ...(sound ? beep : []), '-t', String(seconds)];
}

/** @param output ffmpeg's options for codecs and format; without a file */
export async function record(what: NumberedRecording, output: readonly string[]): Promise<Buffer> {
  const { stdout } = await run('ffmpeg', [...numberedInput(what), ...output, 'pipe:1']);
  return stdout;
}

/** The same media, wrapped or encoded anew. */
export async function remake(media: Buffer, output: readonly string[], input: readonly string[] = []): Promise<Buffer> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...input, '-i', 'pipe:0', ...output, 'pipe:1'], { input: media });
  return stdout;
}
