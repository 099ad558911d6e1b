import t from 'tap';

import { chromiumProgram, launchTabbedChromium } from '../helpers/chromium.js';
import { skipWithout } from '../helpers/programs.js';
import { firefoxPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(120_000);

t.test('where the browser blocks all cookies and site data, the studio goes live, its key stays out of the address, and the watch page plays', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchTabbedChromium(t, { siteData: false });
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  const studio = firefoxPage(page);
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  t.equal(await page.evaluate("(() => { try { return String(localStorage.length); } catch (error) { return error.name; } })()"), 'SecurityError', 'it is blocked');
  await studio.fill('Stream name', 'blocked');
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/i);
  t.equal(page.url(), `${server.origin}/broadcast`, 'nothing was submitted');
  const watching = await browser.newPage();
  watching.on('pageerror', (error) => faults.push(String(error)));
  const watch = firefoxPage(watching);
  await watch.goto(`${server.origin}/watch/blocked`);
  await waitForPlayback(watch, 1);
  t.strictSame(faults, []);
  await page.bringToFront();
});
