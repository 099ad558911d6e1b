import { once } from 'node:events';
import t from 'tap';
import { WebSocket } from 'ws';

import { checkAccess } from '../helpers/access-faults.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { skipWithout } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../helpers/scripted-page.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';

t.setTimeout(240_000);

t.test('no page has a serious fault of access, in light or in dark', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  const scripted = chromiumPage(page);

  await scripted.goto(`${server.origin}/`);
  await waitForWords(scripted, /nobody is live/i);
  await checkAccess(t, page, 'home, empty');
  await scripted.goto(`${server.origin}/watch/card`);
  await waitForWords(scripted, /not live/i);
  await checkAccess(t, page, 'watch, waiting');
  await scripted.goto(`${server.origin}/broadcast`);
  await waitForWords(scripted, /Go live/);
  await checkAccess(t, page, 'studio');
  await scripted.press('Go live');
  await waitForWords(scripted, /key|name/i);
  await checkAccess(t, page, 'studio, with its complaints');

  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  const broadcast = sendTestCard(t, publisher, { seconds: 240 });
  broadcast.catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
  await scripted.goto(`${server.origin}/`);
  await waitForWords(scripted, /\bcard\b/);
  await checkAccess(t, page, 'home, with a stream');
  await scripted.goto(`${server.origin}/watch/card`);
  await waitForPlayback(scripted, 1);
  await checkAccess(t, page, 'watch, playing');
  await scripted.press('Settings');
  await checkAccess(t, page, 'watch, with its settings');
  await page.keyboard.press('Escape');
  await scripted.press('Statistics');
  await checkAccess(t, page, 'watch, with statistics');
  const publisherInChat = new WebSocket(server.publishUrl('card').replace('/publish', '/chat'));
  t.teardown(() => publisherInChat.terminate());
  await once(publisherInChat, 'open');
  publisherInChat.send('{"type":"join","name":"card"}');
  await scripted.fill('Your name in the chat', 'Ann');
  await scripted.press('Join');
  await scripted.fill('Message', 'A question');
  await scripted.press('Send');
  publisherInChat.send('{"type":"message","text":"An answer"}');
  await waitForWords(scripted, /A question[\s\S]*An answer/);
  // axe takes a comment that is still outside of the picture, where it is cut off, for the background of what stands there.
  await scripted.press('Flying comments');
  await checkAccess(t, page, 'watch, with its chat');
  await scripted.goto(`${server.origin}/embed/card`);
  await waitForPlayback(scripted, 1);
  await checkAccess(t, page, 'embed, playing');

  await scripted.goto(`${server.origin}/broadcast?key=${server.key}&stream=show`);
  await scripted.press('Go live');
  await waitForWords(scripted, /You write as show/);
  await scripted.fill('Message', 'Welcome');
  await scripted.press('Send');
  await waitForWords(scripted, /Welcome/);
  await checkAccess(t, page, 'studio, with its chat');
  await page.evaluate('navigator.mediaDevices.getDisplayMedia = async () => { const canvas = document.createElement("canvas"); canvas.getContext("2d"); return canvas.captureStream(); }');
  await page.getByLabel('Both', { exact: true }).check();
  await page.getByRole('group', { name: 'Corner' }).waitFor();
  await page.getByText('Levels, name tag, pause').click();
  await page.getByLabel('Show a name in the picture').check();
  await scripted.press('Pause');
  await waitForWords(scripted, /In a pause/);
  await checkAccess(t, page, 'studio, composing, in a pause');
});
