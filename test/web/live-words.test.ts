import t from 'tap';
import { behindInWords, durationInWords, sinceInWords, viewersInWords } from '../../src/web/ui/live-words.js';

t.test('how long a stream has been live is told in words', async (t) => {
  const table: [number, string][] = [[0, 'just now'], [59_999, 'just now'], [60_000, '1 min'], [3_599_000, '59 min'], [3_600_000, '1 h'], [3_900_000, '1 h 5 min'], [-5000, 'just now']];
  for (const [durationMs, words] of table) t.equal(durationInWords(durationMs), words);
  t.equal(viewersInWords(3), '3 watching');
});

t.test('a start on another day carries its date', async (t) => {
  const now = new Date(2026, 10, 21, 12, 0);
  t.match(sinceInWords(new Date(2026, 10, 21, 11, 48).toISOString(), now), /^since \S+.* \(12 min\)$/);
  t.match(sinceInWords(new Date(2026, 10, 20, 12, 0).toISOString(), now), /20.*\(24 h\)$/);
});

t.test('how far behind the picture is has tenths while it is little, and never says the future', async (t) => {
  const table: [number, string][] = [[0.42, '0.4 s behind'], [9.94, '9.9 s behind'], [9.96, '10 s behind'], [-0.1, '0.0 s behind']];
  for (const [seconds, words] of table) t.equal(behindInWords(seconds), words);
});
