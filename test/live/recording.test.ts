import t from 'tap';
import { Recording } from '../../src/live/recording.js';
import { turns } from './fake-studio.js';

t.test('bytes come out in order, and each write resolves when the reader comes back for more', async (t) => {
  const recording = new Recording({ startedAtMs: 0, maxHeldBytes: 0 });
  const taken: number[] = [];
  for (const value of [1, 2, 3]) void recording.write(Buffer.from([value])).then(() => taken.push(value));
  const reader = recording.read();
  t.strictSame((await reader.next()).value, Buffer.from([1]));
  await turns();
  t.strictSame(taken, []);
  t.strictSame((await reader.next()).value, Buffer.from([2]));
  await turns();
  t.strictSame(taken, [1]);
  recording.end();
  t.strictSame((await reader.next()).value, Buffer.from([3]));
  t.ok((await reader.next()).done);
  t.strictSame(taken, [1, 2, 3]);
});

t.test('before a reader came, writes are held without waiting up to a bound', async (t) => {
  const recording = new Recording({ startedAtMs: 0, maxHeldBytes: 10 });
  let taken = 0;
  for (let index = 0; index < 5; index++) void recording.write(Buffer.alloc(4)).then(() => taken++);
  await turns();
  t.equal(taken, 2);
});

t.test('closing lets every writer go, and what is written later is dropped', async (t) => {
  const recording = new Recording({ startedAtMs: 0, maxHeldBytes: 0 });
  const writes = [1, 2, 3].map((value) => recording.write(Buffer.from([value])));
  for await (const _bytes of recording.read()) break;
  recording.close();
  await Promise.all(writes);
  await recording.write(Buffer.from([4]));
  t.equal(await recording.header, undefined);
});
