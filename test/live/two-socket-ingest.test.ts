import t from 'tap';
import type { IngestConnection } from '../../src/live/ingest-connection.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import { TwoSocketIngest, type IngestPart } from '../../src/live/two-socket-ingest.js';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { described, eventsOf, fixture, readBack, takesOf } from '../source/fixture.js';
import { until } from './fake-studio.js';

const whole = fixture('chromium-restart-vp8.webm');
const borders = eventsOf(whole).flatMap((event) => (event.type === 'recording' ? [event.offset] : []));
const recordings = borders.map((start, index) => whole.subarray(start, borders[index + 1]));
const framesOf = (bytes: Uint8Array): string[] => takesOf(bytes).takes.flatMap(({ frames }) => described(frames));
const wholeFrames = recordings.map(framesOf);

function bench() {
  const session = new IngestSession({ resumeWindowSeconds: 30 });
  const parts = new TwoSocketIngest(session);
  /** The frames of each take, as ffmpeg is given them. */
  const read: string[][] = [];
  const reading = (async () => {
    for await (const take of session.takes()) {
      const frames: string[] = [];
      read.push(frames);
      const written: Uint8Array[] = [];
      for await (const bytes of take.read()) {
        written.push(bytes);
        frames.splice(0, Infinity, ...readBack(Buffer.concat(written)));
      }
    }
  })();
  const connect = (part: IngestPart) => {
    const messages: IngestMessage[] = [];
    const seen = { messages, replaced: false };
    const connection: IngestConnection = parts.entry(part).connect({ onMessage: (message) => messages.push(message), onReplaced: () => (seen.replaced = true) });
    return { connection, seen };
  };
  return { session, connect, read, reading };
}

/** As the two-socket page sends: the first blob on one, what follows on the other. */
async function send(blob: IngestConnection, chunk: IngestConnection, bytes: Buffer, blobBytes = 5_000): Promise<void> {
  await blob.write(bytes.subarray(0, blobBytes));
  for (let at = blobBytes; at < bytes.length; at += 7_000) await chunk.write(bytes.subarray(at, at + 7_000));
}

t.test('first blobs and the chunks that follow them are joined to recordings, whichever socket comes first', async (t) => {
  for (const order of [['blob', 'chunk'], ['chunk', 'blob']] as const) {
    const { session, connect, read, reading } = bench();
    const sockets = Object.fromEntries(order.map((part) => [part, connect(part).connection]));
    for (const recording of recordings) await send(sockets.blob!, sockets.chunk!, recording);
    sockets.blob!.end();
    await reading;
    t.strictSame(read, wholeFrames);
    t.equal(session.received, whole.length);
  }
});

t.test('the end of one socket does not cut off what is still on its way by the other', async (t) => {
  const { connect, read, reading } = bench();
  const [blob, chunk] = [connect('blob').connection, connect('chunk').connection];
  const [recording] = recordings;
  await blob.write(recording!.subarray(0, 5_000));
  await chunk.write(recording!.subarray(5_000, 20_000));
  blob.end();
  await chunk.write(recording!.subarray(20_000));
  chunk.end();
  await reading;
  t.strictSame(read, [framesOf(recording!)]);
});

t.test('a first blob may be a single byte, and chunks before the first blob are left out', async (t) => {
  const { connect, read, reading } = bench();
  const [blob, chunk] = [connect('blob').connection, connect('chunk').connection];
  await chunk.write(Buffer.from('the end of a recording whose beginning nobody has'));
  for (const recording of recordings) await send(blob, chunk, recording, 1);
  chunk.end();
  await reading;
  t.strictSame(read, wholeFrames);
});

t.test('where the chunks have the first blob too, it is taken once', async (t) => {
  for (const blobBytes of [1, 5_000]) {
    const { connect, read, reading } = bench();
    const [blob, chunk] = [connect('blob').connection, connect('chunk').connection];
    for (const recording of recordings) {
      await blob.write(recording.subarray(0, blobBytes));
      await chunk.write(recording.subarray(0, blobBytes));
      await chunk.write(recording.subarray(blobBytes));
    }
    blob.end();
    await reading;
    t.strictSame(read, wholeFrames);
  }
});

t.test('blobs without chunks are recordings, also the last one', async (t) => {
  const { connect, read, reading } = bench();
  const { connection } = connect('blob');
  for (const recording of recordings) await connection.write(recording);
  connection.end();
  await reading;
  t.strictSame(read, wholeFrames);
});

t.test('a later socket of the same part takes over, the other part stays; a new chunk socket waits for the next blob', async (t) => {
  const { session, connect, read, reading } = bench();
  const [first, second] = recordings as [Buffer, Buffer];
  const [blob, chunk] = [connect('blob'), connect('chunk')];
  await send(blob.connection, chunk.connection, first);
  const [blobAgain, chunkAgain] = [connect('blob'), connect('chunk')];
  t.ok(blob.seen.replaced && chunk.seen.replaced);
  await chunk.connection.write(first);
  chunk.connection.end();
  blob.connection.drop();
  await chunkAgain.connection.write(first.subarray(9_000));
  t.notOk(session.waiting, 'what the old ones say is of no account');
  await send(blobAgain.connection, chunkAgain.connection, second);
  session.send({ type: 'live' });
  for (const { seen } of [blobAgain, chunkAgain]) t.strictSame(seen.messages, [{ type: 'live' }], 'both are told');
  blobAgain.connection.end();
  await reading;
  t.strictSame(read, [framesOf(first), framesOf(second)]);
});

t.test('the broadcast waits when both are gone, and either takes it up', async (t) => {
  const { session, connect, read, reading } = bench();
  const [blob, chunk] = [connect('blob').connection, connect('chunk').connection];
  await blob.write(recordings[0]!.subarray(0, 5_000));
  blob.drop();
  t.notOk(session.waiting);
  chunk.drop();
  t.ok(session.waiting);
  await until(() => (read[0]?.length ?? 0) > 0);
  const { connection } = connect('chunk');
  t.notOk(session.waiting);
  connection.end();
  await reading;
});
