import t from 'tap';
import { copyKeys } from '../../../src/web/ui/copy-field.js';

t.test('who must copy by hand is told the keys of their own machine', async (t) => {
  const keys = ['MacIntel', 'iPad', 'Win32', 'Linux x86_64', ''].map(copyKeys);
  t.strictSame(keys, ['⌘C', '⌘C', 'Ctrl+C', 'Ctrl+C', 'Ctrl+C']);
});
