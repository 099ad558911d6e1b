import t from 'tap';
import { retryAfterMs } from '../../../src/web/sdk/retry-after.js';

t.test('Retry-After is read in both of its forms, and never keeps anybody for longer than a minute', async (t) => {
  const read = (value: string): number | undefined => retryAfterMs(new Headers({ 'retry-after': value, date: 'Mon, 30 Nov 2026 12:00:00 GMT' }));
  t.equal(read('5'), 5_000);
  t.equal(read('0'), 0);
  t.equal(read('Mon, 30 Nov 2026 12:00:07 GMT'), 7_000);
  t.equal(read('Mon, 30 Nov 2026 11:00:00 GMT'), 0);
  t.equal(read('86400'), 60_000);
  t.equal(read('soon'), undefined);
  t.equal(retryAfterMs(new Headers()), undefined);
});
