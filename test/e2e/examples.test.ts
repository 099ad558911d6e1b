import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';

import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { numberedCapture } from '../helpers/numbered-capture.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { longestGapMs, watchSmoothness, type Smoothness } from '../helpers/smoothness.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(400_000);
/** Fragments of sound and picture in two seconds, at 30 pictures a second. */
const maxMessagesMeanwhile = 100;
const skip = skipWithout(chromiumProgram, 'Chromium');

async function openExample(t: Test, browser: Browser, server: TestServer, name: string, stream: string, more = ''): Promise<Page> {
  const site = await serveWebSite(t, { '/': await readFile(join(import.meta.dirname, `../../examples/${name}/index.html`), 'utf8') });
  const page = await browser.newPage();
  await page.addInitScript(numberedCapture);
  await page.goto(`${site}/#server=${encodeURIComponent(server.origin)}&stream=${stream}&key=${encodeURIComponent(server.key)}${more}`);
  await page.getByRole('button', { name: 'Go live' }).click();
  return page;
}

async function openPlayer(browser: Browser, server: TestServer, stream: string, path: string): Promise<Page> {
  const page = await browser.newPage();
  await page.addInitScript(watchSmoothness);
  await page.goto(`${server.origin}/watch/${stream}?path=${path}`);
  return page;
}

const smoothnessOf = (page: Page): Promise<Smoothness> => page.evaluate<Smoothness>('smoothness');

/** The recordings as the page sent them: [kind of socket, bytes] put together. */
async function recordingsOf(page: Page): Promise<Buffer[]> {
  const recordings: Buffer[] = [];
  for (const [, base64] of await page.evaluate<[string, string][]>('sentBytes()')) {
    const bytes = Buffer.from(base64, 'base64');
    // A first blob may be the first byte of its header alone.
    if (bytes[0] === 0x1a && (bytes.length === 1 || bytes.readUInt32BE(0) === 0x1a45dfa3)) recordings.push(bytes);
    else recordings.push(Buffer.concat([recordings.pop() ?? Buffer.alloc(0), bytes]));
  }
  return recordings;
}

const numbersIn = async (t: Test, media: Buffer): Promise<number[]> => (await decode(t, media)).pictures.map(({ number }) => number);

/** What the server sends to somebody who only counts: how the show comes on this machine, under the load that there is now. */
interface Arrivals {
  messages: number;
  longestPauseMs: number;
}

function watchArrivals(t: Test, server: TestServer, stream: string): Arrivals {
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  const arrivals: Arrivals = { messages: 0, longestPauseMs: 0 };
  let lastAtMs = Infinity;
  socket.on('message', () => {
    arrivals.messages += 1;
    arrivals.longestPauseMs = Math.max(arrivals.longestPauseMs, performance.now() - lastAtMs);
    lastAtMs = performance.now();
  });
  return arrivals;
}

/** Who comes late gets a picture soon, and not the show so far. */
async function checkLateViewer(t: Test, server: TestServer, stream: string, arrivals: Arrivals): Promise<void> {
  const askedAt = arrivals.messages;
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  let bytes = 0;
  await new Promise<void>((resolve) => {
    let media = 0;
    socket.on('message', (data: Buffer, isBinary) => {
      bytes += data.length;
      if (isBinary && ++media === 2) resolve();
    });
  });
  const meanwhile = arrivals.messages - askedAt;
  t.ok(meanwhile < maxMessagesMeanwhile, `its first picture is there when others have got ${String(meanwhile)} messages more`);
  t.ok(bytes < 300_000, `and ${bytes} bytes`);
  socket.terminate();
}

interface Joints {
  readonly joints: number;
  /** Seconds of the show that a player may take to learn how the source sends. */
  readonly settleSeconds?: number;
  readonly more?: string;
}

async function checkExample(t: Test, name: string, { joints, settleSeconds = 2, more = '' }: Joints): Promise<void> {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await openExample(t, browser, server, name, 'show', more);
  const viewer = new HlsViewer(server.hlsUrl('show'));
  await viewer.mediaUrl;
  const arrivals = watchArrivals(t, server, 'show');
  const players = await Promise.all(['websocket', 'hls'].map(async (path) => ({ path, player: await openPlayer(browser, server, 'show', path) })));
  const border = (): number => viewer.segments.filter(({ isDiscontinuity }) => isDiscontinuity).length;
  await waitUntil('some joints', () => border() >= joints, 120_000);
  await checkLateViewer(t, server, 'show', arrivals);
  const last = viewer.segments.length;
  await waitUntil('some seconds after them', () => viewer.segments.length > last + 1, 60_000);
  const shown = new Map<string, number[]>();
  for (const { path, player } of players) {
    const from = (await smoothnessOf(player)).frames.length;
    await waitUntil(`${path}: pictures after the joints`, async () => (await smoothnessOf(player)).frames.length > from + 20, 60_000);
    const seen = await smoothnessOf(player);
    const numbers = seen.frames.map(({ number }) => number);
    const first = seen.frames[0]?.mediaSeconds ?? 0;
    const standstillMs = longestGapMs(seen, seen.frames.find(({ mediaSeconds }) => mediaSeconds >= first + settleSeconds)?.atMs);
    // How long depends on what else this machine does.
    t.comment(`${path}: no picture stands longer than ${standstillMs.toFixed(0)} ms, where nothing came for ${arrivals.longestPauseMs.toFixed(0)} ms; ${String(numbers.length)} pictures`);
    shown.set(path, numbers);
    t.strictSame(numbers, numbers.toSorted((a, b) => a - b), `${path}: none comes out of turn`);
    t.ok(numbers.length > 50, `${path}: ${numbers.length} pictures were shown`);
    t.strictSame(seen.errors, []);
    t.equal(seen.waits.filter(({ name, atMs }) => name === 'emptied' && atMs > (seen.frames[0]?.atMs ?? 0)).length, 0, `${path}: one source from beginning to end: nothing flashes`);
  }
  await page.getByRole('button', { name: 'End' }).click();
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const [timelines, recordings] = [await viewer.timelines(), await recordingsOf(page)];
  const [seen, sent] = [await Promise.all(timelines.map(({ bytes }) => numbersIn(t, bytes))), await Promise.all(recordings.map((bytes) => numbersIn(t, bytes)))];
  t.strictSame(seen, sent, 'every picture that the recorder delivered, once, in order');
  for (const [path, numbers] of shown) {
    const [from = 0, to = 0] = [numbers[0], numbers.at(-1)];
    const during = sent.filter((recording) => (recording[0] ?? 0) >= from && (recording.at(-1) ?? Infinity) <= to);
    t.ok(during.length >= joints - 1, `${path}: it was there for ${String(during.length)} whole recordings`);
    for (const recording of during) t.ok(numbers.some((number) => recording.includes(number)), `${path}: pictures ${String(recording[0])} to ${String(recording.at(-1))} were not passed over`);
  }
  const missing = sent.slice(1).map((numbers, index) => (numbers[0] ?? 0) - (sent[index]?.at(-1) ?? 0) - 1);
  t.comment(`not delivered by the recorder at its joints: ${missing.join(', ')}`);
}

t.test('recorder-restarts: first blobs and chunks on two sockets are one broadcast without flicker', { skip }, async (t) => {
  await checkExample(t, 'recorder-restarts', { joints: 2 });
});

t.test('recorder-restarts: so they are on one', { skip }, async (t) => {
  await checkExample(t, 'recorder-restarts', { joints: 1, more: '&single=1' });
});

t.test('stop-and-start: whole recordings of screen and microphone, in slices, are one broadcast', { skip }, async (t) => {
  await checkExample(t, 'stop-and-start', { joints: 3, settleSeconds: 6 });
});
