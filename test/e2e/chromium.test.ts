import t from 'tap';

import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout } from '../helpers/programs.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';
import { goLiveAndWatch } from '../helpers/studio-scenario.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(120_000);
const skip = skipWithout(chromiumProgram, 'Chromium');

t.test('Chromium goes live from the studio, and a page that waited shows it', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await browser.newPage();
  const watch = await browser.newPage();
  const complaints = [complaintsOf(studio), complaintsOf(watch)];
  await goLiveAndWatch(t, server, chromiumPage(studio), chromiumPage(watch), 'from-chromium');
  t.strictSame(complaintsBeside(complaints.flat(), '404 /api/streams/from-chromium'), [], 'nothing fails but asking for what is not live yet');
});

t.test('the studio says in words what is wrong with a key or a name', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  const studio = chromiumPage(page);
  await studio.goto(`${server.origin}/broadcast?key=wrong-key`);
  await studio.fill('Stream name', 'not a name');
  await studio.press('Go live');
  await waitForWords(studio, /letters|name/i);
  await studio.fill('Stream name', 'a-name');
  await studio.press('Go live');
  await waitForWords(studio, /key/i);
  await waitForWords(studio, /wrong|not accepted|does not/i);
  t.equal((await fetch(`${server.origin}/api/streams/a-name`)).status, 404, 'nothing went on air');
  t.equal(await page.getByRole('button', { name: 'Go live' }).isEnabled(), true, 'and it can be tried again');
});

t.test('a page on another origin publishes and plays through the SDK', { skip }, async (t) => {
  const server = await startServer(t);
  const site = await serveWebSite(t, {
    '/': `<!doctype html><title>Somebody's site</title><video muted autoplay playsinline></video><p id="said"></p>
      <script type="module">
        import { Publisher, Player } from '${server.origin}/sdk/onair.js';
        const said = document.querySelector('#said');
        const publisher = new Publisher({ url: '${server.origin}', key: '${server.key}', stream: 'elsewhere' });
        publisher.on('state', (state) => said.append(state + ' '));
        publisher.on('error', (error) => said.append('error: ' + error.message));
        const player = new Player({ url: '${server.origin}', stream: 'elsewhere', video: document.querySelector('video') });
        player.play();
        window.end = () => publisher.end();
        publisher.start().catch((error) => said.append('failed: ' + error.message));
      </script>`,
    '/frame': `<!doctype html><title>Somebody's frame</title><iframe src="${server.origin}/embed/elsewhere" allow="autoplay" width="640" height="360"></iframe>`,
  });
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  const scripted = chromiumPage(page);
  await scripted.goto(`${site}/`);
  await waitForWords(scripted, /\blive\b/);
  const { first, last } = await waitForPlayback(scripted, 3);
  t.ok(last.shown - first.shown > 9, `it shows its own broadcast: ${String(last.shown - first.shown)} pictures in 3 s`);
  t.strictSame(complaintsBeside(complaints, '404 /favicon.ico', '404 /api/streams/elsewhere'), []);

  const frame = await browser.newPage();
  await frame.goto(`${site}/frame`);
  const embedded = frame.frames().find((candidate) => candidate.url().includes('/embed/'));
  t.ok(embedded, 'the bare player stands in the frame');
  if (embedded) await waitForPlayback({ evaluate: (expression) => embedded.evaluate(expression) }, 1);
  t.pass('and plays');

  await scripted.evaluate('window.end()');
  await waitForWords(scripted, /\bended\b/);
});
