import t from 'tap';

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
