import t from 'tap';
import { changeDescription } from '../../src/protocol/stream-description.js';

t.test('a text replaces the one of before, an empty one takes it away, an absent one leaves it', async (t) => {
  const first = changeDescription({}, { title: '  The harbour \n at dawn ', description: 'Two cameras.\n\nStarts at six.' });
  t.strictSame(first, { title: 'The harbour at dawn', description: 'Two cameras.\n\nStarts at six.' });
  t.strictSame(changeDescription(first, { title: 'Evening' }), { ...first, title: 'Evening' });
  t.strictSame(changeDescription(first, { description: ' ' }), { title: 'The harbour at dawn' });
  t.strictSame(changeDescription(first, { title: '', description: '' }), {});
  t.strictSame(changeDescription(first, {}), first);
});

t.test('what hides or turns text round is left out', async (t) => {
  t.strictSame(changeDescription({}, { title: 'Ca\u202Em \u200B1\u0007' }), { title: 'Cam 1' });
});

t.test('what is too long is refused in words, by visible characters, and costs no more than its bytes', async (t) => {
  t.strictSame(changeDescription({}, { title: '🎥'.repeat(100) }), { title: '🎥'.repeat(100) });
  t.throws(() => changeDescription({}, { title: 'x'.repeat(101) }), new TypeError('expected a title of 1 to 100 characters, got 101'));
  t.throws(() => changeDescription({}, { description: 'x'.repeat(2001) }), { name: 'TypeError', message: /2000 characters, got 2001/ });
  t.throws(() => changeDescription({}, { description: 'x\n'.repeat(41) }), { name: 'TypeError', message: /at most 40 lines/ });
  t.throws(() => changeDescription({}, { description: '\u0316\u0301'.repeat(1_000_000) }), { name: 'TypeError', message: /at most 2000 characters/ });
});
