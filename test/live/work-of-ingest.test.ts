import t from 'tap';
import { costOf } from '../../scripts/fuzz/cost.js';
import { flvTags, matroska } from '../../scripts/fuzz/crafted-media.js';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import { SlidingList } from '../../src/live/sliding-list.js';

const listener = { onMessage: (_message: IngestMessage): void => undefined, onReplaced: (): void => undefined };

function ingest(bytes: Buffer): IngestSession {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  void session.connect(listener).write(bytes);
  session.end();
  return session;
}

t.test('a header in many messages costs no more than in one', async (t) => {
  const configurations = flvTags(900_000).find(([idea]) => idea === 'configurations alone')?.[1] ?? Buffer.alloc(0);
  const feed = (sliceBytes: number): void => {
    const session = new IngestSession({ resumeWindowSeconds: 1 });
    const connection = session.connect(listener);
    for (let at = 0; at < configurations.length; at += sliceBytes) void connection.write(configurations.subarray(at, at + sliceBytes));
    session.end();
  };
  const [whole, sliced] = [configurations.length, 1000].map((sliceBytes) => costOf(configurations, () => feed(sliceBytes), { rounds: 6 }));
  t.ok((sliced?.copies ?? Infinity) < 2 * (whole?.copies ?? 0) + 50, `${sliced?.copies.toFixed(1)} copies in slices, ${whole?.copies.toFixed(1)} in one`);
});

t.test('more recordings in one message than anybody makes are refused in words, and as many as are allowed are played', async (t) => {
  const one = matroska(1).find(([idea]) => idea === 'recordings of a track and a block')?.[1] ?? Buffer.alloc(0);
  const count = async (recordings: number): Promise<number> => {
    let seen = 0;
    const message = Buffer.concat(Array<Buffer>(recordings).fill(one));
    for await (const _recording of ingest(message).recordings()) seen++;
    return seen;
  };
  t.equal(await count(64), 64);
  await t.rejects(count(65), { code: 'unsupported-media', message: 'expected at most 64 recordings in one message, got more' });
});

t.test('a list is let go of from its beginning at a cost that does not grow with it', async (t) => {
  const fill = (length: number): SlidingList<number> => {
    const list = new SlidingList<number>();
    for (let index = 0; index < length; index++) list.push(index);
    return list;
  };
  const slideMs = (length: number): number => {
    const list = fill(length);
    const startedAt = performance.now();
    for (let index = 0; index < 20_000; index++) {
      list.push(index);
      list.drop(1);
    }
    return performance.now() - startedAt;
  };
  const shortest = (length: number): number => Math.min(...[1, 2, 3].map(() => slideMs(length)));
  t.ok(shortest(400_000) < 20 * shortest(400) + 20);
  const list = fill(1000);
  list.drop(300);
  t.equal(list.length, 700);
  t.equal(list.at(0), 300);
  t.equal(list.countWhile((each) => each < 500), 200);
  t.equal(list.find((each) => each > 400), 401);
  t.equal(list.findLast((each) => each < 999), 998);
  list.drop(5000);
  t.strictSame([...list], []);
});
