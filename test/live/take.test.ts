import t from 'tap';
import { Take } from '../../src/live/take.js';
import type { ShapedFrame } from '../../src/source/track-shaper.js';
import { described, readBack } from '../source/fixture.js';
import { turns } from './fake-studio.js';

const header = { container: 'webm', tracks: [{ id: 7, kind: 'video', codec: 'vp8', width: 64, height: 48 }] } as const;

function picture(index: number, { keyframe = index % 5 === 0, bytes = Buffer.from(`picture ${index}`) } = {}): ShapedFrame {
  return { track: 7, kind: 'video', timeSeconds: index / 10, decodeSeconds: index / 10, keyframe, bytes };
}

const pictures = (from: number, to: number): ShapedFrame[] => Array.from({ length: to - from }, (_, index) => picture(from + index));

/** What a reader gets, and whether it came to an end. */
async function readAll(take: Take, options: Parameters<Take['read']>[0] = {}): Promise<string[]> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of take.read(options)) pieces.push(bytes);
  return readBack(Buffer.concat(pieces));
}

t.test('frames come out in order behind one header, and each write resolves when the reader comes back for more', async (t) => {
  const take = new Take({ startedAtMs: 0, header, maxHeldBytes: 0 });
  const taken: number[] = [];
  for (const index of [0, 1]) void take.write([picture(index)]).then(() => taken.push(index));
  const reader = take.read();
  const first = await reader.next();
  t.same(readBack(first.value as Uint8Array), described(pictures(0, 2)));
  await turns();
  t.same(taken, []);
  void take.write([picture(2)]).then(() => taken.push(2));
  const second = (await reader.next()).value as Uint8Array;
  t.notOk(Buffer.from(second).includes('matroska'), 'the header comes once');
  await turns();
  t.same(taken, [0, 1]);
  take.end();
  t.ok((await reader.next()).done);
  t.same(taken, [0, 1, 2]);
});

t.test('before a reader came, frames are held without waiting up to a bound', async (t) => {
  const take = new Take({ startedAtMs: 0, header, maxHeldBytes: 10 });
  let taken = 0;
  for (let index = 0; index < 5; index++) void take.write([picture(index, { bytes: Buffer.alloc(4) })]).then(() => taken++);
  await turns();
  t.equal(taken, 2);
});

t.test('closing lets every writer go, and what is written later is dropped', async () => {
  const take = new Take({ startedAtMs: 0, header, maxHeldBytes: 0 });
  const writes = [0, 1, 2].map((index) => take.write([picture(index)]));
  for await (const _bytes of take.read()) break;
  take.close();
  await Promise.all(writes);
  await take.write([picture(4)]);
});

t.test('a reader may stop before a point that can be entered, and the next begins there', async (t) => {
  const take = new Take({ startedAtMs: 0, header });
  void take.write(pictures(0, 12));
  take.end();
  t.same(await readAll(take, { from: 0, untilPointFrom: 1 }), described(pictures(0, 5)));
  t.match(take.pointFrom(1), { sequence: 5, timeSeconds: 0.5 });
  t.same(await readAll(take, { from: 5 }), described(pictures(5, 12)));
});

t.test('what viewers lack is read again from the point at or before it, and what they have is let go of', async (t) => {
  const take = new Take({ startedAtMs: 0, header });
  void take.write(pictures(0, 18));
  take.end();
  t.equal((await readAll(take)).length, 18);
  take.delivered(1.2);
  const resumption = take.resumption(1.2);
  t.match(resumption, { sequence: 10, insideGroup: true });
  t.equal(resumption?.startSeconds?.toFixed(3), '1.300');
  t.same(await readAll(take, { from: resumption!.sequence }), described(pictures(10, 18)));
  t.equal(take.resumption(undefined), undefined, 'older frames are gone');
});

t.test('where nothing has come after what viewers have, that is not shown again, and what comes then is', async (t) => {
  const take = new Take({ startedAtMs: 0, header, maxHeldBytes: 1e6 });
  await take.write(pictures(0, 3));
  const start = take.resumption(0.2)?.startSeconds ?? NaN;
  /** As an encoder is asked for what is shown from a time on. */
  const isShown = (timeSeconds: number): boolean => timeSeconds - start >= -0.002;
  t.strictSame([0.2, 0.205].map(isShown), [false, true]);
  take.close();
});

t.test('what may be read again is bounded in bytes and in frames', async (t) => {
  const take = new Take({ startedAtMs: 0, header, maxReplayBytes: 1000 });
  void take.write([picture(0), ...Array.from({ length: 50 }, (_, index) => picture(index + 1, { keyframe: false, bytes: Buffer.alloc(100) }))]);
  take.end();
  await readAll(take);
  t.equal(take.resumption(undefined), undefined);
  t.equal((await readAll(take, { from: 0 })).length, 10);
});
