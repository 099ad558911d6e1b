import type { BrowserContext, Page } from 'playwright-core';
import t, { type Test } from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { colourAt, sourcesToCompose } from '../helpers/composed-page.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(180_000);
const skip = skipWithout(chromiumProgram, 'Chromium');
const title = 'Slides to share';
/** A page of one colour, in which something moves. */
const slides = `<!doctype html><title>${title}</title><style>body { margin: 0; height: 100vh; background: #2040d0 }</style><p></p><script>setInterval(() => (document.querySelector('p').textContent = Date.now()), 50)</script>`;

/** A camera of one colour and a tone: what is shared is real, and nothing else has to be. */
const redCamera = `{
  ${sourcesToCompose}
  navigator.mediaDevices.getUserMedia = async ({ video, audio }) =>
    new MediaStream([...(video ? [window.makePicture('camera', 320, 180, (context, { width, height }) => { context.fillStyle = window.number % 2 ? '#e00000' : '#d80000'; context.fillRect(0, 0, width, height); })] : []), ...(audio ? [window.makeTone('microphone', 440)] : [])]);
}`;

interface Bench {
  readonly server: TestServer;
  readonly studio: Page;
  readonly watch: Page;
  /** What Chromium shares. Closed, it ends the capture as the browser's own *Stop sharing* does: from outside of the page. */
  readonly openSlides: () => Promise<Page>;
  readonly broadcast: () => Promise<string | undefined>;
}

async function openBench(t: Test, stream: string): Promise<Bench> {
  const server = await startServer(t);
  const site = await serveWebSite(t, { '/': slides });
  const browser = await launchChromium(t, { sharedTab: title });
  const context: BrowserContext = await browser.newContext();
  const [studio, watch] = [await context.newPage(), await context.newPage()];
  await studio.addInitScript(redCamera);
  return {
    server,
    studio,
    watch,
    openSlides: async () => {
      const page = await context.newPage();
      await page.goto(site);
      await studio.bringToFront();
      return page;
    },
    broadcast: async () => {
      const info = (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
      return info.state === 'live' ? info.broadcast : undefined;
    },
  };
}

const isRed = ([red = 0, green = 0, blue = 0]: readonly number[]): boolean => red > 150 && green < 90 && blue < 90;
const isDark = (colour: readonly number[]): boolean => Math.max(...colour) < 90;
const isBlue = ([red = 0, green = 0, blue = 0]: readonly number[]): boolean => blue > 120 && red < 90 && green < 120;
const see = (page: Page, what: string, isIt: (colour: readonly number[]) => boolean): Promise<unknown> => {
  let last: readonly number[] = [];
  return waitUntil(what, async () => isIt((last = await page.evaluate<number[]>(colourAt(0.5, 0.8)))), 20_000, 100).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${last.join(', ')}`);
  });
};
const source = (page: Page): Promise<string> => page.evaluate<string>('document.querySelector("[name=source]:checked").value');

t.test('a shared tab that is closed leaves the camera on air, or the camera alone of both; viewers go on watching, and the studio says why', { skip }, async (t) => {
  const { server, studio, watch, openSlides, broadcast } = await openBench(t, 'shared');
  await studio.goto(`${server.origin}/broadcast?key=${server.key}&stream=shared`);
  await chromiumPage(studio).press('Go live');
  await waitForWords(chromiumPage(studio), /\bLIVE\b/);
  const begun = await broadcast();
  t.ok(begun, 'it is live');
  await watch.goto(`${server.origin}/embed/shared`);
  await waitForPlayback(chromiumPage(watch), 1);
  await see(watch, 'the camera', isRed);
  for (const choice of ['Screen', 'Both']) {
    const shared = await openSlides();
    await studio.getByRole('radio', { name: choice }).check();
    await see(watch, `the slides: ${choice}`, isBlue);
    await shared.close();
    await see(watch, `the camera after ${choice}`, isRed);
    await waitForWords(chromiumPage(studio), /Sharing was stopped/);
    t.equal(await source(studio), 'camera', 'the form shows what is on air');
    await waitForPlayback(chromiumPage(watch), 2);
  }
  t.equal(await broadcast(), begun, 'it is still the same broadcast');
  t.match(await studio.locator('body').innerText(), /\bLIVE\b/);
});

t.test('where there is no camera, viewers see a card when sharing is stopped, and hear what goes on', { skip }, async (t) => {
  const { server, studio, watch, openSlides, broadcast } = await openBench(t, 'screen-only');
  const shared = await openSlides();
  await studio.goto(`${server.origin}/broadcast?key=${server.key}&stream=screen-only`);
  await studio.getByRole('radio', { name: 'Screen' }).check();
  await chromiumPage(studio).press('Go live');
  await waitForWords(chromiumPage(studio), /\bLIVE\b/);
  const begun = await broadcast();
  await watch.goto(`${server.origin}/embed/screen-only`);
  await waitForPlayback(chromiumPage(watch), 1);
  await see(watch, 'the slides', isBlue);
  await shared.close();
  await see(watch, 'a card', isDark);
  await waitForWords(chromiumPage(studio), /Sharing was stopped/);
  await waitForPlayback(chromiumPage(watch), 2);
  t.equal(await broadcast(), begun);
  const { recording } = (await (await fetch(`${server.origin}/api/streams/screen-only`)).json()) as LiveStreamInfo;
  t.strictSame([...new Set(recording?.tracks.map(({ kind }) => kind))].sort(), ['audio', 'video'], 'both tracks are still there');
});
