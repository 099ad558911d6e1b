import t, { type Test } from 'tap';
import { WebSocket } from 'ws';

import { readFixture, type FixtureName } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { run, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { watchSmoothness, type Smoothness } from '../helpers/smoothness.js';
import { playInVlc, vlcProgram } from '../helpers/vlc.js';
import { inWebKit, webkitProgram } from '../helpers/webkit.js';
import { entryPointsOf } from '../source/fixture.js';

t.setTimeout(150_000);
t.jobs = 2;

/** The recording up to where it could be gone on with some seconds later. */
function beginningOf(name: FixtureName, seconds: number): Buffer {
  const { bytes } = readFixture(name);
  return bytes.subarray(0, entryPointsOf(bytes).find(({ timeSeconds }) => timeSeconds >= seconds)?.offset);
}

/** Another size, another frame rate: as when a phone is turned. */
async function upright(t: Test, { sound }: { sound: boolean }): Promise<Buffer> {
  const source = ['-f', 'lavfi', '-i', "nullsrc=s=16x1:r=20,geq=lum='255*mod(floor((N+1000)/pow(2\\,X))\\,2)':cb=128:cr=128,scale=240:15:flags=neighbor[row];testsrc2=s=240x305:r=20[card];[row][card]vstack,format=yuv420p"];
  const beep = sound ? ['-f', 'lavfi', '-i', 'sine=frequency=880', '-c:a', 'libopus', '-b:a', '64k'] : [];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-nostdin', ...source, ...beep, '-t', '3', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '20', '-b:v', '500k', '-f', 'webm', '-cluster_time_limit', '500', 'pipe:1']);
  t.ok(stdout.length > 10_000);
  return stdout;
}

interface Piece {
  readonly bytes: Buffer;
  readonly seconds: number;
  readonly announced: boolean;
}

/** Each piece in its own time, one right after the other. */
async function publish(publisher: TestPublisher, pieces: readonly Piece[]): Promise<void> {
  for (const { bytes, seconds, announced } of pieces) {
    if (announced) await publisher.send(JSON.stringify({ type: 'recording' }));
    const count = seconds * 10;
    const size = Math.ceil(bytes.length / count);
    await publisher.sendPaced(Array.from({ length: count }, (_, index) => ({ atMs: (index + 1) * 100, data: bytes.subarray(index * size, (index + 1) * size) })));
  }
}

interface Told {
  readonly mimeType: string;
  readonly media: Buffer[];
}

/** All that a WebSocket viewer is sent, by `init`. */
function listen(t: Test, server: TestServer, stream: string): { timelines: Told[]; ended: Promise<unknown> } {
  const timelines: Told[] = [];
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) timelines.at(-1)?.media.push(data);
    else {
      const message = JSON.parse(data.toString()) as { type: string; mimeType: string };
      if (message.type === 'init') timelines.push({ mimeType: message.mimeType, media: [] });
    }
  });
  return { timelines, ended: new Promise((resolve) => socket.once('close', resolve)) };
}

const numbersIn = async (t: Test, media: Buffer): Promise<number[]> => (await decode(t, media)).pictures.map(({ number }) => number);

t.test('another codec, size or set of tracks begins a timeline of its own, announced or not; time and sequences go on', async (t) => {
  // To encode one takes a busy machine longer than a viewer waits.
  const pieces = [
    { bytes: beginningOf('chromium-vp8.webm', 3), seconds: 3, announced: false },
    { bytes: beginningOf('chromium-h264.mkv', 3), seconds: 3, announced: true },
    { bytes: await upright(t, { sound: false }), seconds: 3, announced: false },
    { bytes: readFixture('chromium-audio.webm').bytes.subarray(0, 24_000), seconds: 3, announced: true },
    { bytes: beginningOf('chromium-h264.mp4', 3), seconds: 3, announced: false },
  ];
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('changes'));
  await publisher.message('ready');
  const viewer = new HlsViewer(server.hlsUrl('changes'));
  const sending = publish(publisher, pieces);
  await publisher.message('live');
  const heard = listen(t, server, 'changes');
  await sending;
  t.equal((await publisher.end()).code, 1000);
  await Promise.all([viewer.ended, heard.ended]);

  t.strictSame(violations(viewer.playlists), []);
  const [timelines, sources] = [await viewer.timelines(), await Promise.all(pieces.map(({ bytes }) => numbersIn(t, bytes)))];
  t.equal(new Set(timelines.map(({ mapUri }) => mapUri)).size, pieces.length, 'each has its own init segment');
  t.strictSame(await Promise.all(timelines.map(({ bytes }) => numbersIn(t, bytes))), sources, 'every picture once, in order');
  const { segments } = viewer;
  t.strictSame(segments.map(({ sequenceNumber }) => sequenceNumber), segments.map((_, index) => index), 'sequence numbers go on');
  for (const [index, segment] of segments.entries()) {
    const before = segments[index - 1];
    if (!before) continue;
    const gapMs = Date.parse(segment.programDateTime ?? '') - Date.parse(before.programDateTime ?? '') - (before.durationSeconds ?? 0) * 1000;
    t.ok(gapMs > -2 && gapMs < 1500, `segment ${index} begins ${gapMs} ms after the end of the one before`);
  }

  t.equal(heard.timelines.length, pieces.length, 'a viewer by WebSocket is told each change');
  const kinds = heard.timelines.map(({ mimeType }) => /codecs="(.*)"/.exec(mimeType)?.[1]?.split(',').map((codec) => codec.slice(0, 4)).join('+'));
  t.strictSame(kinds, ['avc1+mp4a', 'avc1+mp4a', 'avc1', 'mp4a', 'avc1+mp4a']);
  const shown = await Promise.all(heard.timelines.map(({ media }) => numbersIn(t, Buffer.concat(media))));
  t.strictSame(shown.slice(1), sources.slice(1), 'and gets every picture of it');
  t.strictSame(shown[0], sources[0]?.slice(-(shown[0]?.length ?? 0)), 'the first from where it joined');
});

/** Two changes of codec and one of size, for players. */
async function show(t: Test, stream: string): Promise<{ server: TestServer; over: Promise<void> }> {
  const pieces = [
    { bytes: beginningOf('chromium-vp8.webm', 5), seconds: 5, announced: false },
    { bytes: beginningOf('chromium-h264.mkv', 3), seconds: 3, announced: false },
    { bytes: await upright(t, { sound: true }), seconds: 3, announced: true },
    { bytes: beginningOf('chromium-vp9.webm', 6), seconds: 6, announced: false },
  ];
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  const over = publish(publisher, pieces);
  over.catch(() => undefined);
  await publisher.message('live');
  return { server, over };
}

t.test('Chromium plays across them, by hls.js and by WebSocket, in the player that was there before', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const browser = await launchChromium(t);
  const { server, over } = await show(t, 'across');
  const players = await Promise.all(['websocket', 'hls'].map(async (path) => {
    const page = await browser.newPage();
    await page.addInitScript(watchSmoothness);
    await page.goto(`${server.origin}/watch/across?path=${path}`);
    return { path, page };
  }));
  await over;
  for (const { path, page } of players) {
    const seen = await waitUntil(`all three sizes by ${path}`, async () => {
      const found = await page.evaluate<Smoothness>('smoothness');
      return found.frames.map(({ width }) => width).filter((width, index, all) => width !== all[index - 1]).join(' ').includes('640 240 640') && found;
    }, 20_000).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await page.evaluate<Smoothness>('({ ...smoothness, frames: smoothness.frames.slice(-5) })'))}`);
    });
    t.strictSame(seen.errors, [], path);
    const upright = seen.frames.filter(({ width }) => width === 240).map(({ number }) => number);
    t.ok(upright.length > 20, `${path}: ${upright.length} of 60 pictures of the other size`);
  }
});

t.test("Safari's engine plays across them on the watch page", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  await inWebKit(t, async (webkit) => {
    const { server } = await show(t, 'webkit');
    await webkit.open(`${server.origin}/watch/webkit`);
    const widths: number[] = [];
    await waitUntil('all three sizes', async () => {
      const width = await webkit.evaluate<number>('return document.querySelector("video")?.videoWidth ?? 0;');
      if (width > 0 && width !== widths.at(-1)) widths.push(width);
      return widths.join(' ') === '640 240 640';
    }, 45_000, 100);
    t.strictSame(widths, [640, 240, 640]);
  });
});

t.test('VLC plays across them', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  const { server } = await show(t, 'vlc');
  // 150 come before the first change, 90 and 60 before the others.
  const pictures = await playInVlc(t, server.hlsUrl('vlc'), 320);
  t.equal(pictures.length, 320);
});
