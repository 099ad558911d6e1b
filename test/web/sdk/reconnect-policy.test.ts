import t from 'tap';
import { ReconnectPolicy } from '../../../src/web/sdk/reconnect-policy.js';

t.test('each pause may be twice the one before, up to a cap', async (t) => {
  const policy = new ReconnectPolicy({ firstDelayMs: 100, maxDelayMs: 1000, random: () => 1 });
  t.same([0, 1, 2, 3, 4, 50].map((attempt) => policy.delayMs(attempt, 0)), [100, 200, 400, 800, 1000, 1000]);
});

t.test('jitter spreads a pause between half of it and all of it', async (t) => {
  const pause = (random: number): number | undefined => new ReconnectPolicy({ firstDelayMs: 100, random: () => random }).delayMs(0, 0);
  t.equal(pause(0), 50);
  t.equal(pause(0.5), 75);
  t.equal(pause(0.999), 99.95);
});

t.test('it gives up when the connection has been away for too long', async (t) => {
  const policy = new ReconnectPolicy({ giveUpAfterMs: 5000 });
  t.type(policy.delayMs(3, 4999), 'number');
  t.equal(policy.delayMs(3, 5000), undefined);
});
