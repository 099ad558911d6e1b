import t from 'tap';

import { chromiumProgram, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { waitForPlayback } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(120_000);

t.test('the bare player and the SDK play in pages that isolate themselves from other origins', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  sendTestCard(t, publisher, { seconds: 90 }).catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
  const frame = (query: string): string => `<!doctype html><title>Isolated</title><iframe src="${server.origin}/embed/card${query}" allow="autoplay" width="640" height="360"></iframe>`;
  const site = await serveWebSite(
    t,
    {
      '/websocket': frame('/?path=websocket'),
      '/hls': frame('?path=hls'),
      '/sdk': `<!doctype html><title>Isolated</title><video muted autoplay playsinline></video>
        <script type="module">
          import { Player } from '${server.origin}/sdk/onair.js';
          new Player({ url: '${server.origin}', stream: 'card', video: document.querySelector('video'), path: 'hls' }).play();
        </script>`,
      '/favicon.ico': '',
    },
    { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
  );
  const browser = await launchChromium(t);
  for (const path of ['/websocket', '/hls', '/sdk']) {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(site + path);
    t.equal(await page.evaluate('self.crossOriginIsolated'), true, `${path} is isolated`);
    const player = path === '/sdk' ? page.mainFrame() : await waitUntil('the frame', () => page.frames().find((candidate) => candidate.url().includes('/embed/')));
    const { last } = await waitForPlayback({ evaluate: (expression) => player.evaluate(expression) }, 1);
    t.ok(last.shown > 0, `${path} plays`);
    t.strictSame(complaints, [], path);
    await page.close();
  }
});
