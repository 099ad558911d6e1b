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

t.test('a client watches the rendition whose playlist it goes on asking for, and is counted there alone', async (t) => {
  let now = 0;
  const changes: string[] = [];
  const audience = new Audience({ now: () => now, onChange: (rendition) => changes.push(rendition) });
  const ask = (client: string, ...renditions: readonly string[]): void => {
    for (const rendition of renditions) {
      audience.saw(client);
      audience.asked(client, rendition);
    }
  };
  audience.saw('waits for one that is being made');
  t.strictSame([audience.count, [...audience.countByRendition]], [1, []]);
  ask('reads all first', 'source', '480p', '360p', '480p', '480p');
  ask('stays', 'source', 'source');
  t.strictSame([...audience.countByRendition], [['480p', 1], ['source', 1]]);
  ask('stays', '480p', 'source');
  t.strictSame(changes, ['480p'], 'one that is asked for once is not watched');
  ask('stays', '360p', '360p', '480p', '480p');
  t.strictSame(changes, ['480p', '360p', '480p']);
  t.strictSame([...audience.countByRendition], [['480p', 2]]);
  audience.asked('never seen', 'source');
  now += 15_001;
  t.strictSame([[...audience.countByRendition], audience.count], [[], 0], 'who is gone is counted nowhere');
});

t.test('who is forgotten for want of room is not counted by rendition either', async (t) => {
  const audience = new Audience();
  for (let index = 0; index < 100_002; index++) {
    audience.saw(`client ${index}`);
    audience.asked(`client ${index}`, 'source');
  }
  t.strictSame([...audience.countByRendition], [['source', 100_000]]);
});
