import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { build } from 'vite';
import { buildSdk } from '../../scripts/build-sdk.js';
import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(150_000);
const skip = skipWithout(chromiumProgram, 'Chromium');

let browser: Browser;
let server: TestServer;
t.before(async () => {
  if (skip !== false) return;
  browser = await launchChromium(t);
  server = await startServer(t);
});

/** Counts what a page opens and does not close: sockets, and workers that keep time. */
const counting = `
  globalThis.open = { sockets: 0, workers: 0 };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) { super(...args); open.sockets++; this.addEventListener('close', () => open.sockets--); }
  };
  globalThis.Worker = class extends Worker {
    constructor(...args) { super(...args); open.workers++; }
    terminate() { open.workers--; super.terminate(); }
  };
`;

/** A page's own policy may forbid the evaluation that `waitForFunction` needs. */
const holds = (page: Page, expression: string): Promise<unknown> => waitUntil(expression, () => page.evaluate<boolean>(expression));

const pictures = (page: Page, selector: string): Promise<number> => page.locator(selector).evaluate((video: { getVideoPlaybackQuality(): { totalVideoFrames: number } }) => video.getVideoPlaybackQuality().totalVideoFrames);

async function publish(stream: string, seconds: number): Promise<void> {
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  await publisher.message('ready');
  void sendTestCard(t, publisher, { seconds }).catch(() => undefined);
  await publisher.message('live');
}

t.test('an element plays on a page of another site whose policy allows only what is documented', { skip }, async (t) => {
  await publish('foreign', 60);
  const policy = `default-src 'none'; script-src ${server.origin}; connect-src ${server.origin} ${server.origin.replace('http', 'ws')}; media-src blob:; worker-src blob:`;
  const html = `<!doctype html><title>Foreign</title><script type="module" src="${server.origin}/sdk/v1/elements.js"></script>
    <onair-player id="first" src="${server.origin}/live/foreign" muted></onair-player><onair-player id="second" src="${server.origin}/live/nobody" muted><b slot="waiting">Back at noon</b></onair-player>`;
  const site = await serveWebSite(t, { '/': html }, { 'content-security-policy': policy });
  const page = await (await browser.newContext()).newPage();
  const complaints = complaintsOf(page);
  await page.addInitScript(counting);
  await page.goto(site);
  await page.locator('#first').getByText('LIVE').waitFor();
  await page.getByText('Back at noon').waitFor();
  const before = await pictures(page, '#first video');
  await holds(page, `document.querySelector('#first').video.getVideoPlaybackQuality().totalVideoFrames > ${String(before + 10)}`);
  t.pass('it plays');
  // Moved as frameworks do: the same player goes on.
  t.equal(await page.evaluate(`(async () => { const element = document.querySelector('#first'); const { player } = element; document.body.prepend(element); await 0; await 0; return player === element.player && player !== undefined; })()`), true);
  await page.evaluate(`document.querySelector('#first').src = '${server.origin}/live/nobody'`);
  await page.locator('#first').getByText('Not live yet').waitFor();
  await page.evaluate('document.body.replaceChildren()');
  await holds(page, 'open.sockets === 0 && open.workers === 0');
  t.strictSame(complaintsBeside(complaints, '404 /favicon.ico', '404 /api/streams/nobody'), [], 'nothing was refused by the policy');
  await page.context().close();
});

/** As Firefox does it where all autoplay is refused. */
const nothingUnasked = `
  let isAsked = false;
  addEventListener('click', () => (isAsked = true), true);
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    return isAsked ? play.call(this) : Promise.reject(new DOMException('play() failed', 'NotAllowedError'));
  };
`;

t.test('where a browser plays nothing unasked, an element says so and plays with sound once it is pressed, by both paths', { skip }, async (t) => {
  await publish('asked', 60);
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(nothingUnasked);
  for (const path of ['websocket', 'hls']) {
    await page.goto(`${server.origin}/openapi.json`);
    await page.evaluate(`document.body.innerHTML = '<onair-player src="${server.origin}/live/asked" path="${path}"></onair-player>'; void import('${server.origin}/sdk/elements.js')`);
    await page.getByText('starts videos only when you ask it to').waitFor();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await holds(page, "(({ state, video }) => state === 'playing' && !video.paused && !video.muted)(document.querySelector('onair-player'))");
    t.equal(await page.getByRole('button', { name: 'Play', exact: true }).count(), 0, `${path}: it is gone`);
  }
  await page.goto(`${server.origin}/embed/asked`);
  const words = page.getByText('starts videos only when you ask it to');
  await words.waitFor();
  const [said, press] = await Promise.all([words.boundingBox(), page.getByRole('button', { name: 'Play', exact: true }).boundingBox()]);
  t.ok(said !== null && press !== null && press.y >= said.y + said.height, 'on a page of the server the button is below the words');
  await page.context().close();
});

t.test('eight players on a page, made and taken away a hundred times, leave nothing behind', { skip }, async (t) => {
  await publish('many', 90);
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(counting);
  await page.goto(`${server.origin}/openapi.json`);
  await page.evaluate(`import('${server.origin}/sdk/elements.js')`);
  await page.evaluate(`(async () => {
    for (let round = 0; round < 100; round++) {
      const players = Array.from({ length: 8 }, () => Object.assign(document.createElement('onair-player'), { src: '${server.origin}/live/many' }));
      document.body.replaceChildren(...players);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    document.body.replaceChildren();
  })()`);
  await holds(page, 'open.sockets === 0 && open.workers === 0');
  t.pass('no socket and no worker is left');
  await page.context().close();
});

t.test('the example with Vite and React is built and plays, in strict mode', { skip }, async (t) => {
  const folder = await temporaryDirectory(t);
  const sdk = join(folder, 'sdk');
  await buildSdk(sdk);
  const root = join(import.meta.dirname, '../../examples/react');
  await build({
    ...{ root, logLevel: 'error', configFile: false },
    resolve: { alias: [{ find: 'onair-sdk/elements', replacement: join(sdk, 'elements.js') }, { find: 'onair-sdk', replacement: join(sdk, 'onair.js') }, { find: 'hls.js/light', replacement: join(root, '../../node_modules/hls.js/dist/hls.light.mjs') }] },
    build: { outDir: join(folder, 'out'), assetsInlineLimit: 0, modulePreload: false, rolldownOptions: { output: { inlineDynamicImports: true, entryFileNames: 'main.js' } } },
  });
  const script = await readFile(join(folder, 'out/main.js'), 'utf8');
  const site = await serveWebSite(t, { '/': `<!doctype html><title>Example</title><div id="root"></div><script type="module">${script.replaceAll('</script', '<\\/script')}</script>` });
  const page = await (await browser.newContext({ permissions: ['camera', 'microphone'] })).newPage();
  const complaints = complaintsOf(page);
  await page.addInitScript(counting);
  await page.goto(`${site}/#server=${encodeURIComponent(server.origin)}&stream=react&key=${server.key}`);
  await page.getByRole('button', { name: 'Go live' }).click();
  await page.locator('onair-broadcast').getByText('LIVE').waitFor({ timeout: 60_000 });
  await page.locator('figcaption').getByText('playing').waitFor({ timeout: 60_000 });
  await page.locator('onair-player').getByText('LIVE', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Take the players away' }).click();
  await holds(page, 'open.sockets === 1');
  t.pass('the publisher alone is connected then');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('onair-broadcast').getByText('Off air').waitFor();
  await holds(page, 'open.sockets === 0 && open.workers === 0');
  t.strictSame(complaintsBeside(complaints, '404 /favicon.ico', '404 /api/streams/react'), []);
  await page.context().close();
});
