import t from 'tap';
import { UplinkHistory, type UplinkSecond } from '../../../src/web/sdk/publishing/uplink-history.js';

const fine: UplinkSecond = {
  atMs: 0,
  connected: true,
  upstreamBitsPerSecond: 2.6e6,
  videoBitsPerSecond: 2.5e6,
  wantedBitsPerSecond: 2.5e6,
  framesPerSecond: 30,
  wantedFramesPerSecond: 30,
  backlogMs: 600,
  droppedMs: 0,
};

function verdictAfter(...seconds: readonly Partial<UplinkSecond>[]): string {
  const history = new UplinkHistory();
  for (const second of [fine, fine, fine, fine, fine, ...seconds]) history.add({ ...fine, ...second });
  return history.verdict;
}

t.test('each trouble has its own verdict, the worst first', async (t) => {
  t.equal(new UplinkHistory().verdict, 'starting');
  t.equal(verdictAfter(), 'good');
  t.equal(verdictAfter({ videoBitsPerSecond: 1e6 }), 'reduced');
  t.equal(verdictAfter({ backlogMs: 3_000, videoBitsPerSecond: 1e6 }), 'slow');
  t.equal(verdictAfter({ droppedMs: 60_000 }, fine), 'dropping', 'also when it is over');
  t.equal(verdictAfter({ droppedMs: 60_000 }, ...Array.from({ length: 60 }, () => fine)), 'good', 'but not for ever');
  t.equal(verdictAfter({ connected: false, droppedMs: 5 }), 'offline');
  const few = Array.from({ length: 5 }, () => ({ framesPerSecond: 12 }));
  t.equal(verdictAfter(...few), 'few-pictures');
  t.equal(verdictAfter({ framesPerSecond: 12 }), 'good', 'one bad second is none');
  t.equal(verdictAfter(...few.map(() => ({ framesPerSecond: undefined }))), 'good', 'what is not known is not held against it');
});

t.test('five minutes are kept, and no more', async (t) => {
  const history = new UplinkHistory();
  for (let second = 0; second < 400; second += 1) history.add({ ...fine, atMs: second * 1000 });
  t.equal(history.seconds.length, 300);
  t.equal(history.seconds[0]?.atMs, 100_000);
});
