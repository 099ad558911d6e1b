import t from 'tap';
import { Take } from '../../src/live/take.js';
import { TakeQueue } from '../../src/live/take-queue.js';

/** A take of so many pictures, twenty a second. @param sourceClock of another recording, unless told otherwise */
function takeOf(pictures: number, sourceClock: object = {}): Take {
  const take = new Take({ startedAtMs: 0, header: { container: 'matroska', tracks: [{ id: 1, kind: 'video', codec: 'h264' }] }, sourceClock });
  for (let index = 0; index < pictures; index++) {
    const timeSeconds = index / 20;
    void take.write([{ track: 1, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: index === 0, bytes: Buffer.from('picture') }]);
  }
  return take;
}

/** Which of these are given, by their place, after all but the last are over. */
async function given(takes: readonly Take[]): Promise<number[]> {
  const queue = new TakeQueue();
  for (const take of takes) queue.push(take);
  for (const take of takes.slice(0, -1)) take.end();
  queue.end();
  const places: number[] = [];
  for (let next = await queue.next(); next; next = await queue.next()) places.push(takes.indexOf(next));
  return places;
}

t.test('a picture or two that a recorder gave before the next recording began are not worth an ffmpeg of their own, before whose end nothing else is seen', async (t) => {
  t.strictSame(await given([takeOf(40), takeOf(2), takeOf(40)]), [0, 2]);
  t.strictSame(await given([takeOf(1), takeOf(3), takeOf(1)]), [2], 'the last one is seen, however short');
});

t.test('what lasts, what goes on by the same clock, and what may still go on is played', async (t) => {
  t.strictSame(await given([takeOf(10), takeOf(40)]), [0, 1]);
  const clock = {};
  t.strictSame(await given([takeOf(2, clock), takeOf(40, clock)]), [0, 1], 'a hole in time would be left of it');
  const queue = new TakeQueue();
  const open = takeOf(2);
  queue.push(open);
  queue.push(takeOf(40));
  t.equal(await queue.next(), open);
});

t.test('who writes to what is left out is let go', async (t) => {
  const queue = new TakeQueue();
  const remnant = takeOf(0);
  const written = remnant.write([{ track: 1, kind: 'video', timeSeconds: 0, decodeSeconds: 0, keyframe: true, bytes: Buffer.alloc(16 * 1024 * 1024) }]);
  remnant.end();
  for (const take of [remnant, takeOf(1)]) queue.push(take);
  await queue.next();
  await t.resolves(written);
});
