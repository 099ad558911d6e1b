import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { LineProxy } from '../helpers/line-proxy.js';
import { goOnAir, playerPage, playerSeen, untilItPlays, untilPlayer, untilTheNextOne } from '../helpers/player-page.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(240_000);
t.jobs = 2;
const skip = skipWithout(chromiumProgram, 'Chromium');

const until = untilPlayer;
const seen = playerSeen;

async function openPlayer(browser: Browser, site: string, query: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${site}/?${query}`);
  await page.waitForFunction('window.player !== undefined');
  return page;
}

t.test('the second broadcast after the first is played on every path', { skip }, async (t) => {
  const server = await startServer(t);
  const site = await serveWebSite(t, { '/': playerPage(server.origin) });
  const browser = await launchChromium(t);
  const first = await goOnAir(t, server, 'twice', 90);
  const pages = [await openPlayer(browser, site, 'stream=twice&path=websocket'), await openPlayer(browser, site, 'stream=twice&path=hls&mode=smooth')];
  for (const page of pages) await until(page, 'the first broadcast', (now) => now.states.includes('playing'));
  await first.end();
  await goOnAir(t, server, 'twice', 30);
  for (const page of pages) {
    const { states } = await untilTheNextOne(page);
    t.ok(states, states.join(' '));
    await untilItPlays(page, 1);
  }
});

t.test('what the world does to a viewer', { skip }, async (t) => {
  t.jobs = 3;
  const server = await startServer(t);
  await goOnAir(t, server, 'on', 200);
  const browser = await launchChromium(t);

  t.test('a page that was never seen opens no socket; shown, it plays', async (t) => {
    const site = await serveWebSite(t, { '/': playerPage(server.origin) });
    const page = await browser.newPage();
    const sockets: string[] = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.addInitScript('let hidden = true; Object.defineProperty(document, "hidden", { get: () => hidden }); window.show = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); };');
    await page.goto(`${site}/?stream=on`);
    await until(page, 'the waiting room', (now) => now.states.at(-1) === 'waiting');
    await page.waitForResponse(/api\/streams/, { timeout: 10_000 }).catch(() => undefined);
    t.strictSame(sockets, []);
    await page.evaluate('show()');
    await untilItPlays(page);
    t.equal(sockets.length, 1);
    await page.close();
  });

  t.test('refused autoplay plays without sound', async (t) => {
    const strict = await launchChromium(t, { autoplay: 'user-gesture-required' });
    const site = await serveWebSite(t, { '/': playerPage(server.origin) });
    const page = await openPlayer(strict, site, 'stream=on');
    const { states, muted } = await untilItPlays(page);
    t.ok(states.includes('autoplay muted'), states.join(' '));
    t.ok(muted);
    await strict.close();
  });

  t.test('where sockets are blocked it falls to HLS, and a mode is changed at once', async (t) => {
    const site = await serveWebSite(t, { '/': playerPage(server.origin) });
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    let blocked = true;
    await page.routeWebSocket(/\/play$/, (socket) => (blocked ? void socket.close({ code: 4000 }) : void socket.connectToServer()));
    await page.goto(`${site}/?stream=on`);
    const fallen = await untilItPlays(page);
    t.strictSame(fallen.paths, ['websocket', 'hls']);
    blocked = false;
    await page.evaluate("player.mode = 'smooth'");
    await until(page, 'the change', (now) => now.paths.length === 3);
    await untilItPlays(page);
    await page.evaluate("player.mode = 'lowest-delay'");
    const back = await until(page, 'the change back', (now) => now.paths.length === 4);
    t.strictSame(back.paths, ['websocket', 'hls', 'hls', 'websocket']);
    await untilItPlays(page);
    t.strictSame(complaintsBeside(complaints, '404 /favicon.ico', '426 /live/on/play'), [], 'nothing but the question why the socket was refused');
    await page.close();
  });

  t.test('a pause is a pause, and playing again goes to the live edge', async (t) => {
    const site = await serveWebSite(t, { '/': playerPage(server.origin) });
    // Its viewers are counted.
    await goOnAir(t, server, 'watched-by-one', 120);
    const page = await openPlayer(browser, site, 'stream=watched-by-one');
    await untilItPlays(page);
    await page.evaluate("document.querySelector('video').pause()");
    const paused = await until(page, 'the pause', (now) => now.states.at(-1) === 'paused');
    await waitUntil('the viewer to be let go of', async () => ((await (await fetch(`${server.origin}/api/streams/watched-by-one`)).json()) as { viewers: number }).viewers === 0, 30_000, 200);
    const { latencies: _, ...still } = paused;
    t.match(await seen(page), still, 'nothing was muted, started or moved');
    await page.evaluate('player.play()');
    await untilItPlays(page);
    await page.close();
  });

  t.test('a viewer whose clock is wrong, and is set while they watch, sees how far behind they are all the same', async (t) => {
    const site = await serveWebSite(t, { '/': playerPage(server.origin) });
    const page = await browser.newPage();
    await page.addInitScript('window.wrongByMs = -3_600_000; const now = Date.now; Date.now = () => now() + wrongByMs;');
    await page.goto(`${site}/?stream=on`);
    await page.waitForFunction('window.player !== undefined');
    await untilItPlays(page);
    await page.evaluate('window.wrongByMs = 7_200_000; undefined');
    const { latencies } = await seen(page);
    const { latencies: all } = await until(page, 'what it says then', (now) => now.latencies.length > latencies.length + 5);
    const said = all.filter((each) => each !== null);
    t.ok(said.length > 5 && said.every((seconds) => seconds > 0 && seconds < 30), said.join(' '));
    await page.close();
  });

  t.test('connects that hang are not waited for: it plays again soon after the network is back', async (t) => {
    const line = await LineProxy.listen(t, server.origin);
    const site = await serveWebSite(t, { '/': playerPage(line.origin) });
    const page = await openPlayer(browser, site, 'stream=on&path=websocket');
    await untilItPlays(page);
    line.isHanging = true;
    line.cut();
    await until(page, 'the standstill', (now) => now.states.at(-1) === 'stalled');
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    line.isHanging = false;
    const backAtMs = performance.now();
    await until(page, 'the picture', (now) => now.states.at(-1) === 'playing', 25_000);
    t.comment(`plays again ${((performance.now() - backAtMs) / 1000).toFixed(1)} s after the network is back`);
    await untilItPlays(page);
    await page.close();
  });

  t.test('a line slower than the stream is told, and left for seconds in hand', async (t) => {
    const line = await LineProxy.listen(t, server.origin);
    const site = await serveWebSite(t, { '/': playerPage(line.origin) });
    const page = await openPlayer(browser, site, 'stream=on');
    await untilItPlays(page);
    line.down.bytesPerSecond = 70_000;
    const told = await until(page, 'the notice', (now) => now.warnings.length > 0, 60_000);
    t.strictSame(told.warnings, ['line-too-slow']);
    // How well HLS does on a line that carries less than the stream is not asked here.
    const { paths } = await until(page, 'the next path', (now) => now.paths.length > 1, 60_000);
    t.strictSame(paths.slice(0, 2), ['websocket', 'hls']);
    await page.close();
  });
});
