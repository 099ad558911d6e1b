import { chromiumProgram, launchChromium } from '../../test/helpers/chromium.js';
import { firefoxProgram, launchFirefox } from '../../test/helpers/firefox.js';
import { findProgram, run, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { chromiumPage, firefoxPage, waitForPlayback, type ScriptedPage } from '../../test/helpers/scripted-page.js';
import type { TestServer } from '../../test/helpers/server.js';
import { picturesOfVlc, startVlc, vlcProgram } from '../../test/helpers/vlc.js';
import { WebKit, webkitProgram } from '../../test/helpers/webkit.js';
import { serveWebSite } from '../../test/helpers/web-site.js';
import { obsProgram, startObs } from './obs.js';

/** A way out: plays `stream` for some seconds. Throws in words when pictures do not come or do not go on. */
export interface Sink {
  readonly name: string;
  readonly program: string | undefined;
  /** @param live address of the live stream, e.g. `http://127.0.0.1:8080/live/cam` */
  play(t: Teardown, live: string, server: TestServer): Promise<void>;
}

/** Seconds of moving picture that count as playing. */
const wantedSeconds = 4;
const wantedPictures = 60;

export const sinks: readonly Sink[] = [
  { name: 'HLS, Chromium', program: chromiumProgram, play: (t, live) => watchPage(t, live, 'hls', inChromium) },
  { name: 'HLS, Firefox', program: firefoxProgram, play: (t, live) => watchPage(t, live, 'hls', inFirefox) },
  { name: 'HLS, WebKitGTK', program: webkitProgram, play: webKit },
  { name: 'HLS, VLC', program: vlcProgram, play: (t, live) => vlc(t, `${live}/index.m3u8`) },
  { name: 'HLS, OBS', program: obsProgram, play: obs },
  { name: 'WebSocket, Chromium', program: chromiumProgram, play: (t, live) => watchPage(t, live, 'websocket', inChromium) },
  { name: 'WebSocket, Firefox', program: firefoxProgram, play: (t, live) => watchPage(t, live, 'websocket', inFirefox) },
  { name: 'MP4, VLC', program: vlcProgram, play: (t, live) => vlc(t, `${live}/stream.mp4`) },
  { name: 'MP4, ffmpeg', program: findProgram('ffmpeg'), play: (_t, live) => ffmpeg(`${live}/stream.mp4`) },
  { name: 'FLV, VLC', program: vlcProgram, play: (t, live) => vlc(t, `${live}/stream.flv`) },
  { name: 'FLV, ffmpeg', program: findProgram('ffmpeg'), play: (_t, live) => ffmpeg(`${live}/stream.flv`) },
  { name: 'frames, `<img>`', program: chromiumProgram, play: image },
];

const inChromium = async (t: Teardown): Promise<ScriptedPage> => chromiumPage(await (await launchChromium(t)).newPage());
const inFirefox = async (t: Teardown): Promise<ScriptedPage> => firefoxPage(await (await launchFirefox(t)).newPage());

/** The watch page, told which way to take; that it took this way and no other is looked up in its statistics. */
async function watchPage(t: Teardown, live: string, path: 'hls' | 'websocket', open: (t: Teardown) => Promise<ScriptedPage>): Promise<void> {
  const page = await open(t);
  await page.goto(`${live.replace('/live/', '/watch/')}?path=${path}`);
  await waitForPlayback(page, wantedSeconds, 60_000);
  const row = `[...document.querySelectorAll('.stats-row')].find((each) => each.firstChild.textContent === 'Path')?.lastChild.textContent ?? ''`;
  const taken = await page.evaluate<string>(row);
  if (!(path === 'hls' ? /HLS/ : /WebSocket/).test(taken)) throw new Error(`expected it to play by ${path}, it played by "${taken}"`);
}

/** Safari's engine, which is given the address of the playlist and nothing else. */
async function webKit(t: Teardown, live: string): Promise<void> {
  const site = await serveWebSite(t, { '/': `<!doctype html><title>Native</title><video muted playsinline src="${live}/index.m3u8"></video>` });
  const browser = await WebKit.launch(t);
  await browser.open(site);
  await browser.evaluate('document.querySelector("video").play().catch(() => undefined); return true;');
  const facts = (): Promise<[number, number]> => browser.evaluate('const v = document.querySelector("video"); return [v.currentTime, v.videoWidth];');
  const [start] = await waitUntil('a picture in WebKit', async () => {
    const [time, width] = await facts();
    return width > 0 && time > 0 && ([time] as const);
  }, 60_000, 200);
  await waitUntil('the picture to go on', async () => (await facts())[0] > start + wantedSeconds, 30_000, 200);
}

/** Every picture that VLC shows is written to a file. */
async function vlc(t: Teardown, url: string): Promise<void> {
  const directory = await startVlc(t, url, { options: ['--play-and-exit'] });
  await waitUntil(`${String(wantedPictures)} pictures in VLC`, async () => (await picturesOfVlc(directory)).length > wantedPictures, 60_000, 200);
}

/** OBS plays the playlist and sends what it shows back as a stream of its own, whose pictures must change. */
async function obs(t: Teardown, live: string, server: TestServer): Promise<void> {
  const stream = 'what-obs-shows';
  startObs(t, server.rtmpUrl(stream), `${live}/index.m3u8`);
  const shown = new URL(`../${stream}/stream.mp4`, `${live}/`).href;
  await waitUntil('OBS to be live', async () => (await fetch(shown, { method: 'HEAD' })).ok, 60_000, 500);
  // What does not change is dropped: a picture that OBS holds, and the black one before the first.
  const moving = ['-v', 'error', '-nostdin', '-i', shown, '-t', '20', '-vf', 'mpdecimate', '-map', '0:v', '-f', 'framecrc', 'pipe:1'];
  const { stdout } = await run('ffmpeg', moving, { timeoutMs: 60_000 });
  requirePictures(stdout.toString());
}

async function ffmpeg(url: string): Promise<void> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-nostdin', '-i', url, '-t', String(wantedSeconds), '-map', '0:v', '-f', 'framecrc', 'pipe:1'], { timeoutMs: 60_000 });
  requirePictures(stdout.toString());
}

function requirePictures(list: string): void {
  const pictures = list.split('\n').filter((line) => line.startsWith('0,')).length;
  if (pictures < wantedPictures) throw new Error(`expected ${String(wantedPictures)} pictures decoded, got ${String(pictures)}`);
}

/** An `<img>` whose pixels change again and again. */
async function image(t: Teardown, live: string): Promise<void> {
  const page = await inChromium(t);
  await page.goto(new URL('/healthz', live).href); // of the same origin, so that its pixels may be read
  await page.evaluate(`(() => { const image = new Image(); image.src = '${live}/frames'; document.body.append(image); })()`);
  const pixels = `(() => {
    const image = document.querySelector('img');
    if (!image?.naturalWidth) return '';
    const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth, height: image.naturalHeight });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data].reduce((sum, value, index) => (sum * 31 + value * (index + 1)) % 4294967291, 7).toString();
  })()`;
  const seen = new Set<string>();
  await waitUntil('five different pictures in an <img>', async () => seen.add(await page.evaluate<string>(pixels)).size > 5, 60_000, 100);
}
