import type { TestPublisher } from './publisher.js';
import { startOwned, type Teardown } from './programs.js';

export interface TestCardOptions {
  readonly seconds: number;
  readonly firstNumber?: number;
  readonly sound?: 'opus' | 'aac';
  /** Pictures are decoded in another order than they are shown. */
  readonly reordered?: boolean;
}

// Drawn like the fixtures: the picture's number in 16 blocks at the top, sound that switches every half second.
const rate = 30;
const numberRow = (first: number): string =>
  `nullsrc=s=16x1:r=${String(rate)},geq=lum='255*mod(floor((N+${String(first)})/pow(2\\,X))\\,2)':cb=128:cr=128,scale=640:40:flags=neighbor`;
const sound = "aevalsrc='sin(880*PI*t)*if(mod(floor(t*2)\\,2)\\,0.5\\,0.02)':s=48000";

/** A live encoder for tests that outlast the fixtures: numbered H.264 pictures with sound, in real time. Resolves at its end. */
export async function sendTestCard(t: Teardown, publisher: Pick<TestPublisher, 'send'>, { seconds, firstNumber = 0, sound: soundCodec = 'opus', reordered = false }: TestCardOptions): Promise<void> {
  const picture = `${numberRow(firstNumber)}[row];testsrc2=s=640x320:r=${String(rate)}[card];[row][card]vstack,format=yuv420p`;
  const encoder = startOwned(
    t,
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', `${picture}[out0];${sound}[out1]`, '-t', String(seconds)],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', ...(reordered ? ['-bf', '2'] : ['-tune', 'zerolatency', '-profile:v', 'baseline']), '-threads', '1', '-g', '30', '-b:v', '800k'],
      ...['-c:a', soundCodec === 'opus' ? 'libopus' : 'aac', '-b:a', '64k', '-f', 'matroska', '-cluster_time_limit', '100', '-flush_packets', '1', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (!encoder.stdout) throw new Error('expected a pipe from ffmpeg');
  for await (const chunk of encoder.stdout) await publisher.send(chunk as Buffer);
}
