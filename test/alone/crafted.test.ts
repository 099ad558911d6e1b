import t from 'tap';
import { craftedReaders, measureCrafted } from '../../scripts/fuzz/crafted.js';

/** So many times what it takes to copy the same bytes one by one, in the same run. An honest chat message takes some 35. */
const mostCopies = 600;

t.test('nothing that a stranger or a publisher sends costs more than a small constant a byte, whatever it is made of', async (t) => {
  for (const { name, idea, worst } of measureCrafted({ lengths: [1000, 16_000, 100_000], goodCopies: mostCopies })) {
    t.ok(worst.copies <= mostCopies, `${name}, ${idea}, ${worst.bytes} bytes: ${worst.copies.toFixed(1)} copies`);
  }
});

t.test('each reader is tried with several ideas, and with inputs as long as are let through to it', async (t) => {
  for (const { name, maxBytes, craft } of craftedReaders) {
    const inputs = craft(Math.min(maxBytes, 100_000));
    t.ok(inputs.length > 3, `${name}: ${inputs.length} ideas`);
    t.equal(new Set(inputs.map(([idea]) => idea)).size, inputs.length, `${name}: no idea twice`);
  }
});
