import t from 'tap';
import { ReconnectPolicy, viewerPolicy } from '../../../src/web/sdk/reconnect-policy.js';
import { seededRandom } from '../../helpers/seeded-random.js';

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

t.test('the server’s own wish is waited out first, and what follows is spread all the same', async (t) => {
  const pause = (random: number): number | undefined => new ReconnectPolicy({ firstDelayMs: 1000, spread: 1, random: () => random }).delayMs(0, 0, 10_000);
  t.equal(pause(0), 10_000);
  t.equal(pause(0.5), 10_500);
});

t.test('two thousand viewers of a restarted server come back spread over seconds, and soon', async (t) => {
  const viewers = 2_000;
  const random = seededRandom(7);
  for (const downMs of [500, 2_000, 5_000, 20_000]) {
    const policy = new ReconnectPolicy({ ...viewerPolicy, random });
    const arrivals = Array.from({ length: viewers }, () => {
      let atMs = 0;
      for (let attempt = 0; ; attempt += 1) {
        atMs += policy.delayMs(attempt, atMs) ?? Infinity;
        // One that comes too early is refused at once.
        if (atMs >= downMs) return atMs - downMs;
      }
    });
    const inWindow = (fromMs: number, lengthMs: number): number => arrivals.filter((atMs) => atMs >= fromMs && atMs < fromMs + lengthMs).length;
    const busiest = Math.max(...Array.from({ length: 200 }, (_, index) => inWindow(index * 50, 100)));
    t.ok(busiest <= viewers * 0.15, `down for ${downMs} ms: at most ${busiest} of ${viewers} within a tenth of a second`);
    t.equal(inWindow(0, viewerPolicy.maxDelayMs), viewers, `down for ${downMs} ms: all are back within ${viewerPolicy.maxDelayMs} ms`);
  }
});
