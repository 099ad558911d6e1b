import t from 'tap';
import { StuckWatch } from '../../src/web/sdk/playback/stuck-watch.js';

t.test('a picture that stands still in front of media is nudged, and again if that did not help', async (t) => {
  const watch = new StuckWatch();
  const look = (nowMs: number): number | undefined => watch.look({ nowMs, atSeconds: 5, forwardSeconds: 1 });
  t.same([0, 300, 599].map(look), [undefined, undefined, undefined]);
  t.equal(look(600), 5.1);
  t.equal(look(900), undefined);
  t.equal(look(1200), 5.1);
});

t.test('a picture that moves, or waits for media, is left alone', async (t) => {
  const moving = new StuckWatch();
  const dry = new StuckWatch();
  for (let nowMs = 0; nowMs < 5000; nowMs += 200) {
    t.equal(moving.look({ nowMs, atSeconds: nowMs / 1000, forwardSeconds: 1 }), undefined);
    t.equal(dry.look({ nowMs, atSeconds: 5, forwardSeconds: 0.1 }), undefined);
  }
});
