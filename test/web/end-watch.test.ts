import t from 'tap';
import { EndWatch } from '../../src/web/sdk/playback/end-watch.js';

const held = { atSeconds: 12, durationSeconds: 12.02, shouldMove: true };

t.test('a live picture held at what the browser takes for the end goes back a little to get going', async (t) => {
  const watch = new EndWatch();
  t.equal(watch.look({ ...held, nowMs: 0 }), undefined);
  t.equal(watch.look({ ...held, nowMs: 500 }), undefined, 'a moment is no hold');
  t.equal(watch.look({ ...held, nowMs: 700 }), 11.5);
  t.equal(watch.look({ ...held, nowMs: 800 }), undefined, 'and not at once again');
});

t.test('a picture that moves, is paused, is far from the end or has none is left alone', async (t) => {
  const lookTwice = (second: object): number | undefined => {
    const watch = new EndWatch();
    watch.look({ ...held, nowMs: 0 });
    return watch.look({ ...held, ...second, nowMs: 5000 });
  };
  t.equal(lookTwice({ atSeconds: 12.01 }), undefined);
  t.equal(lookTwice({ shouldMove: false }), undefined);
  t.equal(lookTwice({ durationSeconds: 13 }), undefined);
  t.equal(lookTwice({ durationSeconds: Infinity }), undefined);
});
