import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';

t.setTimeout(120_000);

const skip = skipWithout(chromiumProgram, 'Chromium');

let browser: Browser;
let server: TestServer;
t.before(async () => {
  if (skip !== false) return;
  browser = await launchChromium(t);
  server = await startServer(t);
});

async function describe(stream: string, change: { title?: string; description?: string }): Promise<void> {
  const answer = await fetch(`${server.origin}/api/streams/${stream}`, { method: 'PATCH', headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }, body: JSON.stringify(change) });
  t.equal(answer.status, 200);
}

const isPaused = (page: Page): Promise<boolean> => page.locator('video').evaluate((video: { paused: boolean }) => video.paused);

t.test('the page is about the show, before it begins and while it changes; keys work wherever the focus is', { skip }, async (t) => {
  await describe('show', { title: 'Harbour <b>', description: 'Two cameras' });
  const page = await (await browser.newContext()).newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${server.origin}/watch/show`);
  await page.getByRole('heading', { name: 'Harbour <b>' }).waitFor();
  t.equal(await page.title(), 'Harbour <b> · Onair', 'before it is live the waiting room says what is waited for');
  const alarm = page.getByRole('button', { name: 'Tell me when it starts' });
  await alarm.click();
  await page.getByRole('button', { name: 'You will be told here when it starts', pressed: true }).waitFor();

  const publisher = new TestPublisher(t, server.publishUrl('show'));
  await publisher.message('ready');
  const sent = sendTestCard(t, publisher, { seconds: 30 });
  await page.locator('.player-stage[data-state=playing]').waitFor();
  await describe('show', { title: 'Harbour at noon', description: '' });
  await page.getByRole('heading', { name: 'Harbour at noon' }).waitFor();
  t.equal(await page.getByText('Two cameras').count(), 0);

  await page.keyboard.press('k');
  t.equal(await isPaused(page), true, 'K pauses');
  await page.locator('.player-stage[data-state=paused]').waitFor();
  // By the mouse: a control that is hidden, or that something lies over, cannot be clicked.
  await page.locator('media-play-button').click();
  await page.waitForFunction('!document.querySelector("video").paused');
  await page.keyboard.press('t');
  await page.getByRole('button', { name: 'Theatre', pressed: true }).waitFor();
  await page.getByLabel('Your name in the chat').fill('kmft');
  t.equal(await isPaused(page), false, 'who writes a name presses no keys');
  await page.getByRole('heading', { name: 'Harbour at noon' }).click();
  await page.keyboard.press('c');
  await page.getByLabel('Your name in the chat').waitFor({ state: 'hidden' });
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys on this page' }).waitFor();
  await page.keyboard.press('k');
  t.equal(await isPaused(page), false, 'a dialog has the keys to itself');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Keys on this page' }).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Share', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Share' });
  t.equal(await dialog.getByRole('textbox', { name: 'Link to this page' }).inputValue(), `${server.origin}/watch/show`);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  await page.keyboard.press('m');
  await page.waitForFunction('document.querySelector("video").muted');
  await page.reload();
  await page.locator('.player-stage[data-state=playing]').waitFor();
  t.equal(await page.locator('video').evaluate((video: { muted: boolean }) => video.muted), true, 'sound stays as it was left');
  await page.getByRole('button', { name: 'Theatre', pressed: true }).waitFor();
  t.strictSame(complaintsBeside(complaints, '404 /api/streams/show'), [], 'nothing fails but asking for what is not live yet');
  publisher.terminate();
  await sent.catch(() => undefined);
  await page.context().close();
});

t.test('a screen in the network is offered while there is one, and the picture here waits for it', { skip }, async (t) => {
  const page = await (await browser.newContext()).newPage();
  // Stands in for a television: there is none where tests run.
  await page.addInitScript(`
    class FakeRemote extends EventTarget {
      state = 'disconnected';
      async watchAvailability(tell) { (globalThis.tells ??= []).push(tell); tell(true); return 1; }
      async prompt() { this.state = this.state === 'connected' ? 'disconnected' : 'connected'; this.dispatchEvent(new Event(this.state === 'connected' ? 'connect' : 'disconnect')); }
    }
    const remotes = new WeakMap();
    Object.defineProperty(HTMLMediaElement.prototype, 'remote', { get() { if (!remotes.has(this)) remotes.set(this, new FakeRemote()); return remotes.get(this); } });
  `);
  await page.goto(`${server.origin}/watch/elsewhere`);
  await page.getByRole('button', { name: 'Play on a TV' }).click();
  await page.getByRole('button', { name: 'Back to this screen', pressed: true }).click();
  await page.getByRole('button', { name: 'Play on a TV', pressed: false }).waitFor();
  await page.evaluate('tells.forEach((tell) => tell(false))');
  await page.getByRole('button', { name: 'Play on a TV' }).waitFor({ state: 'hidden' });
  t.pass('where there is no screen there is no button');
  await page.context().close();
});

t.test('a page whose program was broken off while it loaded says so, with what to do; one that runs does not', { skip }, async (t) => {
  const page = await (await browser.newContext()).newPage();
  for (const path of ['/', '/watch/show', '/embed/show', '/recordings', '/broadcast']) {
    await page.route('**/assets/*.js', (route) => route.abort('internetdisconnected'));
    await page.goto(server.origin + path);
    const words = page.getByText('This page has not loaded completely.');
    t.notOk(await words.isVisible(), `${path}: not at once, most only take a moment`);
    await page.evaluate('for (const animation of document.getAnimations()) animation.finish()');
    await words.waitFor();
    await page.unroute('**/assets/*.js');
    await words.getByRole('link', { name: 'load it again' }).click();
    await words.waitFor({ state: 'detached' });
  }
});
