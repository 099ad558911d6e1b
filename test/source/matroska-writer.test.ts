import t from 'tap';
import { IngestSession } from '../../src/live/ingest-session.js';
import { children } from '../../src/source/ebml.js';
import { MatroskaWriter } from '../../src/source/matroska-writer.js';
import type { Frame } from '../../src/source/source-events.js';
import { described, eventsOf, fixture, fixtureNames, readBack, seeded, takesOf } from './fixture.js';

const opus = { id: 9, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2, configuration: Buffer.from('OpusHead') } as const;

function frame(timeSeconds: number, bytes: Uint8Array = Buffer.from('sound'), track = 9): Frame {
  return { track, kind: 'audio', timeSeconds, decodeSeconds: timeSeconds, keyframe: true, bytes };
}

t.test('what is written is read back as it was: every frame of real recordings, and what is said of their tracks', async (t) => {
  for (const name of fixtureNames) {
    const [take] = takesOf(fixture(name)).takes;
    const writer = new MatroskaWriter(take!.header.tracks);
    const written = Buffer.concat([writer.header, writer.write(take!.frames)]);
    t.strictSame(readBack(written), described(take!.frames), name);
    const read = takesOf(written).takes[0]!.header.tracks;
    t.strictSame(read.map(({ codec, width, height, sampleRate, channels }) => [codec, width, height, sampleRate, channels]), take!.header.tracks.map(({ codec, width, height, sampleRate, channels }) => [codec, width, height, sampleRate, channels]));
    for (const [index, { configuration }] of take!.header.tracks.entries()) t.ok(Buffer.from(read[index]?.configuration ?? []).equals(configuration ?? Buffer.alloc(0)), `${name}: ${String(index)}`);
  }
});

t.test('times are kept to the microsecond, also of 90 kHz and 48 kHz, however far apart and in any order', async (t) => {
  const times = [0, 1 / 90_000, 1024 / 48_000, 3600.000_001, 12, 40 * 365 * 86_400, 3, 3.032_767, 3.032_768];
  const writer = new MatroskaWriter([opus]);
  const read = eventsOf(Buffer.concat([writer.header, writer.write(times.map((time) => frame(time)))])).flatMap((event) => (event.type === 'frame' ? [event.timeSeconds] : []));
  t.strictSame(read.map((time) => Math.round(time * 1e6)), times.map((time) => Math.round(time * 1e6)));
});

t.test('whatever it is given it writes whole elements', async (t) => {
  const random = seeded(11);
  for (let round = 0; round < 300; round++) {
    const writer = new MatroskaWriter([opus, { id: 4, kind: 'video', codec: 'h264', width: Math.floor(random() * 70_000), height: undefined }]);
    const frames = Array.from({ length: Math.floor(random() * 40) }, () => frame((random() - 0.2) * 10 ** Math.floor(random() * 18), Buffer.alloc(Math.floor(random() ** 4 * 70_000)), [9, 4, 77][Math.floor(random() * 3)]));
    const clusters = writer.write([...frames, frame(NaN), frame(Infinity), frame(-5)]);
    let bytes = 0;
    for (const { id, data } of children(clusters)) {
      t.equal(id, 0x1f43b675);
      let inner = 0;
      for (const child of children(data)) inner += child.data.length;
      t.ok(inner < data.length);
      bytes += data.length + 12;
    }
    t.equal(bytes, clusters.length, 'nothing but clusters');
  }
});

t.test('a track that claims what can not be ends with its recording, and nothing else with it', async (t) => {
  const claims = {
    'a delay of 2⁶⁴ ns': element(0x56aa, Buffer.alloc(8, 0xff)),
    '2⁶⁴ channels': element(0xe1, element(0x9f, Buffer.alloc(8, 0xff))),
    'samples at a rate that is no number': element(0xe1, element(0xb5, Buffer.from('7ff8000000000000', 'hex'))),
    'samples at an endless rate': element(0xe1, element(0xb5, Buffer.from('7ff0000000000000', 'hex'))),
    'samples of 2⁶³ bits': element(0xe1, element(0x6264, Buffer.from('8000000000000000', 'hex'))),
  };
  for (const [claim, data] of Object.entries(claims)) {
    const session = new IngestSession({ resumeWindowSeconds: 1 });
    const connection = session.connect({ onMessage: () => undefined, onReplaced: () => undefined });
    // The picture that is announced never comes: the take begins when the publisher leaves.
    const announced = element(0x1654ae6b, track(1, 'A_OPUS', data), track(2, 'V_VP8'));
    await connection.write(Buffer.concat([element(0x1a45dfa3, element(0x4282, Buffer.from('matroska'))), Buffer.from('1853806701ffffffffffffff', 'hex'), announced, element(0x1f43b675, element(0xe7, Buffer.alloc(1)), element(0xa3, Buffer.from([0x81, 0, 0, 0x80, 1, 2])))]));
    t.doesNotThrow(() => connection.end(), claim);
    const takes = [];
    for await (const take of session.takes()) takes.push(take.header.tracks.map(({ codec }) => codec));
    t.strictSame(takes, [['opus']], `${claim}: it is played as though that had not been said`);
  }
});

function element(id: number, ...data: readonly Buffer[]): Buffer {
  const body = Buffer.concat(data);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length, 4);
  head[0] = 1;
  return Buffer.concat([Buffer.from(id.toString(16).padStart(2, '0'), 'hex'), head, body]);
}

function track(number: number, codecId: string, ...more: readonly Buffer[]): Buffer {
  return element(0xae, element(0xd7, Buffer.from([number])), element(0x83, Buffer.from([codecId.startsWith('V') ? 1 : 2])), element(0x86, Buffer.from(codecId)), ...more);
}
