import type { Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { LineProxy } from '../helpers/line-proxy.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { chromiumPage, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';

t.setTimeout(240_000);

/** The camera shows fine noise, of which an encoder keeps as much as it has bits for. */
const noisyCamera = `(() => {
  const noise = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const grain = noise.getContext('2d').createImageData(640, 360);
  for (let at = 0; at < grain.data.length; at += 4) grain.data.set([0, 1, 2].map(() => 96 + Math.random() * 64).concat(255), at);
  noise.getContext('2d').putImageData(grain, 0, 0);
  navigator.mediaDevices.getUserMedia = async ({ video }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const context = canvas.getContext('2d');
    setInterval(() => context.drawImage(noise, -Math.floor(Math.random() * 320), -Math.floor(Math.random() * 180)), 66);
    const audio = new AudioContext();
    const [tone, out] = [audio.createOscillator(), audio.createMediaStreamDestination()];
    tone.connect(out);
    tone.start();
    return new MediaStream([...(video ? canvas.captureStream(15).getVideoTracks() : []), ...out.stream.getAudioTracks()]);
  };
})();`;

/** What the studio says that the picture goes on with, in bits a second; Infinity while it says nothing of it. */
async function bitRateSaid(page: Page): Promise<number> {
  const [, amount, unit] = /goes on with ([\d.]+) ([kM])bit\/s/.exec(await page.locator('#notices').innerText()) ?? [];
  return amount === undefined ? Infinity : Number(amount) * (unit === 'M' ? 1e6 : 1e3);
}

t.test('a studio whose uplink becomes too thin sends less within seconds and says so; when it is wide again it sends more, and is live all the while', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const line = await LineProxy.listen(t, server.origin);
  const page = await (await launchChromium(t)).newPage();
  await page.addInitScript(noisyCamera);
  const studio = chromiumPage(page);
  // The page comes over the same line: its policy lets it connect to where it is from.
  await studio.goto(`${line.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await studio.fill('Stream name', 'thin');
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  const verdict = (words: RegExp, timeoutMs: number): Promise<unknown> => {
    let last = '';
    return waitUntil(`the verdict ${String(words)}`, async () => words.test((last = (await page.locator('#verdict').textContent()) ?? '')), timeoutMs, 100).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; it is: ${last}; the picture goes on with ${String(await bitRateSaid(page))}`);
    });
  };
  await verdict(/is fine|few pictures/, 60_000);
  t.equal(await bitRateSaid(page), Infinity);

  // Of what this machine's encoder makes of it: so much too thin that it must be noticed, and wide enough to get over it.
  const [amount = '', unit] = ((await page.locator('#upstream').textContent()) ?? '').split(/\s/);
  const carriedBits = Number(amount) * (unit === 'Mbit/s' ? 1e6 : 1e3);
  t.ok(carriedBits > 300_000, `${amount} ${String(unit)} before`);
  line.up.bytesPerSecond = (carriedBits / 8) * 0.5;
  const thinAtMs = performance.now();
  await verdict(/too slow/, 60_000);
  const behindAtMs = performance.now();
  const lowered = await waitUntil('a lower bit rate', async () => {
    const said = await bitRateSaid(page);
    return said < Infinity && said;
  }, 30_000, 50);
  const loweredAtMs = performance.now();
  t.comment(`behind after ${((behindAtMs - thinAtMs) / 1000).toFixed(1)} s; ${String(lowered)} bit/s ${((loweredAtMs - behindAtMs) / 1000).toFixed(1)} s later`);
  await verdict(/fewer bits/, 60_000);

  const least = await bitRateSaid(page);
  line.up.bytesPerSecond = Infinity;
  const freeAtMs = performance.now();
  await waitUntil('more bits', async () => (await bitRateSaid(page)) > least, 60_000, 200);
  const moreAtMs = performance.now();
  await waitUntil('all of them', async () => (await bitRateSaid(page)) === Infinity, 90_000, 200);
  t.comment(`more than ${String(least)} bit/s ${((moreAtMs - freeAtMs) / 1000).toFixed(1)} s, everything ${((performance.now() - freeAtMs) / 1000).toFixed(1)} s after the line was free`);
  await verdict(/is fine|few pictures/, 60_000);
  t.match(await page.locator('body').innerText(), /\bLIVE\b/);
  t.equal(((await (await fetch(`${server.origin}/api/streams/thin`)).json()) as { state: string }).state, 'live');
});
