import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';

import { chromiumProgram, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { skipWithout } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { chromiumPage, waitForWords } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(90_000);

const skip = skipWithout(chromiumProgram, 'Chromium');

// One for all tests: every page has a profile of its own.
let browser: Browser;
t.before(async () => {
  if (skip === false) browser = await launchChromium(t);
});

/** Each in a profile of its own, as on a computer of its own. */
async function viewer(browser: Browser, url: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(url);
  return page;
}

async function enter(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name in the chat').fill(name);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

const line = (page: Page, text: string): ReturnType<Page['locator']> => page.getByRole('log').locator('.chat-line', { hasText: text });
const flying = (page: Page, text: string): ReturnType<Page['locator']> => page.locator('.danmaku-comment', { hasText: text });

t.test('two viewers and a publisher talk: read, seen flying, deleted, muted, and nothing of it is HTML', { skip }, async (t) => {
  const server = await startServer(t);
  const studio = await (await browser.newContext({ permissions: ['camera', 'microphone'] })).newPage();
  const complaints = complaintsOf(studio);
  const ann = await viewer(browser, `${server.origin}/watch/show`);
  await waitForWords(chromiumPage(ann), /no chat until the broadcast begins/);
  await studio.goto(`${server.origin}/broadcast?key=${server.key}&stream=show`);
  await studio.getByRole('button', { name: 'Go live' }).click();
  const ben = await viewer(browser, `${server.origin}/watch/show`);
  await enter(ann, 'Ann');
  await enter(ben, 'Ben');

  const hostile = '<img src=x onerror="document.title=1"> hello';
  await say(ann, hostile);
  await line(ben, hostile).waitFor();
  await flying(ben, hostile).waitFor({ state: 'attached' });
  t.equal(await ben.locator('.chat img, .danmaku img').count(), 0);
  t.equal(await ann.getByLabel('Message', { exact: true }).inputValue(), '', 'what was said is gone from the field');
  const [comment, controls] = await Promise.all([flying(ben, hostile).boundingBox(), ben.locator('media-control-bar').boundingBox()]);
  t.ok(comment!.y + comment!.height <= controls!.y, 'it does not fly over the controls');
  t.match(await ben.title(), /show/);

  await say(studio, 'Welcome');
  await line(ann, 'Welcome').getByText('Broadcaster', { exact: true }).waitFor();
  await say(ben, 'Buy cheap things');
  await line(ann, 'Buy cheap things').waitFor();
  await line(studio, 'Buy cheap things').getByRole('button', { name: 'Delete the message of Ben' }).click();
  await line(ann, 'Buy cheap things').waitFor({ state: 'detached' });
  t.equal(await flying(ann, 'Buy cheap things').count(), 0, 'it does not fly on either');
  await say(ben, 'More cheap things');
  await line(studio, 'More cheap things').getByRole('button', { name: 'Mute Ben' }).click();
  await waitForWords(chromiumPage(ben), /has muted you/);
  t.equal(await ben.getByLabel('Message', { exact: true }).isEditable(), false);
  await say(ann, 'I can still write');
  await line(ben, 'I can still write').waitFor();
  await ben.reload();
  await waitForWords(chromiumPage(ben), /has muted you/);
  await studio.getByRole('button', { name: 'Unmute Ben' }).click();
  await waitForWords(chromiumPage(ben), /can write again/);
  await say(ben, 'Sorry');
  await line(studio, 'Sorry').waitFor();

  // It is told every two seconds how many watch; all of this may have taken less.
  await studio.locator('#viewers', { hasText: '2' }).waitFor();
  await studio.getByRole('button', { name: 'End broadcast' }).click();
  await studio.getByRole('button', { name: 'End it' }).click();
  await waitForWords(chromiumPage(ann), /no chat until the broadcast begins/);
  t.strictSame(complaints, []);
});

t.test('a viewer’s page: full screen, switches that are remembered, reduced motion, an embedded player', { skip }, async (t) => {
  const server = await startServer(t);
  await goLive(t, server);
  const page = await viewer(browser, `${server.origin}/watch/card`);
  const embedded = await viewer(browser, `${server.origin}/embed/card?danmaku=1`);
  const calm = await viewer(browser, `${server.origin}/watch/card`, { reducedMotion: 'reduce' });
  await enter(page, 'Card');
  await waitForWords(chromiumPage(page), /broadcaster’s\. Choose another/);
  await enter(page, 'Ann');
  await enter(calm, 'Calm');
  await page.locator('media-fullscreen-button').click();
  await page.waitForFunction('document.fullscreenElement !== null');
  await say(calm, 'Second');
  await flying(page, 'Second').waitFor({ state: 'attached' });
  t.equal(await page.evaluate(`document.fullscreenElement.contains(document.querySelector('.danmaku-comment'))`), true, 'it flies in full screen');
  await page.evaluate('document.exitFullscreen()');
  await flying(embedded, 'Second').waitFor({ state: 'attached' });
  await line(calm, 'Second').waitFor();
  t.equal(await flying(calm, 'Second').count(), 0, 'nothing flies where less motion is wished for');
  t.equal(await calm.getByRole('button', { name: 'Flying comments' }).getAttribute('aria-pressed'), 'false');

  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  t.equal(await page.locator('#chat').isVisible(), false);
  await page.reload();
  await page.getByRole('button', { name: 'Chat', exact: true }).waitFor();
  t.equal(await page.locator('#chat').isVisible(), false, 'it stays away');
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  await waitForWords(chromiumPage(page), /You write as Ann/);
});

t.test('a lost connection comes back by itself, as the same person, and what was typed is kept', { skip }, async (t) => {
  const server = await startServer(t);
  await goLive(t, server);
  const proxy = await CuttingProxy.listen(t, server.origin, []);
  const page = await viewer(browser, proxy.through(`${server.origin}/watch/card`));
  await enter(page, 'Ann');
  await say(page, 'Before');
  await line(page, 'Before').waitFor();
  proxy.goDark();
  await say(page, 'Into the dark');
  await waitForWords(chromiumPage(page), /could not be sent/);
  t.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'Into the dark');
  proxy.restore();
  await waitForWords(chromiumPage(page), /You write as Ann/);
  await page.locator('.chat-note').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Send' }).click();
  await line(page, 'Into the dark').waitFor();
  t.equal(await page.getByLabel('Message', { exact: true }).inputValue(), '');
});

t.test('the example talks from a page of another origin', { skip }, async (t) => {
  const server = await startServer(t);
  await goLive(t, server);
  const site = await serveWebSite(t, { '/': await readFile(join(import.meta.dirname, '../../examples/chat/index.html'), 'utf8'), '/favicon.ico': '' });
  const page = await viewer(browser, `${site}/#server=${encodeURIComponent(server.origin)}&stream=card&name=Ann`);
  const complaints = complaintsOf(page);
  const watching = await viewer(browser, `${server.origin}/watch/card`);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByLabel('Message').fill('From elsewhere <b>');
  await page.getByRole('button', { name: 'Send' }).click();
  await line(watching, 'From elsewhere <b>').waitFor();
  await page.getByRole('log').getByText('Ann: From elsewhere <b>').waitFor();
  await enter(watching, 'Ben');
  await say(watching, 'Back to you');
  await page.getByRole('log').getByText('Ben: Back to you').waitFor();
  t.strictSame(complaints, []);
});

async function goLive(t: Test, server: TestServer): Promise<void> {
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  sendTestCard(t, publisher, { seconds: 60 }).catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
}
