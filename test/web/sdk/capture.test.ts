import t from 'tap';
import { captureError } from '../../../src/web/sdk/publishing/capture-error.js';

t.test('every way a device can fail has a reason and says what to do', async (t) => {
  const cases = [
    ['NotAllowedError', 'permission-denied', /allow it for this page/],
    ['NotFoundError', 'no-device', /Plug one in/],
    ['OverconstrainedError', 'no-device', /choose another device/],
    ['NotReadableError', 'device-busy', /Close the other program/],
    ['UnknownError', 'capture-failed', /Try again/],
  ] as const;
  for (const [name, reason, advice] of cases) {
    const error = captureError(new DOMException('', name), 'camera');
    t.equal(error.reason, reason, name);
    t.match(error.message, /camera/);
    t.match(error.message, advice);
  }
});

t.test('a screen that was not shared is not told as a missing camera', async (t) => {
  t.match(captureError(new DOMException('', 'NotAllowedError'), 'screen').message, /screen was not shared/);
});
