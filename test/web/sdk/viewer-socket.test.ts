import t from 'tap';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import { ViewerSocket } from '../../../src/web/sdk/playback/viewer-socket.js';
import { FakePage } from './fake-page.js';

/** A viewer whose connection held, is lost, and comes back as often as it likes in vain; how long until it calls the path lost, in ms. */
async function untilLost(page: FakePage): Promise<number> {
  const viewer = new ViewerSocket({ url: () => 'wss://live.example/live/s/play', servers: undefined, clock: new ClockOffset(), page, onMessage: () => undefined, onMedia: () => undefined });
  let reason: string | undefined;
  void viewer.closed.then((end) => (reason = end.reason));
  page.socket.open();
  page.socket.say({ type: 'pong', sentAtMs: 0, serverTimeMs: 0 });
  await page.pass(6000);
  const fromMs = page.nowMs();
  page.socket.drop();
  while (reason === undefined && page.nowMs() < fromMs + 300_000) {
    await page.pass(250);
    if (page.socket.isOpen) page.socket.drop();
  }
  t.equal(reason, 'failed');
  return page.nowMs() - fromMs;
}

t.test('who is told by a server to come again waits as long as a broadcast takes to go on at another one; where nobody answers, another path is taken sooner', async (t) => {
  const told = new FakePage();
  told.answers.set('/live/s/play', () => Response.json({ code: 'unavailable', message: 'in a moment' }, { status: 503, headers: { 'retry-after': '1' } }));
  const toldMs = await untilLost(told);
  // A lease of 10 s, and the publisher's and the first segment's way.
  t.ok(toldMs > 25_000 && toldMs < 120_000, `${toldMs} ms`);
  t.ok((await untilLost(new FakePage())) < toldMs / 2);
});
