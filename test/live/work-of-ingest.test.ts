import t from 'tap';
import { costOf } from '../../scripts/fuzz/cost.js';
import { flvTags, matroska } from '../../scripts/fuzz/crafted-media.js';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import type { SourceEvent } from '../../src/source/source-events.js';
import { eventsOf } from '../source/fixture.js';
import { SlidingList } from '../../src/live/sliding-list.js';

const listener = { onMessage: (_message: IngestMessage): void => undefined, onReplaced: (): void => undefined };

function ingest(bytes: Buffer): IngestSession {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  void session.connect(listener).write(bytes);
  session.end();
  return session;
}

t.test('a header in many messages costs each of them the same, however long it has become', async (t) => {
  const configurations = flvTags(800_000).find(([idea]) => idea === 'configurations alone')?.[1] ?? Buffer.alloc(0);
  const costOfHeader = (bytes: number): number => {
    const header = configurations.subarray(0, bytes);
    const feed = (): void => {
      const session = new IngestSession({ resumeWindowSeconds: 1 });
      const connection = session.connect(listener);
      for (let at = 0; at < header.length; at += 1000) void connection.write(header.subarray(at, at + 1000));
      session.end();
    };
    return costOf(header, feed, { rounds: 5 }).copies;
  };
  const [short, long] = [costOfHeader(100_000), costOfHeader(800_000)];
  t.ok(long < 3 * short + 20, `${long.toFixed(1)} copies a byte of a long one, ${short.toFixed(1)} of a short one`);
});

t.test('more recordings in one message than anybody makes are refused in words, and as many as are allowed are played', async (t) => {
  const brief = matroska(1).find(([idea]) => idea === 'recordings of a track and a block')?.[1] ?? Buffer.alloc(0);
  // With a block 0.3 s later: of what is over at once, and followed by another recording, nothing is played.
  const one = Buffer.concat([brief, Buffer.from('a38581012c8000', 'hex')]);
  const count = async (recordings: number): Promise<number> => {
    let seen = 0;
    const message = Buffer.concat(Array<Buffer>(recordings).fill(one));
    for await (const _take of ingest(message).takes()) seen++;
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

const timesIn = (events: readonly SourceEvent[]): string => events.flatMap((event) => (event.type === 'frame' ? [`${event.kind} ${event.timeSeconds.toFixed(4)}`] : [])).join();

t.test('a long message of tiny frames lets others have a turn, and is read to its end in order', async (t) => {
  const blocks = matroska(2_000_000).find(([idea]) => idea === 'blocks of one byte, of picture and sound in turn')?.[1] ?? Buffer.alloc(0);
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = session.connect(listener);
  let turns = 0;
  const count = (): void => void (turns++, (counting = setImmediate(count)));
  let counting = setImmediate(count);
  t.teardown(() => clearImmediate(counting));
  const read = (async () => {
    const seen: Buffer[] = [];
    for await (const take of session.takes()) for await (const bytes of take.read()) seen.push(Buffer.from(bytes));
    return timesIn(eventsOf(Buffer.concat(seen)));
  })();
  const written = connection.write(blocks);
  connection.end(); // at once: what came before is read first
  await written;
  t.ok(turns >= 10, `${turns} turns of others while ${blocks.length} bytes were read`);
  const wanted = timesIn(eventsOf(blocks));
  t.ok(wanted.length > 1_000_000);
  t.ok((await read) === wanted, 'nothing is lost or moved');
});
