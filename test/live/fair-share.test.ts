import t from 'tap';
import { matroska } from '../../scripts/fuzz/crafted-media.js';
import { FairShare, piecesOf } from '../../src/live/fair-share.js';
import { InTurns } from '../../src/live/in-turns.js';
import { Take } from '../../src/live/take.js';
import { SourceReader } from '../../src/source/source-reader.js';

/** How much was done between two turns of the event loop, at most; others have one whenever it turns. */
function countTurns(t: { teardown: (undo: () => unknown) => void }): { did: () => void; most: () => number } {
  let [sinceTurn, most] = [0, 0];
  const turn = (): void => {
    sinceTurn = 0;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  t.teardown(() => clearImmediate(next));
  return { did: () => (most = Math.max(most, ++sinceTurn)), most: () => most };
}

t.test('work that is quick goes on at once; work that is not lets everybody else in, however many messages it came in', async (t) => {
  for (const [pieceMs, expected] of [[0, 400], [1, 2], [5, 1]] as const) {
    let now = 0;
    const turns = new InTurns(() => now);
    const { did, most } = countTurns(t);
    const read: number[] = [];
    const write = async (piece: number): Promise<void> => {
      now += pieceMs;
      read.push(piece);
      did();
    };
    const messages = Array.from({ length: 200 }, (_, index) => [index * 2, index * 2 + 1]);
    // As a socket hands them over: each as soon as the one before was passed on, or all at once.
    for (const message of messages.slice(0, 100)) await turns.work(message, write, () => true);
    await Promise.all(messages.slice(100).map((message) => turns.work(message, write, () => true)));
    t.strictSame(read, messages.flat(), 'in their order');
    // A message that waits begins in a turn that may have begun already.
    t.ok(most() <= expected + 1, `${most()} pieces of ${pieceMs} ms in a turn`);
    if (pieceMs === 0) t.ok(most() > 50, 'quick ones do not wait');
  }
});

t.test('what takes no time at all is never kept waiting', async (t) => {
  let now = 0;
  const share = new FairShare(() => now);
  for (let count = 0; count < 1000; count++) share.spend(() => undefined);
  t.equal(share.isSpent, false);
  t.throws(() => share.spend(() => {
    now += 3;
    throw new Error('broken');
  }), 'broken');
  t.equal(share.isSpent, true, 'a failure takes time too');
  await share.rest();
  t.equal(share.isSpent, false);
});

t.test('who comes now and then is never told to rest, however much it is in the end', async (t) => {
  let now = 0;
  const share = new FairShare(() => now);
  for (let message = 0; message < 100; message++) {
    now += 60;
    for (let piece = 0; piece < 4; piece++) {
      t.equal(share.isSpent, false);
      share.spend(() => (now += 0.5));
    }
  }
});

t.test('a message is worked off in pieces that hold little, whatever it holds', async (t) => {
  const bytes = Buffer.alloc(100_000, 7);
  t.strictSame(Buffer.concat([...piecesOf(bytes)]), bytes);
  t.ok([...piecesOf(bytes)].every(({ length }) => length <= 16_384));
  t.equal([...piecesOf(Buffer.alloc(0))].length, 1, 'nothing is a piece as well');
});

t.test('ffmpeg is given frames of next to nothing by the thousand at most, and all of them', async (t) => {
  const blocks = matroska(400_000).find(([idea]) => idea === 'blocks of six bytes')?.[1] ?? Buffer.alloc(0);
  const frames = new SourceReader().push(blocks).flatMap((event) => (event.type === 'frame' ? [{ ...event, bytes: Buffer.alloc(1) }] : []));
  t.ok(frames.length > 50_000, `${frames.length} frames`);
  const take = new Take({ startedAtMs: 0, header: { container: 'webm', tracks: [{ id: 1, kind: 'audio', codec: 'opus' }] } });
  void take.write(frames);
  take.end();
  const written = new SourceReader();
  let [read, most] = [0, 0];
  for await (const bytes of take.read()) {
    const count = written.push(bytes).filter(({ type }) => type === 'frame').length;
    read += count;
    most = Math.max(most, count);
  }
  t.equal(read, frames.length);
  t.ok(most <= 5000, `${most} frames in one piece`);
});
