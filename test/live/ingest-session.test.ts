import t from 'tap';
import type { IngestConnection } from '../../src/live/ingest-connection.js';
import { LiveError } from '../../src/live/errors.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import { eventsOf, fixture, fixtureNames, seeded } from '../source/fixture.js';
import { turns } from './fake-studio.js';

interface Received {
  readonly headers: (string | undefined)[];
  readonly recordings: Buffer[];
  readonly failure: Error | undefined;
}

function connected(session: IngestSession): IngestConnection {
  return session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
}

/** Reads every recording of a session to its end, as the live stream does. */
async function receive(session: IngestSession): Promise<Received> {
  const headers: (string | undefined)[] = [];
  const recordings: Buffer[] = [];
  try {
    for await (const recording of session.recordings()) {
      headers.push((await recording.header)?.container);
      const chunks: Uint8Array[] = [];
      for await (const chunk of recording.read()) chunks.push(Buffer.from(chunk));
      recordings.push(Buffer.concat(chunks));
    }
  } catch (error) {
    return { headers, recordings, failure: error as Error };
  }
  return { headers, recordings, failure: undefined };
}

async function sendAll(connection: IngestConnection, bytes: Buffer, nextLength: () => number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.max(1, nextLength());
    await connection.write(bytes.subarray(at, at + length));
    at += length;
  }
  connection.end();
}

/** Where recordings begin in these bytes. */
function beginnings(bytes: Buffer): number[] {
  return eventsOf(bytes).flatMap((event) => (event.type === 'recording' ? [event.offset] : []));
}

for (const name of fixtureNames) {
  t.test(`${name}, sliced at random, reaches its readers whole, each recording with its own header's first byte`, async (t) => {
    const bytes = fixture(name);
    const starts = beginnings(bytes);
    for (let seed = 1; seed <= 6; seed++) {
      const random = seeded(seed);
      const session = new IngestSession({ resumeWindowSeconds: 1 });
      const received = receive(session);
      const largest = [1, 40, 4000, 200_000][seed % 4] ?? 1;
      // Tiny slices only about the headers: the rest would take long and prove nothing.
      let sent = 0;
      const nextLength = (): number => {
        const next = starts.find((start) => sent < start + 1500) ?? bytes.length;
        const length = largest <= 40 && sent < next - 100 ? next - 100 - sent : Math.ceil(random() * largest);
        sent += length;
        return length;
      };
      await sendAll(connected(session), bytes, nextLength);
      const { recordings, failure } = await received;
      t.equal(failure, undefined);
      t.equal(recordings.length, starts.length);
      for (const [index, start] of starts.entries()) {
        const whole = bytes.subarray(start, starts[index + 1]);
        const got = recordings[index] ?? Buffer.alloc(0);
        t.ok(got.subarray(0, whole.length).equals(whole), `seed ${seed}, recording ${index}: ${got.length} of ${whole.length} bytes`);
        t.ok(got.length - whole.length <= 8, 'at most the first bytes of the next header follow');
      }
    }
  });
}

t.test('a header that is split at any byte still begins a recording with all its bytes', async (t) => {
  const first = fixture('chromium-vp8.webm').subarray(0, 3000);
  const second = fixture('chromium-h264.mp4').subarray(0, 3000);
  for (const [before, after] of [[first, first], [first, second]] as const) {
    for (let cut = 0; cut <= 40; cut++) {
      const session = new IngestSession({ resumeWindowSeconds: 1 });
      const received = receive(session);
      const connection = connected(session);
      await connection.write(before);
      connection.beginRecording();
      await connection.write(after.subarray(0, cut));
      await connection.write(after.subarray(cut));
      connection.end();
      const { recordings, failure } = await received;
      t.equal(failure, undefined);
      if (recordings.length !== 2 || !recordings[0]?.equals(before) || !recordings[1]?.equals(after)) t.fail(`cut at ${cut}`);
    }
  }
});

t.test('a message that begins with a container header begins a recording without being announced', async (t) => {
  const webm = fixture('chromium-vp8.webm').subarray(0, 5000);
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const received = receive(session);
  const connection = connected(session);
  await connection.write(webm);
  await connection.write(webm);
  connection.end();
  const { recordings, headers } = await received;
  t.strictSame(headers, ['webm', 'webm']);
  t.ok(recordings.every((recording) => recording.equals(webm)));
});

t.test('a recording that ends inside its header has none, and the next one is not held up', async (t) => {
  const webm = fixture('chromium-vp8.webm');
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const received = receive(session);
  const connection = connected(session);
  await connection.write(webm.subarray(0, 20));
  await connection.write(webm.subarray(0, 9000));
  connection.end();
  t.strictSame((await received).headers, [undefined, 'webm']);
});

t.test('writes wait for a reader that does not read, and memory stays bounded while they do', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  const webm = fixture('chromium-vp8.webm').subarray(0, 9000);
  await connection.write(webm);
  let taken = 0;
  for (let index = 0; index < 30; index++) void connection.write(Buffer.alloc(1_000_000)).then(() => taken++);
  await turns(10);
  t.ok(taken <= 8, `${taken} MB were taken before anybody read`);
  session.end();
  await receive(session);
  await turns(2);
  t.equal(taken, 30, 'and nobody waits for ever');
});

t.test('a publisher without a token may go on once its connection is lost or silent; nobody else may', async (t) => {
  let nowMs = 0;
  const session = new IngestSession({ resumeWindowSeconds: 60, heir: 'key-1', now: () => nowMs });
  const connection = connected(session);
  const whoMay = (): string[] => ['key-1', 'key-2', ''].filter((heir) => session.isLeftTo(heir));
  t.strictSame(whoMay(), []);
  nowMs = 4000;
  await connection.write(fixture('chromium-vp8.webm').subarray(0, 100));
  nowMs = 8999;
  t.strictSame(whoMay(), []);
  nowMs = 9000;
  t.strictSame(whoMay(), ['key-1'], 'silent for 5 s');
  await connection.write(fixture('chromium-vp8.webm').subarray(100, 200));
  t.strictSame(whoMay(), [], 'it lives after all');
  connection.drop();
  t.strictSame(whoMay(), ['key-1'], 'lost');
  session.end();
  t.strictSame(whoMay(), []);
  const withToken = new IngestSession({ resumeWindowSeconds: 60, now: () => 1e6 });
  t.notOk(withToken.isLeftTo('key-1'), 'one that has a token needs it');
});

t.test('when a broadcast fails, writers of recordings that wait for their turn are let go', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 30 });
  const connection = session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
  const recordings = session.recordings();
  await connection.write(fixture('chromium-vp8.webm'));
  await recordings.next();
  await connection.write(fixture('chromium-vp9.webm').subarray(0, 20_000));
  const held = [connection.write(Buffer.alloc(9_000_000)), connection.write(Buffer.alloc(1000))];
  t.equal(await Promise.race([...held, turns(20).then(() => 'held')]), 'held');
  session.fail(new LiveError('unsupported-media', 'of no use'));
  await Promise.all(held);
  await t.rejects(recordings.next(), { message: 'of no use' });
});

t.test('what goes wrong with the bytes ends the broadcast with its cause, and not whoever brought them', async (t) => {
  const session = new IngestSession({
    resumeWindowSeconds: 30,
    onReceived: () => {
      throw new Error('a fault of ours');
    },
  });
  const connection = session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
  await connection.write(Buffer.alloc(10));
  await t.rejects(session.recordings().next(), { code: 'internal', cause: { message: 'a fault of ours' } });
});

t.test('a publisher that has not come yet is not lost', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 30 });
  t.notOk(session.waiting);
  const connection = session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
  connection.drop();
  t.ok(session.waiting);
  session.end();
  t.notOk(session.waiting);
});
