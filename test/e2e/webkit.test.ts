import t from 'tap';

import { skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { WebKit, webkitProgram } from '../helpers/webkit.js';

t.setTimeout(180_000);

interface Look {
  readonly state: string | undefined;
  readonly path: string;
  readonly why: string;
  readonly frames: number;
}

const lookAtPage = `
  const video = document.querySelector('video');
  if (video === null) return undefined;
  const row = (name) => [...document.querySelectorAll('.stats-row')].find((each) => each.firstChild.textContent === name).lastChild.textContent;
  return {
    state: document.querySelector('.player-stage').dataset.state, path: row('Path'), why: row('Why'),
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  };`;

t.test("The watch page plays by itself in Safari's engine, whatever path that takes, and says why", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  sendTestCard(t, publisher, { seconds: 150 }).catch(() => undefined); // it is cut off when the tests are done
  await publisher.message('live');
  const webkit = await WebKit.launch(t);
  // Native HLS is not asked for here: GStreamer's old HLS element shows fragments by their own time on a clock that began
  // with the playlist's window, so the picture of a broadcast joined late stands still there.
  const look = (): Promise<Look | null> => webkit.evaluate<Look | null>(lookAtPage);
  await webkit.open(`${server.origin}/watch/card`);
  const end = await waitUntil('150 pictures on the page', async () => {
    const now = await look();
    return now?.state === 'playing' && now.frames >= 150 && now;
  }, 60_000, 200);
  t.comment(`${end.path}: ${end.why}`);
  t.not(end.path, '–');
  t.not(end.why, '–');
});
