import type { Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(200_000);

/** What is seen and heard: the brightest pixel, whether the picture is red, and how loud the sound of the last seconds was: Chromium's microphone beeps. */
interface Impression {
  readonly brightest: number;
  readonly isRed: boolean;
  readonly loudest: number;
}

const watchClosely = `(() => {
  const video = document.querySelector('video');
  video.muted = false;
  const audio = new AudioContext();
  const analyser = new AnalyserNode(audio, { fftSize: 32768 });
  audio.createMediaElementSource(video).connect(analyser);
  const context = new OffscreenCanvas(32, 18).getContext('2d', { willReadFrequently: true });
  const samples = new Float32Array(analyser.fftSize);
  let loudness = [];
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    loudness = [...loudness.slice(-11), samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0)];
  }, 250);
  window.impression = () => {
    context.drawImage(video, 0, 0, 32, 18);
    const pixels = context.getImageData(0, 0, 32, 18).data;
    const greenest = Math.max(...pixels.filter((_, index) => index % 4 === 1));
    return { brightest: greenest, isRed: greenest < 100 && Math.min(...pixels.filter((_, index) => index % 4 === 0)) > 150, loudest: Math.max(...loudness) };
  };
})()`;

/** Chromium's made-up screen looks like its made-up camera, size and all: this one is red. */
const redScreen = `navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const context = canvas.getContext('2d');
  const media = canvas.captureStream(10);
  setInterval(() => { context.fillStyle = '#d00'; context.fillRect(0, 0, 640, 360); }, 100);
  return media;
};`;

async function until(page: Page, what: string, holds: (now: Impression) => boolean): Promise<void> {
  let last: Impression | undefined;
  await waitUntil(what, async () => holds((last = await page.evaluate<Impression>('impression()'))), 40_000, 200).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

t.test('what a broadcaster mutes, hides or changes is what viewers hear and see, while it is live and without an end', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  const complaints = [complaintsOf(page), complaintsOf(watch)];
  const studio = chromiumPage(page);
  await page.addInitScript(redScreen);
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await studio.fill('Stream name', 'live');
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  await watch.goto(`${server.origin}/watch/live`);
  await waitForPlayback(watch, 1);
  await watch.evaluate(watchClosely);
  await until(watch, 'picture and sound', ({ brightest, loudest }) => brightest > 60 && loudest > 0.01);

  await studio.press('Mute');
  await until(watch, 'silence, with the picture', ({ brightest, loudest }) => brightest > 60 && loudest < 0.001);
  await studio.press('Hide picture');
  await until(watch, 'black', ({ brightest }) => brightest < 40);
  await page.getByRole('button', { name: /Mute/ }).click();
  await until(watch, 'sound, without the picture', ({ brightest, loudest }) => brightest < 40 && loudest > 0.01);
  await page.getByRole('button', { name: /Hide picture|Show picture/ }).click();
  await until(watch, 'both again', ({ brightest, loudest }) => brightest > 60 && loudest > 0.01);

  await page.getByLabel('Screen', { exact: true }).check({ force: true });
  await until(watch, 'the screen', ({ isRed }) => isRed);
  await page.getByLabel('Camera', { exact: true }).first().check({ force: true });
  await until(watch, 'the camera again', ({ isRed, brightest }) => !isRed && brightest > 60);
  await waitForWords(studio, /\bLIVE\b/);
  // What is on its way from a camera to the worker that encodes when a source is exchanged is in nobody's hands.
  t.strictSame(complaintsBeside(complaints.flat()).filter((text) => !text.startsWith('A VideoFrame was garbage collected')), []);
});
