import type { Browser, Page } from 'puppeteer-core';
import t from 'tap';

import { chromiumProgram, launchTabbedChromium } from '../helpers/chromium.js';
import { firefoxPage, waitForWords } from '../helpers/scripted-page.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';

t.setTimeout(200_000);
t.jobs = 2;
const skip = skipWithout(chromiumProgram, 'Chromium');

const isHidden = (page: Page): Promise<boolean> => page.evaluate('document.hidden') as Promise<boolean>;

/** Another tab comes to the front. */
async function hide(browser: Browser, page: Page): Promise<void> {
  const [other = await browser.newPage()] = await browser.pages();
  await other.bringToFront();
  await waitUntil('the page to be hidden', () => isHidden(page), 10_000);
}

const secondsOf = ({ segments }: HlsViewer): number => segments.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);

interface Picture {
  readonly state: string | undefined;
  readonly seconds: number;
  readonly inHandSeconds: number;
}

const picture = (page: Page): Promise<Picture> =>
  page.evaluate(`(() => {
    const video = document.querySelector('video');
    const { buffered, currentTime } = video;
    return { state: document.querySelector('.player-stage').dataset.state, seconds: currentTime, inHandSeconds: buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0 };
  })()`) as Promise<Picture>;

/** Until it plays, close to live, and moves on. */
async function untilLive(page: Page): Promise<void> {
  let last: Picture | undefined;
  const look = async (holds: (now: Picture) => boolean): Promise<Picture | false> => holds((last = await picture(page))) && last;
  const tell = (error: unknown): never => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  };
  const from = await waitUntil('a picture close to live', () => look(({ state, inHandSeconds }) => state === 'playing' && inHandSeconds < 2), 40_000, 100).catch(tell);
  await waitUntil('a moving picture', () => look(({ state, seconds }) => state === 'playing' && seconds > from.seconds + 1), 40_000, 100).catch(tell);
}

t.test('a studio behind another tab sends as many pictures as before, without a hole', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchTabbedChromium(t);
  const page = await browser.newPage();
  const studio = firefoxPage(page);
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await studio.fill('Stream name', 'hidden');
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  await hide(browser, page);
  const viewer = new HlsViewer(server.hlsUrl('hidden'));
  await waitUntil('10 s of it', () => secondsOf(viewer) > 10, 60_000, 200);
  t.ok(await isHidden(page), 'hidden all the while');
  await studio.show();
  await studio.press('End broadcast');
  // Whoever asks for playlists is counted for a while.
  await waitForWords(studio, /One person is watching/);
  await studio.press('End it');
  await waitForWords(studio, /Off air/i);
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await viewer.timelines();
  t.equal(timelines.length, 1, 'one recording, without a joint');
  const seconds = secondsOf(viewer);
  const { pictures } = await decode(t, timelines[0]?.bytes ?? Buffer.alloc(0));
  // A page's own timers come once a second in a hidden tab; a loaded machine encodes fewer pictures than a camera gives.
  t.ok(pictures.length > seconds * 4, `${String(pictures.length)} pictures in ${seconds.toFixed(1)} s`);
});

t.test('a watch page behind another tab is live again when it is shown; one that was never seen opens no socket', { skip }, async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('on'));
  publisher.closed.catch(() => undefined);
  sendTestCard(t, publisher, { seconds: 150 }).catch(() => undefined);
  await publisher.message('live');
  const browser = await launchTabbedChromium(t);
  const page = await browser.newPage();
  await page.goto(`${server.origin}/watch/on`);
  await untilLive(page);
  await hide(browser, page);
  const others = new HlsViewer(server.hlsUrl('on'));
  await waitUntil('15 s of it for others', () => secondsOf(others) > 15, 60_000, 200);
  t.ok(await isHidden(page));
  await page.bringToFront();
  await untilLive(page);
  t.pass('it plays close to live');

  const unseen = await browser.newPage();
  await unseen.evaluateOnNewDocument(`(() => {
    window.sockets = [];
    window.WebSocket = class extends WebSocket { constructor(url) { super(url); window.sockets.push(String(url)); } };
  })()`);
  await hide(browser, unseen);
  await unseen.goto(`${server.origin}/watch/on`);
  await waitForWords(firefoxPage(unseen), /starts when this page is shown/);
  const played = (): Promise<string[]> => unseen.evaluate(`sockets.filter((url) => url.endsWith('/play'))`) as Promise<string[]>;
  t.strictSame(await played(), []);
  t.ok(await isHidden(unseen));
  await unseen.bringToFront();
  await untilLive(unseen);
  t.equal((await played()).length, 1);
});
