import t, { type Test } from 'tap';
import type { Page } from 'playwright-core';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { chromiumPage, waitForPlayback, waitForWords, wordsOf } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(120_000);
const skip = skipWithout(chromiumProgram, 'Chromium');

async function infoOf(server: TestServer, stream: string): Promise<LiveStreamInfo> {
  return (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
}

async function goLive(server: TestServer, page: Page, stream: string): Promise<LiveStreamInfo> {
  const studio = chromiumPage(page);
  await studio.show();
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await studio.fill('Stream name', stream);
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/);
  return infoOf(server, stream);
}

/** As a person does by mistake. */
async function reload(t: Test, server: TestServer, page: Page, stream: string): Promise<void> {
  page.once('dialog', (dialog) => void dialog.accept()); // “Leave the page?”
  const studio = chromiumPage(page);
  await studio.show();
  await page.reload();
  await waitForWords(studio, /Your broadcast is waiting/);
  t.match(await wordsOf(studio), /Go on[\s\S]*End it/);
  t.equal((await infoOf(server, stream)).state, 'waiting');
}

t.test('a studio that was loaded anew goes on with its broadcast, and viewers keep watching', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  const watchPage = await browser.newPage();
  const watch = chromiumPage(watchPage);
  await watch.goto(`${server.origin}/watch/again`);
  const before = await goLive(server, page, 'again');
  await watch.show();
  const seen = (await waitForPlayback(watch, 1)).last;
  await reload(t, server, page, 'again');
  const studio = chromiumPage(page);
  await studio.press('Go on');
  await waitForWords(studio, /\bLIVE\b/);
  t.pass('the lamp is lit again');
  const after = await waitUntil('the state to be live', async () => {
    const info = await infoOf(server, 'again');
    return info.state === 'live' && info;
  });
  t.equal(after.broadcast, before.broadcast, 'it is the same broadcast');
  t.ok(after.receivedBytes > before.receivedBytes);

  const playlist = await waitUntil('a discontinuity', async () => {
    const read = readMediaPlaylist(await (await fetch(`${server.origin}/live/again/${after.broadcast}/media.m3u8`)).text());
    return read.segments.some(({ isDiscontinuity }) => isDiscontinuity) && read;
  });
  t.ok(playlist.segments.length > 1 && !playlist.hasEnded);
  await watch.show();
  const { first, last } = await waitForPlayback(watch, 5);
  t.ok(last.shown - first.shown > 25, `the watch page plays on: ${String(last.shown - first.shown)} pictures in 5 s`);
  t.ok(last.shown > seen.shown, 'in the very player that played before');
  t.match(await wordsOf(watch), /\bLIVE\b/);

  await studio.show();
  await studio.press('End broadcast');
  await waitForWords(studio, /(One person is|2 people are) watching/); // the watch page, and this test, which asked for the playlist a moment ago
  await studio.press('End it');
  await waitForWords(studio, /Off air/);
  await page.reload();
  await waitForWords(studio, /Go live/);
  t.equal(await page.evaluate('Object.keys(sessionStorage).filter((name) => name.startsWith("onair.broadcast")).length'), 0, 'nothing is kept of a broadcast that ended');
});

t.test('a broadcast that was left behind can be ended instead', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  await goLive(server, page, 'enough');
  await reload(t, server, page, 'enough');
  const studio = chromiumPage(page);
  await studio.press('End it');
  await waitUntil('the end', async () => (await infoOf(server, 'enough')).state === 'ended');
  await waitForWords(studio, /Off air/);
  t.notMatch(await wordsOf(studio), /waiting/);
});

t.test('a page of another site takes its broadcast up with the SDK, also from a page that still has it', { skip }, async (t) => {
  const server = await startServer(t);
  const site = await serveWebSite(t, {
    '/': `<!doctype html><title>Somebody's site</title><p id="said"></p>
      <script type="module">
        import { Publisher } from '${server.origin}/sdk/onair.js';
        const said = document.querySelector('#said');
        const resume = location.hash.slice(1);
        const publisher = new Publisher({ url: '${server.origin}', key: '${server.key}', stream: 'moved', ...(resume && { resume }) });
        publisher.on('state', (state) => said.append(state + ' '));
        publisher.on('error', (error) => said.append('error: ' + error.reason + ' '));
        window.publisher = publisher;
        publisher.start().catch((error) => said.append('failed: ' + error.reason + ' ' + error.message));
      </script>`,
  });
  const browser = await launchChromium(t);
  const [first, second] = [await browser.newPage(), await browser.newPage()];
  await first.goto(`${site}/`);
  await waitForWords(chromiumPage(first), /\blive\b/);
  const { broadcast } = await infoOf(server, 'moved');
  const token = await first.evaluate<string>('publisher.resumeToken');
  await second.bringToFront();
  await second.goto(`${site}/#${token}`);
  await waitForWords(chromiumPage(second), /\blive\b/);
  t.equal((await infoOf(server, 'moved')).broadcast, broadcast);
  await waitForWords(chromiumPage(first), /error: taken-over ended|ended error: taken-over/);
  t.pass('the first page is told');
  await second.evaluate('publisher.end()');
  await waitForWords(chromiumPage(second), /ended/);

  const third = await browser.newPage();
  await third.goto(`${site}/#${token}`);
  await waitForWords(chromiumPage(third), /failed: resume-refused/);
  t.pass('a broadcast that is over is not taken up');
});
