import t from 'tap';
import { Dice } from '../../scripts/fuzz/dice.js';
import { fuzzParsers } from '../../scripts/fuzz/parsers.js';
import { fuzzServer } from '../../scripts/fuzz/server.js';

// The same inputs every time; `npm run fuzz -- --seed N` tries others, and many more.
const seed = 20_261_121;

t.test('thousands of broken inputs crash no parser', (t) => {
  for (const { name, failures } of fuzzParsers({ seed, inputs: 10_000, makeDice: (own) => new Dice(own) })) t.strictSame(failures, [], name);
  t.end();
});

t.test('a thousand connections without manners neither crash the server, nor hang it, nor leave anything behind', async (t) => {
  const { outcomes, failures, descriptors, liveStreamsLeft } = await fuzzServer({ seed, connections: 1000, concurrency: 20 });
  t.strictSame(failures, []);
  t.ok(outcomes.size > 8, `all kinds were tried: ${[...outcomes.keys()].join(', ')}`);
  t.equal(liveStreamsLeft, 0);
  t.ok(descriptors[1] <= descriptors[0] + 5, `${descriptors.join(' → ')} descriptors`);
});
