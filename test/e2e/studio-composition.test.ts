import type { Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { colourAt, sourcesToCompose } from '../helpers/composed-page.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(180_000);

const see = (page: Page, what: string, x: number, y: number, isIt: (red: number, green: number, blue: number) => boolean): Promise<unknown> =>
  waitUntil(what, async () => {
    const [red = 0, green = 0, blue = 0] = await page.evaluate<number[]>(colourAt(x, y));
    return isIt(red, green, blue);
  }, 20_000);
const isRed = (red: number, green: number, blue: number): boolean => red > 150 && green < 90 && blue < 90;
const isGreen = (red: number, green: number, blue: number): boolean => green > 110 && red < 90 && blue < 90;
const isBlue = (red: number, green: number, blue: number): boolean => blue > 90 && blue > green && green > red;
const isDark = (...colour: number[]): boolean => Math.max(...colour) < 90;

t.test('in the studio, by keyboard alone: both, another corner, a name, a pause and back, while a viewer watches and the broadcast goes on', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  await page.addInitScript(`${sourcesToCompose}
    window.opened = [];
    navigator.mediaDevices.getUserMedia = async ({ video, audio }) => {
      const media = new MediaStream([...(video ? [window.makePicture('camera', 320, 180, window.paintCamera)] : []), ...(audio ? [window.makeTone('microphone', 440)] : [])]);
      window.opened.push(...media.getTracks());
      return media;
    };
    navigator.mediaDevices.getDisplayMedia = async () => {
      const media = new MediaStream([window.makePicture('screen', 640, 360, window.paintScreen)]);
      window.opened.push(...media.getTracks());
      return media;
    };`);
  const [studio, viewer] = [chromiumPage(page), chromiumPage(watch)];
  await studio.goto(`${server.origin}/broadcast?key=${server.key}&stream=studio`);
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  await viewer.goto(`${server.origin}/embed/studio`);
  await waitForPlayback(viewer, 1);
  await see(watch, 'the camera alone', 0.25, 0.5, isRed);

  await page.getByLabel('Camera', { exact: true }).and(page.getByRole('radio')).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await see(watch, 'screen and camera', 0.93, 0.88, isGreen);
  await see(watch, 'the screen beside it', 0.4, 0.5, isBlue);
  await page.getByRole('radio', { name: 'Bottom right' }).focus();
  await page.keyboard.press('ArrowRight');
  await see(watch, 'the camera in another corner', 0.1, 0.1, isRed);
  await see(watch, 'the screen where it stood', 0.9, 0.85, isBlue);

  await page.getByText('Levels, name tag, pause').focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Show a name in the picture').press('Space');
  await page.getByLabel('Name', { exact: true }).fill('Ann');
  await page.getByLabel('Name', { exact: true }).press('Enter');
  await see(watch, 'the tag of a name', 0.04, 0.953, isDark);
  t.ok(await page.evaluate<boolean>('document.querySelector("#lamp").dataset.state === "live"'), 'Enter in a field ended nothing');

  await page.getByRole('button', { name: 'Pause' }).press('Enter');
  await waitForWords(studio, /In a pause: .*the sound is off.*stay open/);
  await see(watch, 'the card', 0.1, 0.1, isDark);
  await page.getByRole('button', { name: 'Pause' }).press('Enter');
  await see(watch, 'the camera again', 0.1, 0.1, isRed);
});
