import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import t from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { readJpeg } from '../../src/source/jpeg.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { childrenOf, skipWithout, waitUntil, type Teardown } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(120_000);

async function infoOf(server: TestServer, stream: string): Promise<LiveStreamInfo> {
  return (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
}

/** A client of `/frames` that keeps the pictures that are whole, as an `<img>` takes them apart. */
class FramesClient {
  readonly pictures: Buffer[] = [];
  ended = false;
  readonly #leave: () => void;

  constructor(t: Teardown, url: string) {
    const request = get(url);
    this.#leave = () => request.destroy();
    t.teardown(this.#leave);
    request.on('error', () => undefined);
    void this.#read(once(request, 'response') as Promise<[IncomingMessage]>).catch(() => undefined);
  }

  leave(): void {
    this.#leave();
  }

  async #read(response: Promise<[IncomingMessage]>): Promise<void> {
    const [body] = await response;
    const boundary = `--${/boundary=(.+)$/.exec(body.headers['content-type'] ?? '')?.[1] ?? ''}`;
    let bytes = Buffer.alloc(0);
    for await (const chunk of body) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      for (let next = bytes.indexOf(`\r\n${boundary}`); next >= 0; next = bytes.indexOf(`\r\n${boundary}`)) {
        this.pictures.push(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4, next));
        bytes = bytes.subarray(next + 2);
      }
    }
    this.ended = true;
  }
}

t.test('a copied H.264 stream is shown as pictures, made once for all who look and only while they do', async (t) => {
  const server = await startServer(t, { FRAMES_WIDTH: '320' });
  const publisher = new TestPublisher(t, server.publishUrl('copied'));
  await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(readFixture('chromium-h264.mkv')));
  await publisher.message('live');
  t.match((await infoOf(server, 'copied')).recording?.tracks, [{ kind: 'video', action: 'copy' }, {}]);
  const children = (): Promise<number[]> => childrenOf(process.pid, 'ffmpeg');
  const poster = await fetch(`${server.origin}/live/copied/poster.jpg`);
  t.match(Object.fromEntries(poster.headers), { 'content-type': 'image/jpeg', 'cache-control': /^max-age=\d+$/, 'access-control-allow-origin': '*' });
  t.same(readJpeg(new Uint8Array(await poster.arrayBuffer())), { width: 320, height: 180 });
  t.equal((await children()).length, 1, 'the poster has left nothing behind');

  const clients = Array.from({ length: 3 }, () => new FramesClient(t, `${server.origin}/live/copied/frames`));
  await waitUntil('three pictures for each', () => clients.every(({ pictures }) => pictures.length >= 3));
  for (const picture of clients[0]!.pictures) t.same(readJpeg(picture), { width: 320, height: 180 });
  t.ok(new Set(clients[0]!.pictures.map((picture) => picture.toString('base64'))).size >= 2, 'they change');
  t.equal((await children()).length, 2, 'one ffmpeg for the broadcast, one for all three');
  t.equal((await infoOf(server, 'copied')).viewers, 3);
  for (const client of clients.slice(1)) client.leave();
  await waitUntil('one viewer left', async () => (await infoOf(server, 'copied')).viewers === 1);
  const seen = clients[0]!.pictures.length;
  await waitUntil('pictures go on', () => clients[0]!.pictures.length > seen);
  clients[0]!.leave();
  await waitUntil('its ffmpeg is gone', async () => (await children()).length === 1);

  const last = new FramesClient(t, `${server.origin}/live/copied/frames?fps=1&width=100`);
  await waitUntil('a small picture', () => last.pictures.length > 0);
  t.same(readJpeg(last.pictures[0]!), { width: 160, height: 90 });
  publisher.terminate();
  await sending.catch(() => undefined);
  await fetch(`${server.origin}/api/streams/copied`, { method: 'DELETE', headers: { authorization: `Bearer ${server.key}` } });
  await waitUntil('the end is told', () => last.ended);
  t.equal((await children()).length, 0);
  t.equal((await fetch(`${server.origin}/live/copied/frames`)).status, 404);
  t.equal((await fetch(`${server.origin}/live/copied/poster.jpg`)).status, 404);
});

t.test('an ffmpeg that makes pictures is killed: another one takes its place', async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('killed'));
  await publisher.message('ready');
  const sending = publisher.sendPaced(messagesOf(readFixture('chromium-h264.mkv'))).catch(() => undefined);
  await publisher.message('live');
  const [broadcasting] = await childrenOf(process.pid, 'ffmpeg');
  const client = new FramesClient(t, `${server.origin}/live/killed/frames`);
  await waitUntil('a picture', () => client.pictures.length > 0);
  const victim = (await childrenOf(process.pid, 'ffmpeg')).find((pid) => pid !== broadcasting);
  process.kill(victim!, 'SIGKILL');
  const seen = client.pictures.length;
  await waitUntil('pictures again', () => client.pictures.length > seen + 1);
  t.equal(client.ended, false);
  await server.close();
  await sending;
  await waitUntil('nothing is left', async () => (await childrenOf(process.pid, 'ffmpeg')).length === 0);
});

const example = readFileSync(join(import.meta.dirname, '../../examples/canvas-jpeg/index.html'), 'utf8');
/** How an `<img>` changes, seen as a person does. */
const looksOf = (selector: string): string => `(() => {
  const image = document.querySelector('${selector}');
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 9 });
  canvas.getContext('2d').drawImage(image, 0, 0, 16, 9);
  return image.naturalWidth > 0 ? canvas.toDataURL() : '';
})()`;

t.test('a canvas sent as JPEG every 100 ms plays as video, and in an <img>', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const site = await serveWebSite(t, { '/': example.replace('id="frames"', 'id="frames" crossorigin') });
  const browser = await launchChromium(t);
  const tab = await browser.newPage();
  const page = chromiumPage(tab);
  await page.goto(`${site}/?server=${server.origin}&stream=canvas&key=${server.key}`);
  await page.press('Go live');
  await waitForWords(page, /\bLIVE\b/);
  const looks = new Set<string>();
  await waitUntil('four different pictures in the <img>', async () => {
    looks.add(await page.evaluate<string>(looksOf('#frames')));
    looks.delete('');
    return looks.size >= 4;
  });
  const info = await infoOf(server, 'canvas');
  t.match(info.recording, { container: 'jpeg', tracks: [{ kind: 'video', sourceCodec: 'mjpeg', action: 'transcode' }] });
  t.match(info.rendition, { width: 640, height: 360 });
  const frameRate = info.rendition?.frameRate ?? 0;
  t.ok(frameRate > 3 && frameRate < 20, `${String(frameRate)} pictures a second`);

  const watching = await browser.newPage();
  const watch = chromiumPage(watching);
  await watch.goto(`${server.origin}/watch/canvas?path=hls`);
  await waitForPlayback(watch, 1);
  await page.show();
  await page.press('End');
  await waitForWords(page, /broadcast is over/);
});
