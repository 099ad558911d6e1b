import t from 'tap';
import type { IngestConnection } from '../../src/live/ingest-connection.js';
import { LiveError } from '../../src/protocol/live-error.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import type { SourceEvent } from '../../src/source/source-events.js';
import { described, eventsOf, fixture, fixtureNames, readBack, seeded, takesOf } from '../source/fixture.js';
import { turns } from './fake-studio.js';

interface Received {
  readonly containers: string[];
  /** The frames of each take, as ffmpeg is given them. */
  readonly takes: string[][];
  readonly failure: Error | undefined;
}

function connected(session: IngestSession): IngestConnection {
  return session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
}

/** Reads every take of a session to its end, as the live stream does. */
async function receive(session: IngestSession): Promise<Received> {
  const containers: string[] = [];
  const takes: string[][] = [];
  try {
    for await (const take of session.takes()) {
      containers.push(take.header.container);
      const chunks: Uint8Array[] = [];
      for await (const chunk of take.read()) chunks.push(Buffer.from(chunk));
      takes.push(readBack(Buffer.concat(chunks)));
    }
  } catch (error) {
    return { containers, takes, failure: error as Error };
  }
  return { containers, takes, failure: undefined };
}

const framesOf = (bytes: Uint8Array): string[][] => takesOf(bytes).takes.map(({ frames }) => described(frames));

/** A picture that follows those at the beginning of a fixture. */
function picture(index: number, bytes: number): SourceEvent {
  const timeSeconds = 1 + index / 25;
  return { type: 'frame', offset: 0, track: 1, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: false, bytes: Buffer.alloc(bytes) };
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
  t.test(`${name}, sliced at random, reaches its readers whole, each recording a take of its own`, async (t) => {
    const bytes = fixture(name);
    const starts = beginnings(bytes);
    const whole = framesOf(bytes);
    t.equal(whole.length, starts.length);
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
      const { takes, failure } = await received;
      t.equal(failure, undefined);
      t.strictSame(takes, whole, `seed ${seed}`);
    }
  });
}

t.test('a header that is split at any byte still begins a recording with all its bytes', async (t) => {
  const first = fixture('chromium-vp8.webm').subarray(0, 3000);
  const second = fixture('chromium-h264.mkv').subarray(0, 3000);
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
      const { takes, failure } = await received;
      t.equal(failure, undefined);
      t.strictSame(takes, [...framesOf(before), ...framesOf(after)], `cut at ${cut}`);
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
  const { takes, containers } = await received;
  t.strictSame(containers, ['webm', 'webm']);
  t.strictSame(takes, [...framesOf(webm), ...framesOf(webm)]);
});

t.test('a recording that ends inside its header is none, and the next one is not held up', async (t) => {
  const webm = fixture('chromium-vp8.webm');
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const received = receive(session);
  const connection = connected(session);
  await connection.write(webm.subarray(0, 20));
  await connection.write(webm.subarray(0, 9000));
  connection.end();
  t.strictSame((await received).containers, ['webm']);
});

t.test('writes wait for a reader that does not read, and memory stays bounded while they do', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  await connection.write(fixture('chromium-vp8.webm').subarray(0, 9000));
  let taken = 0;
  for (let index = 0; index < 30; index++) void connection.writeEvents([picture(index, 1_000_000)], 1_000_000).then(() => taken++);
  await turns(10);
  t.ok(taken <= 8, `${taken} MB were taken before anybody read`);
  session.end();
  await receive(session);
  await turns(2);
  t.equal(taken, 30, 'and nobody waits for ever');
});

t.test('a publisher is silent for as long as it brought nothing, and could have', async (t) => {
  let nowMs = 0;
  const session = new IngestSession({ resumeWindowSeconds: 60, now: () => nowMs });
  const connection = connected(session);
  nowMs = 4000;
  t.equal(session.silentMs, 4000, 'from the beginning on');
  await connection.write(fixture('chromium-vp8.webm').subarray(0, 100));
  nowMs = 8999;
  t.equal(session.silentMs, 4999);
  const takes = session.takes();
  await connection.write(fixture('chromium-vp8.webm').subarray(100));
  await takes.next();
  // Nobody takes what is in the next recording: its writer waits.
  await connection.write(fixture('chromium-vp9.webm').subarray(0, 20_000));
  const held = [picture(0, 9_000_000), picture(1, 1000)].map((event) => connection.writeEvents([event], 1));
  nowMs = 60_000;
  t.equal(session.silentMs, 0, 'while it is not read');
  session.fail(new LiveError('unsupported-media', 'of no use'));
  await Promise.all(held);
  nowMs = 61_000;
  t.equal(session.silentMs, 1000);
});

t.test('when a broadcast fails, writers of takes that wait for their turn are let go', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 30 });
  const connection = session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
  const takes = session.takes();
  await connection.write(fixture('chromium-vp8.webm'));
  await takes.next();
  await connection.write(fixture('chromium-vp9.webm').subarray(0, 20_000));
  const held = [picture(0, 9_000_000), picture(1, 1000)].map((event) => connection.writeEvents([event], 1));
  t.equal(await Promise.race([...held, turns(20).then(() => 'held')]), 'held');
  session.fail(new LiveError('unsupported-media', 'of no use'));
  await Promise.all(held);
  await t.rejects(takes.next(), { message: 'of no use' });
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
  await t.rejects(session.takes().next(), { code: 'internal', cause: { message: 'a fault of ours' } });
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

t.test('what is passed over is told to the publisher and to whoever keeps the log', async (t) => {
  const noted: string[] = [];
  const told: unknown[] = [];
  const session = new IngestSession({ resumeWindowSeconds: 1, onNotice: (message) => noted.push(message) });
  const connection = session.connect({ onMessage: (message) => told.push(message), onReplaced: () => undefined });
  await connection.writeEvents([{ type: 'notice', code: 'passed-over', message: 'something new' }, { type: 'notice', code: 'passed-over', message: 'something new' }], 1);
  t.same(noted, ['something new'], 'once');
  t.same(told, [{ type: 'warning', code: 'passed-over', message: 'something new' }]);
  connection.end();
});
