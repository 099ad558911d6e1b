import t from 'tap';
import type { IngestConnection } from '../../src/live/ingest-connection.js';
import { IngestSession } from '../../src/live/ingest-session.js';
import { PictureIngest } from '../../src/live/picture-ingest.js';
import type { Take } from '../../src/live/take.js';
import type { SourceEvent } from '../../src/source/source-events.js';
import { jpegOf } from '../helpers/jpeg.js';
import { eventsOf, fixture } from '../source/fixture.js';
import { turns, until } from './fake-studio.js';

const jpeg = jpegOf(64, 48);

function connected(session: IngestSession): IngestConnection {
  return session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
}

/** Every recording's container and the times of its pictures, once the session is over. */
async function readAll(session: IngestSession): Promise<{ container: string | undefined; times: number[] }[]> {
  const all: Take[] = [];
  for await (const take of session.takes()) all.push(take);
  return Promise.all(
    all.map(async (take) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of take.read()) chunks.push(Buffer.from(chunk));
      const times = eventsOf(Buffer.concat(chunks)).flatMap((event) => (event.type === 'frame' && event.kind === 'video' ? [event.timeSeconds] : []));
      return { container: take.header.container, times };
    }),
  );
}

t.test('messages that are pictures are one recording at their pace, and count with their own bytes', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  await connection.write(jpeg, 500);
  await connection.writePicture(jpeg, 600);
  connection.drop();
  const next = connected(session);
  t.equal(session.received, 2 * jpeg.length);
  await next.write(jpeg, 750);
  next.end();
  t.same(await readAll(session), [{ container: 'jpeg', times: [0, 0.1, 0.25] }]);
});

t.test('another size begins a recording', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  for (const [index, width] of [64, 64, 32].entries()) await connection.write(jpegOf(width, 48), index * 100);
  connection.end();
  t.same(await readAll(session), [
    { container: 'jpeg', times: [0, 0.1] },
    { container: 'jpeg', times: [0] },
  ]);
});

t.test('pictures and other recordings may follow each other', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  const webm = fixture('chromium-vp8.webm').subarray(0, 20_000);
  await connection.write(jpeg, 0);
  await connection.write(webm);
  await connection.writePicture(jpeg, 100);
  connection.beginRecording();
  await connection.write(webm);
  connection.beginRecording();
  await connection.write(jpeg, 200);
  connection.end();
  t.same((await readAll(session)).map(({ container }) => container), ['jpeg', 'webm', 'jpeg', 'webm', 'jpeg']);
});

t.test('a size that changes with every picture makes the publisher wait, and fills no memory', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  let passedOn = 0;
  const sending = (async () => {
    for (let index = 0; index < 100; index++) {
      await connection.write(jpegOf(10 + (index % 2), 10), index * 100);
      passedOn++;
    }
  })();
  await turns(200);
  t.ok(passedOn < 20, `${passedOn} were taken while nobody played them`);
  const reading = readAll(session);
  await sending;
  connection.end();
  t.equal((await reading).length, 100);
});

t.test('a slice of a recording that begins like a picture is a slice all the same', async (t) => {
  const session = new IngestSession({ resumeWindowSeconds: 1 });
  const connection = connected(session);
  const webm = fixture('chromium-vp8.webm').subarray(0, 20_000);
  await connection.write(webm);
  await connection.write(jpeg);
  connection.end();
  t.equal((await readAll(session)).length, 1);
  t.equal(session.received, webm.length + jpeg.length);
});

t.test('what is no picture among pictures ends the broadcast in words, after what was good', async (t) => {
  for (const [wrong, words] of [
    [Buffer.from('hello'), /expected a JPEG picture, got 5 bytes/],
    [jpeg.subarray(0, -2), /end is missing/],
    [jpegOf(9000, 10), /at most 8192 × 8192, got 9000 × 10/],
  ] as const) {
    const session = new IngestSession({ resumeWindowSeconds: 1 });
    const connection = connected(session);
    const takes = session.takes();
    await connection.write(jpeg, 0);
    t.equal((await takes.next()).done, false);
    await connection.write(wrong, 100);
    await t.rejects(takes.next(), { code: 'unsupported-media', message: words });
  }
});

const fail = (error: unknown): void => {
  t.fail(String(error));
};

/** Long enough for a timer of 1 ms to have run out. */
async function laterThanTheTimer(): Promise<void> {
  const start = performance.now();
  await until(() => performance.now() > start + 10);
}

t.test('while no picture comes the last one is shown again, until the connection is lost', async (t) => {
  const written: SourceEvent[] = [];
  const pictures = new PictureIngest({ standstillMs: 1, onFailure: fail, write: async (events) => void written.push(...events) });
  await pictures.add(jpeg, performance.now());
  await until(() => written.length > 5);
  pictures.rest();
  t.ok(written.filter(({ type }) => type === 'frame').length > 3);
  const count = written.length;
  await laterThanTheTimer();
  t.equal(written.length, count);
});

t.test('it is not shown again while its bytes wait', async (t) => {
  let writes = 0;
  let take = (): void => undefined;
  const pictures = new PictureIngest({
    onFailure: fail,
    standstillMs: 1,
    write: () => {
      writes++;
      return new Promise((resolve) => (take = resolve));
    },
  });
  t.teardown(() => pictures.stop());
  void pictures.add(jpeg, performance.now());
  await laterThanTheTimer();
  t.equal(writes, 1);
  take();
  await until(() => writes === 2);
});

t.test('a last picture that can not be shown again is told of, and breaks nothing else', async (t) => {
  const told: unknown[] = [];
  let writes = 0;
  const pictures = new PictureIngest({
    onFailure: (error) => told.push(error),
    standstillMs: 1,
    write: async () => {
      if (writes++ > 0) throw new Error('no room');
    },
  });
  t.teardown(() => pictures.stop());
  await pictures.add(jpeg, performance.now());
  await until(() => told.length > 0);
  t.match(told, [/no room/]);
});
