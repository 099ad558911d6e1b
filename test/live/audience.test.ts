import t from 'tap';
import { Audience } from '../../src/live/audience.js';

t.test('a client counts once, as long as it keeps asking, and no longer', async (t) => {
  let now = 0;
  const audience = new Audience({ now: () => now });
  audience.saw('a');
  audience.saw('a');
  audience.saw('b');
  t.equal(audience.count, 2);
  now = 10_000;
  audience.saw('a');
  now = 15_001;
  t.equal(audience.count, 1, 'b stopped asking');
  now = 25_000;
  t.equal(audience.count, 1);
  now = 25_001;
  t.equal(audience.count, 0);
});

t.test('memory is bounded, whatever clients call themselves', async (t) => {
  const audience = new Audience();
  for (let index = 0; index < 100_500; index++) audience.saw(`client ${index}`);
  t.equal(audience.count, 100_000);
});
