import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';

import { findBox } from '../../src/isobmff/boxes.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { firefoxProgram, launchFirefox } from '../helpers/firefox.js';
import { run, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { chromiumPage, firefoxPage, type ScriptedPage } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { inWebKit, webkitProgram } from '../helpers/webkit.js';

t.setTimeout(240_000);
t.jobs = 2;

const skip = skipWithout(chromiumProgram, 'Chromium');
/** For as long as players take to come; then it is broken off. */
const seconds = 30;

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '50', '-pix_fmt', 'yuv420p'];
const aac = ['-c:a', 'aac', '-b:a', '64k'];

/** Red, green, blue and white, clockwise from the top left… as rows: red green / blue white. */
const quarters = (width: number, height: number): string => {
  const part = (color: string): string => `color=c=${color}:s=${width / 2}x${height / 2}:r=25`;
  return `${part('red')}[a];${part('lime')}[b];${part('blue')}[c];${part('white')}[d];[a][b]hstack[top];[c][d]hstack[bottom];[top][bottom]vstack`;
};

interface Case {
  /** ffmpeg's options from the picture on. */
  readonly video: readonly string[];
  readonly picture: string;
  readonly container: string;
  /** A quarter turn to be made by who shows it. */
  readonly turn?: 90 | 180 | 270;
  /** Only the container is told of it, after encoding. */
  readonly aspect?: string;
  readonly action: 'copy' | 'transcode';
  readonly reason: RegExp;
  readonly shown: readonly [width: number, height: number];
  readonly corners: string;
}

const cases: Readonly<Record<string, Case>> = {
  'a phone held upright, MP4': { picture: quarters(320, 180), video: x264, container: 'mp4', turn: 90, action: 'transcode', reason: /turned by 90°/, shown: [180, 320], corners: 'blue red / white green' },
  'a phone held the other way, MOV': { picture: quarters(320, 180), video: x264, container: 'mov', turn: 270, action: 'transcode', reason: /turned by 270°/, shown: [180, 320], corners: 'green white / red blue' },
  'a phone upside down, MP4': { picture: quarters(320, 180), video: x264, container: 'mp4', turn: 180, action: 'transcode', reason: /turned by 180°/, shown: [320, 180], corners: 'white blue / green red' },
  'anamorphic H.264 in TS': { picture: `${quarters(720, 576)},setsar=64/45`, video: x264, container: 'mpegts', action: 'copy', reason: /copied/, shown: [1024, 576], corners: 'red green / blue white' },
  'H.264 whose container alone says that it is anamorphic': { picture: quarters(720, 576), video: x264, container: 'matroska', aspect: '16:9', action: 'copy', reason: /copied/, shown: [1024, 576], corners: 'red green / blue white' },
  'anamorphic MPEG-2 in TS': { picture: `${quarters(720, 576)},setsar=64/45`, video: ['-c:v', 'mpeg2video', '-b:v', '3M', '-g', '12', '-pix_fmt', 'yuv420p'], container: 'mpegts', action: 'transcode', reason: /square pixels \(1024 × 576\)/, shown: [1024, 576], corners: 'red green / blue white' },
};

const matrices = { 90: [0, 1, -1, 0], 180: [-1, 0, 0, -1], 270: [0, -1, 1, 0] } as const;

/** Writes the turn into the header of the first track, ISO/IEC 14496-12 §8.3.2. */
function turned(mp4: Buffer, degrees: 90 | 180 | 270): Buffer {
  const tkhd = findBox(mp4, ['moov', 'trak', 'tkhd'], { start: 0, end: mp4.length });
  if (!tkhd) throw new Error('expected a track');
  for (const [index, value] of matrices[degrees].entries()) mp4.writeInt32BE(value * 0x10000, tkhd.start + 40 + [0, 4, 12, 16][index]!);
  return mp4;
}

async function makeFile(t: Test, { picture, video, container, turn, aspect }: Case): Promise<string> {
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'source');
  const source = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=440:sample_rate=48000', '-t', String(seconds)];
  const index = container === 'mp4' || container === 'mov' ? ['-movflags', 'faststart'] : [];
  await run('ffmpeg', ['-v', 'error', '-nostdin', ...source, ...video, ...aac, ...index, '-f', container, file]);
  if (turn) await writeFile(file, turned(await readFile(file), turn));
  if (!aspect) return file;
  const told = join(directory, 'told');
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-c', 'copy', '-aspect', aspect, '-f', container, told]);
  return told;
}

const nameOf = ([red = 0, green = 0, blue = 0]: readonly number[]): string => {
  const [r, g, b] = [red, green, blue].map((value) => value > 127);
  return r && g && b ? 'white' : r && !g && !b ? 'red' : !r && g && !b ? 'green' : !r && !g && b ? 'blue' : `${red},${green},${blue}`;
};
const named = (pixels: readonly number[]): string => {
  const [a, b, c, d] = [0, 1, 2, 3].map((index) => nameOf(pixels.slice(index * 3, index * 3 + 3)));
  return `${a} ${b} / ${c} ${d}`;
};

interface Seen {
  readonly size: string;
  readonly corners: string;
}

async function seenIn(jpeg: Buffer): Promise<Seen> {
  const { stdout, stderr } = await run('ffmpeg', ['-hide_banner', '-nostdin', '-f', 'mjpeg', '-i', 'pipe:0', '-vf', 'format=rgb24,scale=2:2:flags=area', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'], { input: jpeg });
  return { size: /Video: mjpeg.*? (\d+x\d+)/.exec(stderr)?.[1] ?? '', corners: named([...stdout]) };
}

/** What a page shows that comes late, when it shows something. */
async function seenBy(page: Pick<ScriptedPage, 'evaluate'>): Promise<Seen> {
  const found = await waitUntil('a picture', () => page.evaluate<{ size: string; pixels: number[] } | null | undefined>(look), 30_000);
  return { size: found.size, corners: named(found.pixels) };
}

const look = `(() => {
  const video = document.querySelector('video');
  if (!video || !video.videoWidth || video.currentTime === 0 || video.readyState < 2) return undefined;
  const canvas = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  const [width, height] = [video.videoWidth, video.videoHeight];
  for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) context.drawImage(video, (x * 2 + 1) * width / 4 - 4, (y * 2 + 1) * height / 4 - 4, 8, 8, x, y, 1, 1);
  const { data } = context.getImageData(0, 0, 2, 2);
  // Right after a seek a busy browser has no picture to draw, whatever the element says: nothing was drawn then, not black.
  if (data.some((value, index) => index % 4 === 3 && value < 255)) return undefined;
  return { size: width + 'x' + height, pixels: [...data].filter((_, index) => index % 4 < 3) };
})()`;

const infoOf = async ({ origin }: TestServer, stream: string): Promise<LiveStreamInfo | undefined> => {
  const answer = await fetch(`${origin}/api/streams/${stream}`);
  return answer.ok ? ((await answer.json()) as LiveStreamInfo) : undefined;
};

/** Sends a file by HTTP as long as its media lasts, as a program would that reads it at its own pace. */
async function* paced(bytes: Buffer, lastsSeconds: number): AsyncGenerator<Buffer> {
  const steps = lastsSeconds * 10;
  const size = Math.ceil(bytes.length / steps);
  for (let step = 0; step < steps; step++) {
    yield bytes.subarray(step * size, (step + 1) * size);
    await sleep(100);
  }
}

async function onAir(t: Test, server: TestServer, stream: string, file: string, lastsSeconds = seconds): Promise<{ info: LiveStreamInfo; stop: () => void }> {
  const pushing = new AbortController();
  const body = Readable.toWeb(Readable.from(paced(await readFile(file), lastsSeconds))) as ReadableStream;
  const request = { method: 'PUT', body, duplex: 'half', signal: pushing.signal, headers: { authorization: `Bearer ${server.key}` } };
  void fetch(`${server.origin}/live/${stream}/publish`, request as RequestInit).catch(() => undefined);
  t.teardown(() => pushing.abort());
  const info = await waitUntil(`${stream} is live`, async () => {
    const found = await infoOf(server, stream);
    return found?.state === 'live' && found.rendition ? found : undefined;
  }, 30_000);
  return { info, stop: () => pushing.abort() };
}

t.test('pictures are shown upright and in their proportions, copied or encoded, on every path', { skip }, async (t) => {
  const server = await startServer(t, { FRAMES_WIDTH: '2000' });
  const browser: Browser = await launchChromium(t);
  t.jobs = 2;
  for (const [number, [name, each]] of Object.entries(cases).entries()) t.test(name, async (t) => {
    const stream = `shape-${String(number)}`;
    const [width, height] = each.shown;
    const wanted: Seen = { size: `${width}x${height}`, corners: each.corners };
    const { info, stop } = await onAir(t, server, stream, await makeFile(t, each));
    const picture = info.recording?.tracks.find(({ kind }) => kind === 'video');
    t.match(picture, { action: each.action, reason: each.reason }, name);
    t.match(info.rendition, { width, height }, `${name}: what is said of it`);
    const seen = async (url: string, html?: string): Promise<Seen> => {
      const page = await browser.newPage();
      await page.goto(html === undefined ? url : `${server.origin}/healthz`);
      if (html !== undefined) await page.setContent(html);
      return seenBy(chromiumPage(page)).finally(() => page.close());
    };
    const base = `${server.origin}/live/${stream}`;
    const [socket, hls, body, poster, flv] = await Promise.all([
      seen(`${server.origin}/embed/${stream}?path=websocket`),
      seen(`${server.origin}/embed/${stream}?path=hls`),
      seen('', `<video autoplay muted src="${base}/stream.mp4"></video>`),
      fetch(`${base}/poster.jpg`).then(async (answer) => seenIn(Buffer.from(await answer.arrayBuffer()))),
      run('ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=width,height,sample_aspect_ratio', '-read_intervals', '%+#1', '-of', 'csv=p=0', `${base}/stream.flv`]),
    ]);
    stop();
    t.strictSame({ socket, hls, body, poster }, { socket: wanted, hls: wanted, body: wanted, poster: wanted }, name);
    const [across, down, aspect] = flv.stdout.toString().trim().split(',').map((value, index) => (index < 2 ? Number(value) : value)) as [number, number, string];
    const [sampleWidth = 1, sampleHeight = 1] = aspect.split(':').map(Number);
    const proportion = (across / down) * (aspect.includes(':') ? sampleWidth / sampleHeight : 1);
    t.ok(Math.abs(proportion - width / height) < 0.01, `${name}: FLV is ${across} × ${down} with samples of ${aspect}`);
  });
});

for (const [browserName, program, seenAt] of [
  ['Firefox', firefoxProgram, async (t: Test, url: string) => {
    const page = firefoxPage(await (await launchFirefox(t)).newPage());
    await page.goto(url);
    return seenBy(page);
  }],
  ["Safari's engine", webkitProgram, (t: Test, url: string) => inWebKit(t, async (webkit) => {
    await webkit.open(url);
    return seenBy({ evaluate: <T>(expression: string) => webkit.evaluate<T>(`return ${expression};`) });
  })],
] as const) {
  t.test(`the same in ${browserName}: one that was turned, and one copied with pixels that are not square`, { skip: skipWithout(program, browserName) }, async (t) => {
    const server = await startServer(t);
    for (const name of ['a phone held upright, MP4', 'anamorphic H.264 in TS']) {
      const each = cases[name]!;
      const stream = each.container;
      const { stop } = await onAir(t, server, stream, await makeFile(t, each));
      const seen = await seenAt(t, `${server.origin}/embed/${stream}`);
      stop();
      t.strictSame(seen, { size: each.shown.join('x'), corners: each.corners }, name);
    }
  });
}

/** How much neighbouring lines differ where a bar moves sideways: only a picture of two fields has combs. */
function combs(gray: Buffer, width: number): number {
  let sum = 0;
  for (let at = 0; at + width < gray.length; at++) sum += Math.abs((gray[at] ?? 0) - (gray[at + width] ?? 0));
  return sum / gray.length;
}

t.test('interlaced pictures are shown without combs', async (t) => {
  const server = await startServer(t, { FRAMES_WIDTH: '2000' });
  const [width, height] = [1920, 1080];
  const file = join(await temporaryDirectory(t), 'source');
  // Nobody but the poster has to come, and pictures of this size take their time.
  const enoughSeconds = 12;
  const moving = `color=c=black:s=${width}x${height}:r=50[back];color=c=white:s=200x${height}:r=50[bar];[back][bar]overlay=x='mod(n*24,${width - 200})',tinterlace=interleave_top,setfield=tff`;
  const interlaced = [...x264, '-flags', '+ilme+ildct', '-x264opts', 'tff=1'];
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', moving, '-f', 'lavfi', '-i', 'sine=440:sample_rate=48000', '-t', String(enoughSeconds), ...interlaced, ...aac, '-f', 'mpegts', file]);
  const grayOf = async (input: readonly string[], options: { input?: Buffer } = {}): Promise<Buffer> =>
    (await run('ffmpeg', ['-v', 'error', '-nostdin', ...input, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'], options)).stdout;
  const source = combs(await grayOf(['-ss', '2', '-i', file]), width);
  t.ok(source > 2, `the source has combs: ${source}`);
  const { info } = await onAir(t, server, 'fields', file, enoughSeconds);
  t.match(info.recording?.tracks[0], { action: 'transcode', reason: /interlaced.*fields made pictures/ });
  t.match(info.rendition, { width, height });
  const poster = Buffer.from(await (await fetch(`${server.origin}/live/fields/poster.jpg`)).arrayBuffer());
  const shown = combs(await grayOf(['-f', 'mjpeg', '-i', 'pipe:0'], { input: poster }), width);
  t.ok(shown < source / 4, `the poster has none: ${shown}`);
});
