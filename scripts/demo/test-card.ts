import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The wall clock of this machine, beside the counter that testsrc2 draws by itself. */
const clock = "drawtext=text='%{localtime}':fontsize=64:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=16:x=(w-tw)/2:y=h-th-48";
const picture = 'testsrc2=s=1280x720:r=30';
/** Every second a tenth of a second of sound: what is seen and heard apart is easily told. */
const beep = "aevalsrc='0.4*sin(2*PI*880*t)*lt(mod(t,1),0.1)':s=48000";

/** A camera made of numbers, running at real pace: Matroska with H.264 and Opus, as Chromium's recorder makes it. */
export async function startTestCard(ffmpegPath: string): Promise<ChildProcessByStdio<null, Readable, null>> {
  const [canDrawText, canEncodeOpus] = await Promise.all([
    // Needs a font on this machine, which a bare one does not have.
    works(ffmpegPath, ['-f', 'lavfi', '-i', `${picture},${clock}`, '-frames:v', '1', '-f', 'null', '-']),
    works(ffmpegPath, ['-f', 'lavfi', '-i', beep, '-t', '0.1', '-c:a', 'libopus', '-f', 'null', '-']),
  ]);
  return spawn(
    ffmpegPath,
    [
      ...['-hide_banner', '-nostats', '-loglevel', 'error', '-nostdin'],
      ...['-re', '-f', 'lavfi', '-i', canDrawText ? `${picture},${clock}` : picture],
      ...['-re', '-f', 'lavfi', '-i', beep],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'],
      ...['-threads', '1', '-g', '60', '-sc_threshold', '0', '-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '2500k'],
      ...(canEncodeOpus ? ['-c:a', 'libopus', '-b:a', '96k'] : ['-c:a', 'aac', '-b:a', '128k']),
      ...['-f', 'matroska', '-cluster_time_limit', '100', '-flush_packets', '1', 'pipe:1'],
    ],
    // In a group of its own: Ctrl-C in a terminal reaches every process of the group, and the end is this program's to order.
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
}

async function works(ffmpegPath: string, args: readonly string[]): Promise<boolean> {
  return run(ffmpegPath, ['-loglevel', 'error', '-nostdin', ...args], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}
