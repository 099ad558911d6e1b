import t from 'tap';
import { HeldRequests } from '../../src/hls/held-requests.js';

const stays = () => () => undefined;

t.test('what is there already is not held, and needs neither clock nor client', async (t) => {
  const held = new HeldRequests(() => t.fail('no timer is started') as never);
  t.equal(await held.hold(() => true, 1000, () => t.fail('the client is not watched') as never), true);
  t.equal(held.count, 0);
});

t.test('of those that are held, a recheck answers the ones whose wait is over, and calls clock and client off', async (t) => {
  let [edge, calledOff] = [0, 0];
  const off = (): number => (calledOff += 1);
  const held = new HeldRequests(() => off);
  const answers = [1, 2, 2, 3].map((wanted) => held.hold(() => edge >= wanted, 1000, () => off));
  edge = 2;
  held.recheck();
  t.strictSame(await Promise.all(answers.slice(0, 3)), [true, true, true]);
  t.strictSame([held.count, calledOff], [1, 6]);
});

t.test('whoever waited long enough, or has gone, also while the request came in, is held no longer', async (t) => {
  const giveUps: (() => void)[] = [];
  const held = new HeldRequests((timeOut) => {
    giveUps.push(timeOut);
    return () => undefined;
  });
  const late = held.hold(() => false, 1000, stays);
  giveUps[0]?.();
  t.equal(await late, false);
  t.equal(
    await held.hold(
      () => false,
      1000,
      (giveUp) => {
        giveUp();
        return () => undefined;
      },
    ),
    false,
  );
  t.equal(held.count, 0);
});
