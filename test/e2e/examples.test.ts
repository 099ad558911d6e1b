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

t.setTimeout(120_000);
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

/** Who comes late gets a picture soon, and not the show so far. */
async function checkLateViewer(t: Test, server: TestServer, stream: string): Promise<void> {
  const askedAtMs = performance.now();
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
  t.ok(performance.now() - askedAtMs < 2000, `its first picture is there after ${(performance.now() - askedAtMs).toFixed(0)} ms`);
  t.ok(bytes < 300_000, `and ${bytes} bytes`);
  socket.terminate();
}

interface Joints {
  /** The longest time a viewer may look at one picture, ms, far beyond what was measured: other programs need this machine too. */
  readonly longestStandstillMs: number;
  readonly joints: number;
  /** How long a player may take to learn how the source sends. */
  readonly settleMs?: number;
  readonly more?: string;
}

async function checkExample(t: Test, name: string, { longestStandstillMs, joints, settleMs = 2000, more = '' }: Joints): Promise<void> {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await openExample(t, browser, server, name, 'show', more);
  const viewer = new HlsViewer(server.hlsUrl('show'));
  await viewer.mediaUrl;
  const players = await Promise.all(['websocket', 'hls'].map(async (path) => ({ path, player: await openPlayer(browser, server, 'show', path) })));
  const border = (): number => viewer.segments.filter(({ isDiscontinuity }) => isDiscontinuity).length;
  await waitUntil('some joints', () => border() >= joints, 60_000);
  await checkLateViewer(t, server, 'show');
  const last = viewer.segments.length;
  await waitUntil('some seconds after them', () => viewer.segments.length > last + 1, 30_000);
  for (const { path, player } of players) {
    const seen = await smoothnessOf(player);
    const numbers = seen.frames.map(({ number }) => number);
    const standstillMs = longestGapMs(seen, (seen.frames[0]?.atMs ?? 0) + settleMs);
    t.ok(standstillMs < longestStandstillMs, `${path}: no picture stands longer than ${standstillMs.toFixed(0)} ms; ${numbers.length} pictures`);
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
  const missing = sent.slice(1).map((numbers, index) => (numbers[0] ?? 0) - (sent[index]?.at(-1) ?? 0) - 1);
  t.comment(`not delivered by the recorder at its joints: ${missing.join(', ')}`);
}

t.test('recorder-restarts: first blobs and chunks on two sockets are one broadcast without flicker', { skip }, async (t) => {
  await checkExample(t, 'recorder-restarts', { longestStandstillMs: 1500, joints: 2 });
});

t.test('recorder-restarts: so they are on one', { skip }, async (t) => {
  await checkExample(t, 'recorder-restarts', { longestStandstillMs: 1500, joints: 1, more: '&single=1' });
});

t.test('stop-and-start: whole recordings of screen and microphone, in slices, are one broadcast', { skip }, async (t) => {
  await checkExample(t, 'stop-and-start', { longestStandstillMs: 2500, joints: 3, settleMs: 6000 });
});
