import { join } from 'node:path';
import t from 'tap';

import { childrenOf, run, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(150_000);

const megabyte = 1_048_576;
/** What may lie between the publisher and a reader that stands still: pipes, one paused socket, what is being worked off. */
const boundBytes = 8 * megabyte;

t.test('a stalled ffmpeg stops the publisher, and what the server takes in the meantime is bounded', async (t) => {
  // Noise cannot be compressed: a few seconds are many megabytes. They are encoded once, and come again and again.
  const noise = ['-f', 'lavfi', '-i', 'nullsrc=s=640x360:r=30,noise=alls=100:allf=t', '-t', '4'];
  const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '8', '-g', '30', '-pix_fmt', 'yuv420p'];
  const once = join(await temporaryDirectory(t), 'once.mkv');
  await run('ffmpeg', ['-v', 'error', ...noise, ...encoding, once], { timeoutMs: 120_000 });
  const { stdout: recording } = await run('ffmpeg', ['-v', 'error', '-stream_loop', '4', '-i', once, '-c', 'copy', '-f', 'matroska', 'pipe:1']);
  t.ok(recording.length > 3 * boundBytes, `${String(Math.round(recording.length / megabyte))} MB to send`);

  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('stalled'));
  await publisher.message('ready');
  const head = Math.floor(recording.length / 4);
  for (const message of sliced(recording.subarray(0, head))) await publisher.send(message);
  await publisher.message('live');
  const [ffmpeg] = await waitUntil('ffmpeg', async () => {
    const found = await childrenOf(process.pid, 'ffmpeg');
    return found.length > 0 && found;
  });
  t.ok(ffmpeg, 'ffmpeg is at work');
  if (ffmpeg === undefined) return;
  process.kill(ffmpeg, 'SIGSTOP');
  t.teardown(() => {
    try {
      process.kill(ffmpeg, 'SIGCONT');
    } catch {
      // it has gone, as it should
    }
  });
  const received = (): number => publisher.messages.reduce((most, message) => (message.type === 'ack' ? Math.max(most, message.received) : most), 0);

  const rest = sliced(recording.subarray(head)).map((message) => publisher.send(message));
  // Standing still is known by two seconds without progress: the server acknowledges twice a second.
  let last = { bytes: -1, sinceMs: performance.now() };
  await waitUntil('the server to stop taking bytes', () => {
    if (received() !== last.bytes) last = { bytes: received(), sinceMs: performance.now() };
    return performance.now() - last.sinceMs > 2_000;
  });
  t.ok(received() < head + boundBytes, `${String(Math.round(received() / megabyte))} MB were taken`);

  process.kill(ffmpeg, 'SIGCONT');
  await Promise.all(rest);
  t.equal((await publisher.end()).code, 1000);
  t.equal(received(), recording.length, 'and when ffmpeg goes on, everything arrives');
});

function sliced(bytes: Buffer, sliceBytes = 65_536): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / sliceBytes) }, (_, index) => bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes));
}
