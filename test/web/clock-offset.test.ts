import t from 'tap';
import { ClockOffset } from '../../src/web/sdk/playback/clock-offset.js';

t.test('before the first answer nothing is claimed', async (t) => {
  t.equal(new ClockOffset().offsetMs, undefined);
  t.equal(new ClockOffset().serverTimeMs(0), undefined);
});

t.test('the quickest of several round trips decides', async (t) => {
  const clock = new ClockOffset();
  // The server is 5000 ms ahead; the slow answers came back 300 ms later than they went.
  clock.add({ sentAtMs: 0, serverTimeMs: 5010, receivedAtMs: 320 });
  clock.add({ sentAtMs: 1000, serverTimeMs: 6010, receivedAtMs: 1020 });
  clock.add({ sentAtMs: 2000, serverTimeMs: 7200, receivedAtMs: 2220 });
  t.equal(clock.offsetMs, 5000);
  t.equal(clock.serverTimeMs(3000), 8000);
});

t.test('a clock set back during a round trip is not taken for a quick answer', async (t) => {
  const clock = new ClockOffset();
  clock.add({ sentAtMs: 1000, serverTimeMs: 1010, receivedAtMs: 1020 });
  clock.add({ sentAtMs: 2000, serverTimeMs: 9000, receivedAtMs: 1500 });
  t.equal(clock.offsetMs, 0);
});

t.test('old answers are forgotten, so that a drifting clock is followed', async (t) => {
  const clock = new ClockOffset();
  clock.add({ sentAtMs: 0, serverTimeMs: 1, receivedAtMs: 2 });
  for (let at = 1; at <= 12; at += 1) clock.add({ sentAtMs: at * 1000, serverTimeMs: at * 1000 + 55, receivedAtMs: at * 1000 + 10 });
  t.equal(clock.offsetMs, 50);
});
