import t from 'tap';
import { askAgainMs } from '../../src/web/sdk/playback/stream-facts.js';

t.test('a waiting room asks eagerly first and calmly when it takes long; a playing one is always calm', async (t) => {
  const table: [boolean, number, number][] = [[true, 1, 2000], [true, 15, 2000], [true, 19, 3000], [true, 1000, 5000], [false, 0, 5000]];
  for (const [waiting, asks, expectedMs] of table) t.equal(askAgainMs(waiting, asks), expectedMs, `${waiting}, ${asks}`);
});
