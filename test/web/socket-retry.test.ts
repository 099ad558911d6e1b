import t from 'tap';
import { afterSocketClose } from '../../src/web/sdk/playback/socket-retry.js';

t.test('what follows a close depends on its code and on what was there before', async (t) => {
  const table: [number, number, boolean, object][] = [
    [1006, 1, false, { action: 'retry', delayMs: 250 }],
    [1006, 2, false, { action: 'fail' }],
    [1006, 1, true, { action: 'retry', delayMs: 250 }],
    [1006, 3, true, { action: 'retry', delayMs: 1000 }],
    [1006, 5, true, { action: 'retry', delayMs: 4000 }],
    [1006, 6, true, { action: 'fail' }],
    [1006, 0, true, { action: 'retry', delayMs: 250 }],
    [4503, 1, false, { action: 'retry', delayMs: 250 }],
    [4404, 1, true, { action: 'not-live' }],
    [4401, 1, true, { action: 'fail' }],
  ];
  for (const [closeCode, failures, everConnected, expected] of table) {
    t.match(afterSocketClose({ closeCode, failures, everConnected }), expected, `${closeCode}, ${failures}, ${everConnected}`);
  }
});
