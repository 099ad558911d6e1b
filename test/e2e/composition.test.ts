import type { Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, complaintsOf, launchChromium, launchTabbedChromium } from '../helpers/chromium.js';
import { colourAt, sourcesToCompose } from '../helpers/composed-page.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(240_000);
const skip = skipWithout(chromiumProgram, 'Chromium');
const rate = 20;
/** Of a joint: it takes less than half a second on a machine that has time for it, and here others may use it, too. */
const maxLost = rate;

const red = ([r = 0, g = 0, b = 0]: readonly number[]): boolean => r > 150 && g < 90 && b < 90;
const green = ([r = 0, g = 0, b = 0]: readonly number[]): boolean => g > 110 && r < 90 && b < 90;
const blue = ([r = 0, g = 0, b = 0]: readonly number[]): boolean => b > 90 && b > g && g > r;
const dark = (colour: readonly number[]): boolean => Math.max(...colour) < 90;

interface Tab {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
}

/** The screen alone goes live; its composition with the camera is there as well. */
async function publishScreen(page: Tab, server: TestServer, stream: string): Promise<void> {
  await page.goto(`${server.origin}/embed/nothing-here`);
  await page.evaluate(sourcesToCompose);
  await page.evaluate(`(async () => {
    window.sdk = await import('${server.origin}/sdk/onair.js');
    window.tracks = window.makeTracks();
    window.plain = new MediaStream([window.tracks.screen, window.tracks.microphone]);
    window.composition = await window.sdk.openComposition({ of: window.tracks });
    window.news = [];
    const publisher = window.publisher = new window.sdk.Publisher({ url: '${server.origin}', key: '${server.key}', stream: '${stream}', media: window.plain });
    publisher.on('state', (state) => window.news.push(state));
    publisher.on('warning', ({ code }) => window.news.push(code));
    await publisher.start();
  })()`);
  await waitUntil('it to be live', () => page.evaluate<boolean>('window.news.includes("live")'), 30_000);
}

/** A page that plays it, and hears how loud each tone is, from 0 to 255. */
async function openViewer(page: Page, server: TestServer, stream: string): Promise<void> {
  await page.goto(`${server.origin}/embed/nothing-there`);
  await page.evaluate(`(async () => {
    const { Player } = await import('${server.origin}/sdk/onair.js');
    const video = document.createElement('video');
    document.body.replaceChildren(video);
    const player = new Player({ url: '${server.origin}', stream: '${stream}', video });
    player.play();
    const audio = new AudioContext();
    const analyser = new AnalyserNode(audio, { fftSize: 4096, smoothingTimeConstant: 0 });
    audio.createMediaElementSource(video).connect(analyser);
    window.loudness = (hertz) => {
      const bins = new Uint8Array(analyser.frequencyBinCount);
      analyser.getByteFrequencyData(bins);
      return bins[Math.round((hertz * analyser.fftSize) / audio.sampleRate)];
    };
  })()`);
}

const see = (page: Page, what: string, x: number, y: number, isIt: (colour: readonly number[]) => boolean): Promise<unknown> =>
  waitUntil(what, async () => isIt(await page.evaluate<number[]>(colourAt(x, y))), 20_000);
const hear = (page: Page, what: string, isIt: (voice: number, film: number) => boolean): Promise<unknown> =>
  waitUntil(what, async () => isIt(...(await page.evaluate<[number, number]>('[window.loudness(440), window.loudness(1320)]'))), 20_000);

t.test('a composed screen and camera go on air: viewers see the camera in its corner and the pause’s card, and hear what the levels say', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  const complaints = complaintsOf(page);
  await publishScreen(page, server, 'composed');
  const viewer = new HlsViewer(server.hlsUrl('composed'));
  await openViewer(watch, server, 'composed');
  await see(watch, 'the screen alone', 0.9, 0.85, blue);

  await page.evaluate('window.publisher.replaceMedia(window.composition)');
  await see(watch, 'the right half of the camera, in its corner', 0.93, 0.88, green);
  await see(watch, 'its left half beside it', 0.78, 0.88, red);
  await see(watch, 'the screen elsewhere', 0.3, 0.6, blue);
  await hear(watch, 'both tones', (voice, film) => voice > 100 && film > 100);

  await page.evaluate('window.composition.set({ corner: "top-left", mirrored: true, levels: { microphone: 0, screen: 1 } })');
  await see(watch, 'the camera in another corner, mirrored', 0.06, 0.2, green);
  await see(watch, 'the screen where it stood', 0.9, 0.85, blue);
  await hear(watch, 'the film alone', (voice, film) => voice < 60 && film > 100);
  await page.evaluate('window.composition.set({ levels: { microphone: 2, screen: 0 } })');
  await hear(watch, 'the voice alone', (voice, film) => voice > 100 && film < 60);

  await page.evaluate('window.composition.pause({ title: "A title" })');
  for (const [x, y] of [[0.06, 0.2], [0.9, 0.85], [0.3, 0.75]] as const) await see(watch, 'nothing but the card', x, y, dark);
  await hear(watch, 'silence', (voice, film) => voice < 60 && film < 60);
  await page.evaluate('window.composition.resume()');
  await see(watch, 'the camera again', 0.06, 0.2, green);

  await page.evaluate('window.tracks.camera.stop(), window.tracks.camera.dispatchEvent(new Event("ended"))');
  await see(watch, 'the screen alone, once the camera is lost', 0.06, 0.2, blue);
  await page.evaluate('window.publisher.replaceMedia(window.plain)');
  await page.waitForTimeout(2_000);
  await page.evaluate('window.publisher.end()');
  await viewer.ended;
  t.match(await page.evaluate<string[]>('window.news'), ['connecting', 'connected', 'live', 'ended'], 'it never ended, and nothing was told');
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await viewer.timelines();
  t.ok(timelines.length >= 4, 'one recording before, one composed, whatever was changed in it, one of the screen that was left, one after; where the machine is busy the bit rate changes, too');
  const numbers = await Promise.all(timelines.map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  for (const [index, timeline] of numbers.entries()) {
    const before = numbers[index - 1]?.at(-1);
    if (before === undefined) continue;
    const lost = (timeline[0] ?? Infinity) - before - 1;
    t.ok(lost < maxLost, `joint ${String(index)}: ${String(lost)} pictures of ${String(rate)} a second were lost`);
  }
  // A stream that is not live answers 404, which the browser reports by itself.
  t.strictSame(complaints.filter((text) => !text.includes('404')), []);
});

t.test('a worker that dies while it draws is replaced within seconds, by the page when that happens again; the broadcast goes on, and it is said', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  await page.addInitScript(`{
    window.drawers = [];
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...more) {
      if (message.type === 'begin' && message.writable) window.drawers.push(this);
      return post.call(this, message, ...more);
    };
  }`);
  await publishScreen(page, server, 'dying');
  await page.evaluate(`(async () => {
    window.composition.on('warning', ({ code }) => window.news.push(code));
    await window.publisher.replaceMedia(window.composition);
  })()`);
  const viewer = new HlsViewer(server.hlsUrl('dying'));
  await openViewer(watch, server, 'dying');
  await see(watch, 'the camera in its corner', 0.93, 0.88, green);
  const redrawn = (times: number): Promise<unknown> =>
    waitUntil(`${String(times)} times`, () => page.evaluate<boolean>(`window.news.filter((code) => code === 'composition-redrawn').length === ${String(times)}`), 20_000);

  // As the browser ends one that takes too much memory: without a word.
  const diedAt = await page.evaluate<number>('(window.drawers[0].terminate(), window.number)');
  await redrawn(1);
  const drawnAt = await page.evaluate<number>('window.number');
  await page.evaluate('window.composition.set({ corner: "top-left" })');
  await see(watch, 'the camera in another corner', 0.1, 0.1, red);
  await see(watch, 'the screen where it stood', 0.93, 0.88, blue);

  // A program that fails: what it is to write to is missing.
  await page.evaluate('window.drawers[1].postMessage({ type: "begin" })');
  await redrawn(2);
  await page.evaluate('window.composition.set({ corner: "top-right" })');
  await see(watch, 'the camera in a third one', 0.8, 0.1, red);
  t.equal(await page.evaluate<number>('window.drawers.filter((worker, index, all) => all.indexOf(worker) === index).length'), 2, 'the third time the page draws');
  t.notOk(await page.evaluate<boolean>('window.news.includes("ended") || window.news.includes("reconnecting")'));

  await page.evaluate('window.publisher.end()');
  await viewer.ended;
  const timelines = await viewer.timelines();
  const numbers = (await Promise.all(timelines.map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)))).flat();
  const [last, next] = [numbers.filter((number) => number <= diedAt).at(-1), numbers.find((number) => number >= drawnAt)];
  t.comment(`died at picture ${String(diedAt)}, drawn again at ${String(drawnAt)}: viewers saw ${String(last)}, then ${String(next)} of ${String(rate)} a second`);
  t.ok((next ?? Infinity) - (last ?? 0) < 10 * rate, 'a standstill of some seconds at most');
});

t.test('while nothing moves the picture is not drawn, and viewers go on seeing it; a screen of another shape keeps its shape', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  await publishScreen(page, server, 'still');
  await page.evaluate('window.publisher.replaceMedia(window.composition)');
  await openViewer(watch, server, 'still');
  await see(watch, 'the camera', 0.93, 0.88, green);
  await page.evaluate('window.stopped.add("screen"), window.stopped.add("camera")');
  const shownSince = async (seconds: number): Promise<number> => {
    const shown = (): Promise<number> => watch.evaluate<number>('document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames');
    const before = await shown();
    await watch.waitForTimeout(seconds * 1_000);
    return (await shown()) - before;
  };
  await watch.waitForTimeout(2_000);
  const still = await shownSince(4);
  t.ok(still > 4 && still < 4 * 15, `${String(still)} pictures in 4 s of standstill`);
  await see(watch, 'the camera still', 0.93, 0.88, green);
  await page.evaluate('Object.assign(window.made.screen.canvas, { width: 400, height: 600 }), window.stopped.clear()');
  await waitUntil('a picture of the screen’s new shape', () => watch.evaluate<boolean>('(({ videoWidth, videoHeight }) => videoWidth === 400 && videoHeight === 600)(document.querySelector("video"))'), 20_000);
  await see(watch, 'the camera in it', 0.93, 0.93, green);
  await page.evaluate('window.publisher.end()');
});

t.test('a page whose policy allows no worker composes all the same', { skip }, async (t) => {
  const server = await startServer(t);
  const html = '<!doctype html><title>Somebody’s page</title><video muted autoplay></video>';
  const site = await serveWebSite(t, { '/': html }, { 'content-security-policy': `default-src 'none'; script-src 'unsafe-eval' ${server.origin}; connect-src ${server.origin} ${server.origin.replace('http', 'ws')}; media-src blob:; worker-src 'none'` });
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  await page.goto(site);
  // Without a worker the sources have the page's clock.
  await page.evaluate(sourcesToCompose.replace(/const clock = [^\n]+/, 'const clock = {}; setInterval(() => clock.onmessage(), 50);'));
  const track = await page.evaluate<string>(`(async () => {
    const { openComposition } = await import('${server.origin}/sdk/onair.js');
    window.composition = await openComposition({ of: window.makeTracks() });
    document.querySelector('video').srcObject = window.composition.media;
    return window.composition.media.getVideoTracks()[0].constructor.name;
  })()`);
  t.equal(track, 'MediaStreamTrackGenerator', 'frame by frame, on the page');
  await see(page, 'the camera in its corner', 0.93, 0.88, green);
  await page.evaluate('window.composition.pause()');
  await see(page, 'the card', 0.93, 0.88, dark);
});

t.test('a hidden tab goes on composing as a shown one', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchTabbedChromium(t);
  const tab = await browser.newPage();
  const page: Tab = { goto: (url) => tab.goto(url), evaluate: (expression) => tab.evaluate(expression) as Promise<never> };
  await publishScreen(page, server, 'hidden');
  await page.evaluate('window.publisher.replaceMedia(window.composition)');
  const viewer = new HlsViewer(server.hlsUrl('hidden'));
  const front = await browser.newPage();
  await front.bringToFront();
  await waitUntil('the page to be hidden', async () => (await page.evaluate<string>('document.visibilityState')) === 'hidden', 10_000);
  const from = await page.evaluate<number>('window.number');
  const until = await waitUntil('8 s', async () => (await page.evaluate<number>('window.number')) >= from + 8 * rate && page.evaluate<number>('window.number'), 30_000);
  t.equal(await page.evaluate<string>('document.visibilityState'), 'hidden', 'all the while');
  await page.evaluate('window.publisher.end()');
  await viewer.ended;
  const timelines = await viewer.timelines();
  const numbers = await Promise.all(timelines.map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  const seen = new Set(numbers.flat().filter((number) => number > from && number <= until));
  // A page's own timers come once a second in a hidden tab, which would be one of twenty; a loaded machine encodes fewer than it is given.
  t.ok(seen.size > (until - from) * 0.25, `${String(seen.size)} of ${String(until - from)} pictures`);
});
