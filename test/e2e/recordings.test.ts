import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';

import { checkAccess } from '../helpers/access-faults.js';
import { chromiumProgram, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { keepShow } from '../helpers/kept-show.js';
import { ffmpeg, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(180_000);

const skip = skipWithout(chromiumProgram, 'Chromium') || skipWithout(ffmpeg?.path, 'ffmpeg');

/** Goes on by the tabulator until the focus is on what is wanted, as somebody without a mouse does. */
async function tabTo(page: Page, role: string, name: string): Promise<void> {
  const wanted = page.getByRole(role as 'button', { name, exact: true });
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluateAll((found: { matches: (selector: string) => boolean }[]) => found.some((each) => each.matches(':focus')))) return;
  }
  throw new Error(`expected to come to the ${role} "${name}" by the tabulator`);
}

const numberIn = `((video) => {
  const context = Object.assign(document.createElement('canvas'), { width: 16, height: 1 }).getContext('2d');
  const unit = video.videoWidth / 64;
  context.drawImage(video, 0, unit, video.videoWidth, unit, 0, 0, 16, 1);
  const { data } = context.getImageData(0, 0, 16, 1);
  return Array.from({ length: 16 }, (_, bit) => (data[bit * 4 + 1] > 127 ? 2 ** bit : 0)).reduce((sum, value) => sum + value, 0);
})`;

/** Waits for the picture of a time. Where a piece begins anew, its sound may have lasted longer than its pictures: so much may each joint add. */
async function pictureOf(page: Page, seconds: number, selector = '.player-stage media-controller > video'): Promise<void> {
  let last: unknown;
  await waitUntil(`the picture of ${seconds} s`, async () => {
    const at = (await page.evaluate<number>(`${numberIn}(document.querySelector('${selector}'))`)) / 25;
    last = { at, bar: await page.locator('.seek-track').getAttribute('aria-valuetext') };
    return Math.abs(at - seconds) < 0.2;
  }, 30_000).catch((error: unknown) => Promise.reject(new Error(`${String(error)}: ${JSON.stringify(last)}`)));
}

const fits = async (t: Test, page: Page, what: string): Promise<void> => {
  t.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, `${what}: nothing is wider than the page`);
};

t.test('a recording is found, opened, sought in, cut and downloaded by the keyboard alone; nobody is kept out', { skip }, async (t) => {
  const directory = await temporaryDirectory(t);
  await keepShow(directory, { stream: 'market', title: 'Market day', startedAtMs: Date.UTC(2026, 0, 3), pieces: [{ seconds: 4 }] });
  const id = await keepShow(directory, {
    ...{ stream: 'harbour', title: 'Harbour at noon', startedAtMs: Date.UTC(2026, 0, 2) },
    pieces: [{ seconds: 20 }, { seconds: 6, missing: [1] }, { seconds: 6, width: 640, height: 360 }],
    chat: [{ name: 'Ann', text: 'A ship', atSeconds: 3 }, { name: 'Ben', text: 'Two ships', atSeconds: 28 }],
  });
  const server = await startServer(t, { RECORDINGS_DIR: directory });
  const context = await (await launchChromium(t)).newContext();
  const page = await context.newPage();
  const complaints = complaintsOf(page);

  await page.goto(`${server.origin}/recordings`);
  await page.getByText('2 recordings').waitFor();
  t.strictSame(await page.getByRole('heading', { level: 2 }).allTextContents(), ['Market day', 'Harbour at noon'], 'newest first');
  await page.locator('.stream-picture img[data-there]').nth(1).waitFor();
  await checkAccess(t, page, 'the list');
  await tabTo(page, 'searchbox', 'Search by title or stream');
  await page.keyboard.type('noon');
  await page.keyboard.press('Enter');
  await page.getByText('1 recording', { exact: true }).waitFor();
  t.match(page.url(), /\/recordings\?q=noon$/, 'what is looked for can be passed on');
  t.strictSame(await page.locator('.recording-length').allInnerTexts().then((all) => all.map((each) => each.replace(/\s+/g, ' '))), ['Length: 0:32']);
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(t, page, 'the list');
  await page.setViewportSize({ width: 1280, height: 800 });
  await tabTo(page, 'link', 'Harbour at noon');
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { name: 'Harbour at noon', level: 1 }).waitFor();
  await page.locator('.player-stage[data-state=playing]').waitFor();
  await page.keyboard.press('k');
  await page.locator('.player-stage[data-state=paused]').waitFor();
  await tabTo(page, 'slider', 'Position');
  for (const [key, seconds] of [['Home', 0], ['l', 10], ['ArrowRight', 15], ['l', 25], ['PageUp', 31], ['Home', 0], ['ArrowRight', 5]] as const) {
    await page.keyboard.down(key);
    await pictureOf(page, seconds);
    await page.keyboard.up(key);
    // Nobody else takes the key for theirs when it is let go of, as the controls did: twice as far.
    await pictureOf(page, seconds);
  }
  t.match(await page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuetext'), /^5 seconds of 32 seconds$/);
  t.strictSame(await page.locator('.chat .chat-text').allTextContents(), ['A ship'], 'what had been said by then');
  await page.keyboard.press('End');
  await pictureOf(page, 31);
  t.strictSame(await page.locator('.chat .chat-text').allTextContents(), ['A ship', 'Two ships']);
  await checkAccess(t, page, 'a recording');

  const bar = (await page.locator('.seek-track').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(bar.x + bar.width * (17 / 32), bar.y + bar.height / 2);
  await page.locator('.seek-picture[data-there]').waitFor();
  await pictureOf(page, 16, '.seek-picture video');
  await checkAccess(t, page, 'a recording, with the picture of a place');
  await page.mouse.move(5, 5);

  await tabTo(page, 'button', 'Cut a clip');
  await page.keyboard.press('Enter');
  const [from, to] = [page.getByRole('slider', { name: 'From here' }), page.getByRole('slider', { name: 'To here' })];
  await tabTo(page, 'slider', 'From here');
  for (const key of ['PageUp', 'ArrowRight', 'Shift+ArrowRight']) await page.keyboard.press(key);
  t.equal(await from.getAttribute('aria-valuetext'), '0:11.1');
  await pictureOf(page, 11.1);
  await tabTo(page, 'slider', 'To here');
  for (const key of ['PageDown', 'PageDown']) await page.keyboard.press(key);
  t.equal(await to.getAttribute('aria-valuetext'), '0:10.0');
  t.equal(await from.getAttribute('aria-valuetext'), '0:09.5', 'the other one gives way');
  await page.keyboard.press('PageUp');
  await checkAccess(t, page, 'a recording, with its clip');
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(t, page, 'a recording, with its clip');
  await tabTo(page, 'button', 'Download this clip');
  const [clip] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  t.equal(clip.suggestedFilename(), `${id}-9.5-20.mp4`);

  let percent = 42;
  await page.route('**/download.json', (route) => (percent < 100 ? route.fulfill({ json: { state: 'making', percent } }) : route.continue()));
  await page.getByRole('button', { name: 'Download', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('42 % is done').waitFor();
  t.equal(await page.getByRole('progressbar').evaluate(({ value }: { value: number }) => value), 0.42);
  await checkAccess(t, page, 'a recording, while its file is made');
  percent = 100;
  const whole = await page.waitForEvent('download');
  t.equal(whole.suggestedFilename(), `${id}.mp4`);

  // Somebody else is about to watch it meanwhile.
  const other = await context.newPage();
  const held: (() => void)[] = [];
  let isDeleted = false;
  await other.route('**/*.m4s', (route) => {
    // What the page gave up meanwhile goes nowhere.
    const goOn = (): void => void route.continue().catch(() => undefined);
    if (isDeleted) goOn();
    else held.push(goOn);
  });
  await other.goto(page.url());
  await other.getByRole('heading', { name: 'Harbour at noon', level: 1 }).waitFor();
  // And somebody has all of it in hand: nothing of it is asked for any more.
  const third = await context.newPage();
  await third.goto(page.url());
  await third.locator('.player-stage[data-state=playing]').waitFor();
  await page.getByRole('button', { name: 'Change or delete' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Change or delete' }).waitFor();
  await checkAccess(t, page, 'a recording, about to be changed');
  await page.keyboard.type(server.key);
  await tabTo(page, 'button', 'Delete…');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Delete it for good' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('1 recording', { exact: true }).waitFor();
  t.strictSame(await page.getByRole('heading', { level: 2 }).allTextContents(), ['Market day']);
  t.strictSame(complaints, []);
  isDeleted = true;
  for (const goOn of held) goOn();
  await other.getByText('This recording is gone').waitFor();
  await checkAccess(t, other, 'a recording that is gone');
  // It asks every ten seconds, and at once when it is looked at again.
  await third.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
  await third.getByText('This recording is gone').waitFor();
  t.equal(await other.locator('video').count(), 0, 'there is nothing to press any more');
  await other.getByRole('button', { name: 'Other recordings' }).click();
  await other.getByText('1 recording', { exact: true }).waitFor();
});
