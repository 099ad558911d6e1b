import t from 'tap';

import { composeAndGoLive } from '../helpers/composition-scenario.js';
import { firefoxProgram, launchFirefox } from '../helpers/firefox.js';
import { skipWithout } from '../helpers/programs.js';
import { firefoxPage } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';
import { goLiveAndWatch } from '../helpers/studio-scenario.js';

t.setTimeout(120_000);

t.test('Firefox goes live from the studio, and a page that waited shows it', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchFirefox(t);
  const [studio, watch] = [await browser.newPage(), await browser.newPage()];
  await goLiveAndWatch(t, server, firefoxPage(studio), firefoxPage(watch), 'from-firefox');
});

t.test('Firefox composes screen and camera on a canvas, and goes live with them', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchFirefox(t);
  const page = await browser.newPage();
  await composeAndGoLive(t, server, { open: (url) => page.goto(url), evaluate: (expression) => page.evaluate(expression) as Promise<never> }, 'composed-by-firefox');
});
