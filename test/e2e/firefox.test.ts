import type { Page as FirefoxPage } from 'puppeteer-core';
import t from 'tap';

import { composeAndGoLive } from '../helpers/composition-scenario.js';
import { firefoxProgram, launchFirefox } from '../helpers/firefox.js';
import { LineProxy } from '../helpers/line-proxy.js';
import { goOnAir, playerPage, untilItPlays, untilPlayer, untilTheNextOne } from '../helpers/player-page.js';
import { skipWithout } from '../helpers/programs.js';
import { firefoxPage } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';
import { goLiveAndWatch } from '../helpers/studio-scenario.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(120_000);

t.test('Firefox goes live from the studio, and a page that waited shows it', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchFirefox(t);
  const [studio, watch] = [await browser.newPage(), await browser.newPage()];
  await goLiveAndWatch(t, server, firefoxPage(studio), firefoxPage(watch), 'from-firefox');
});

t.test('Firefox composes screen and camera on a canvas, and goes live with them', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchFirefox(t);
  const page = await browser.newPage();
  await composeAndGoLive(t, server, { open: (url) => page.goto(url), evaluate: (expression) => page.evaluate(expression) as Promise<never> }, 'composed-by-firefox');
});

t.test('Firefox plays the second broadcast after the first by both paths, and is back as soon as there is a network again', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const line = await LineProxy.listen(t, server.origin);
  const site = await serveWebSite(t, { '/': playerPage(line.origin) });
  const browser = await launchFirefox(t);
  const first = await goOnAir(t, server, 'twice', 90);
  const pages: { page: FirefoxPage; evaluate: (expression: string) => Promise<never> }[] = [];
  for (const path of ['websocket', 'hls']) {
    // The newest tab is in front: a page that nobody has seen loads no media.
    const page = await browser.newPage();
    await page.goto(`${site}/?stream=twice&muted&path=${path}`);
    const scripted = { page, evaluate: (expression: string) => page.evaluate(expression) as Promise<never> };
    await untilPlayer(scripted, 'the first broadcast', ({ states }) => states.includes('playing'));
    pages.push(scripted);
  }
  await first.end();
  await goOnAir(t, server, 'twice', 90);
  for (const page of pages) {
    await page.page.bringToFront();
    await untilTheNextOne(page);
    await untilItPlays(page, 1);
  }
  const setNetwork = async (there: boolean): Promise<void> => {
    line.up.bytesPerSecond = line.down.bytesPerSecond = there ? Infinity : 0;
    for (const { page } of pages) await page.setOfflineMode(!there);
  };
  await setNetwork(false);
  for (const page of pages) await untilPlayer(page, 'the standstill', ({ states }) => states.at(-1) === 'stalled');
  await setNetwork(true);
  for (const page of pages) {
    await untilPlayer(page, 'the picture', ({ states }) => states.at(-1) === 'playing');
    const { paths } = await untilItPlays(page, 1);
    t.equal(new Set(paths).size, 1, 'it was no reason to change the path');
  }
});
