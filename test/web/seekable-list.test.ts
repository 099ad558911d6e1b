import t from 'tap';
import { endSecondsOf, positionAt, secondsAt, startSecondsOf } from '../../src/web/sdk/playback/seekable-list.js';

const at = (start: number, duration: number, dateSeconds: number | null) => ({ start, duration, programDateTime: dateSeconds === null ? null : dateSeconds * 1000 });

t.test('in a recording places count from its beginning, wherever its times begin', async (t) => {
  const list = { fragments: [at(12, 2, 1000), at(14, 2, 1002), at(16, 2, 1004)] };
  t.equal(startSecondsOf(list, false), 0);
  t.equal(endSecondsOf(list, false), 6);
  t.equal(secondsAt(list, 15.5, false), 3.5);
  t.equal(positionAt(list, 3.5, false), 15.5);
  t.equal(positionAt(list, 99, false), 17, 'a second before its end: so there is something to see');
  t.equal(positionAt(list, -5, false), 12);
});

t.test('live they are dates; one that nothing was captured at is that of the next thing that was', async (t) => {
  // The source paused for a minute after the second segment.
  const list = { fragments: [at(0, 2, 1000), at(2, 2, 1002), at(4, 2, 1064)] };
  t.equal(startSecondsOf(list, true), 1000);
  t.equal(endSecondsOf(list, true), 1066);
  for (const date of [1000, 1001.5, 1003.9, 1064, 1064.5]) t.equal(secondsAt(list, positionAt(list, date, true), true), date, String(date));
  t.equal(positionAt(list, 1030, true), 4);
  t.equal(positionAt(list, 900, true), 0);
  t.equal(positionAt(list, 2000, true), 5);
});

t.test('an empty list has a place for nobody, and breaks nothing', async (t) => {
  const list = { fragments: [] };
  t.strictSame([startSecondsOf(list, true), endSecondsOf(list, true), secondsAt(list, 3, true), positionAt(list, 3, true)], [0, 0, 0, 0]);
});
