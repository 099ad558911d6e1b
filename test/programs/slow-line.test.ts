import { setInterval } from 'node:timers/promises';
import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { audioTrack, fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';
import { openSlowLine } from '../helpers/slow-line.js';
import { SocketClient } from '../http/socket-client.js';
import type { FakeBroadcast } from '../http/fake-broadcast.js';
import { listen, startFakeServer } from '../http/fake-server.js';

// They wait more than they work.
t.jobs = 4;

/** `SLOW_LINE_SECONDS=170` shows what happens in minutes. */
const seconds = Number(process.env.SLOW_LINE_SECONDS ?? 30);

interface Show {
  readonly track: typeof videoTrack;
  readonly bitsPerSecond: number;
  readonly framesPerSecond: number;
}

/** A stream at its own pace, each fragment with its number. */
async function play({ bus }: FakeBroadcast, { track, bitsPerSecond, framesPerSecond }: Show, onSecond: (numberNow: number) => void): Promise<void> {
  bus.startTimeline({ init: readInitSegment(initSegment([track])), captureTimeMs: 0 });
  const payload = Buffer.alloc(bitsPerSecond / 8 / framesPerSecond - 100, 7);
  const startMs = performance.now();
  let number = 0;
  let told = 0;
  for await (const _tick of setInterval(10)) {
    for (; number < ((performance.now() - startMs) / 1000) * framesPerSecond; number++) {
      const sample = { track, startSeconds: number / framesPerSecond, durationSeconds: 1 / framesPerSecond, keyframe: number % (2 * framesPerSecond) === 0 };
      for (const event of new FragmentReader().push(fragmentBytes([sample], Buffer.concat([Buffer.from(`number ${number};`), payload])))) if (event.type === 'fragment') bus.push([event.fragment]);
    }
    if (number / framesPerSecond >= told) {
      told++;
      onSecond(number - 1);
    }
    if (number >= seconds * framesPerSecond) return;
  }
}

/**
 * What the line's own process has received but not read counts as arrived, as with any proxy: `bodyToo` where that is little beside
 * the bit rate.
 */
const shows: Readonly<Record<string, Show & { readonly lineBitsPerSecond: number; readonly bodyToo?: boolean }>> = {
  'a picture of 1.5 Mbit/s over a line of 1.3': { track: videoTrack, bitsPerSecond: 1_500_000, framesPerSecond: 30, lineBitsPerSecond: 1_300_000 },
  'a picture of 1.5 Mbit/s over a line of 0.7': { track: videoTrack, bitsPerSecond: 1_500_000, framesPerSecond: 30, lineBitsPerSecond: 700_000 },
  'a picture of 4 Mbit/s over a line of 2': { track: videoTrack, bitsPerSecond: 4_000_000, framesPerSecond: 30, lineBitsPerSecond: 2_000_000, bodyToo: true },
  'sound alone of 128 kbit/s over a line of 60': { track: audioTrack, bitsPerSecond: 128_000, framesPerSecond: 20, lineBitsPerSecond: 60_000 },
};

for (const [name, show] of Object.entries(shows)) {
  t.test(`${name}: no viewer drifts`, async (t) => {
    const { app, broadcasts } = await startFakeServer(t);
    const address = await listen(app);
    const broadcast = broadcasts.add('cam');
    const port = await openSlowLine(t, Number(address.split(':')[1]), show.lineBitsPerSecond);
    const seen = { play: 0, body: 0, gaps: 0 };
    const newest = (bytes: Buffer): number => Math.max(0, ...[...bytes.toString('latin1').matchAll(/number (\d+);/g)].map(([, number]) => Number(number)));
    const viewer = new SocketClient(t, `ws://127.0.0.1:${port}/live/cam/play`);
    viewer.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) seen.play = Math.max(seen.play, newest(data));
      else if (String(data).includes('"gap"')) seen.gaps++;
    });
    const leaving = new AbortController();
    const body = fetch(`http://127.0.0.1:${port}/live/cam/stream.mp4`, { signal: leaving.signal }).then(async (answer) => {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) seen.body = Math.max(seen.body, newest(Buffer.from(chunk)));
    });
    const delays: { play: number; body: number }[] = [];
    await play(broadcast, show, (now) => {
      delays.push({ play: (now - seen.play) / show.framesPerSecond, body: (now - seen.body) / show.framesPerSecond });
    });
    leaving.abort();
    await body.catch(() => undefined);
    viewer.socket.terminate();
    const worst = { play: Math.max(...delays.map(({ play }) => play)), body: Math.max(...delays.map(({ body }) => body)) };
    t.comment(`delay in seconds by socket: ${delays.map(({ play }) => play.toFixed(1)).join(' ')}`);
    t.comment(`and by endless body: ${delays.map(({ body }) => body.toFixed(1)).join(' ')}; ${seen.gaps} gaps`);
    // What was on its way when it was found late takes so much longer than it lasts; then a keyframe is waited for.
    const most = (4 * show.bitsPerSecond) / show.lineBitsPerSecond + 2.5;
    t.ok(worst.play <= most, `${worst.play} s behind at most, ${most} may be`);
    // Only Linux tells what its kernel holds.
    if (show.bodyToo && process.platform === 'linux') t.ok(worst.body <= most + 2, `by endless body ${worst.body} s, ${most + 2} may be`);
  });
}
