import t from 'tap';
import type { SourceEvent } from '../../src/source/source-reader.js';
import { eventsOf, seeded } from './fixture.js';
import { audioPid, frame, idr, mpegts, packet, program, slice, sps, videoPid } from './mpegts-builder.js';

const headerOf = (events: SourceEvent[]): Extract<SourceEvent, { type: 'header' }> | undefined => events.find((event) => event.type === 'header');
const h264 = { id: videoPid, kind: 'video', codec: 'h264', profile: 100, level: 31 };
const aac = { id: audioPid, kind: 'audio', codec: 'aac' };
const second = 90_000;

t.test('the header is the program; pictures that can be begun with are told', async (t) => {
  const events = eventsOf(mpegts());
  t.same(headerOf(events), { type: 'header', header: { container: 'mpegts', tracks: [h264, aac] }, endOffset: 2 * 188 });
  t.same(
    events.flatMap((event) => (event.type === 'random-access' ? [[event.offset, event.timeSeconds]] : [])),
    [[2 * 188, 1.4], [(2 + 30 + 6) * 188, 2.4]],
  );
  const frames = events.flatMap((event) => (event.type === 'frame' ? [event] : []));
  t.equal(frames.filter(({ kind }) => kind === 'video').length, 45);
  t.equal(frames.filter(({ kind }) => kind === 'audio').length, 9);
  t.same(frames.filter(({ kind, keyframe }) => kind === 'video' && keyframe).length, 2);
});

t.test('parameter sets may stand behind what else a picture begins with', async (t) => {
  const bytes = Buffer.concat([
    program([[0x1b, videoPid]]),
    frame(videoPid, 0, [0, 0, 1, 6, 5, 5], true),
    packet(videoPid, [...sps, ...idr], { begins: false }),
    frame(videoPid, 3000, slice),
  ]);
  t.same(headerOf(eventsOf(bytes))?.header.tracks, [h264]);
  t.match(eventsOf(bytes)[2], { type: 'random-access', offset: 2 * 188 }, 'where the muxer says so');
});

t.test('a stream that is announced and does not come is waited for as long as two seconds of the other', async (t) => {
  const pictures = (count: number): Buffer => Buffer.concat([program(), ...Array.from({ length: count }, (_, index) => frame(videoPid, (index * second) / 10, [...sps, ...idr], true))]);
  t.equal(headerOf(eventsOf(pictures(21))), undefined);
  const events = eventsOf(Buffer.concat([pictures(25), frame(audioPid, 0)]));
  t.same(headerOf(events)?.header.tracks, [h264]);
  t.equal(events.filter(({ type }) => type === 'frame').length, 25, 'what came meanwhile is told, what comes too late is not');
});

t.test('codecs are what the program says they are', async (t) => {
  const codecs = (type: number, descriptors: number[] = []): unknown =>
    headerOf(eventsOf(Buffer.concat([program([[type, audioPid, descriptors]]), frame(audioPid, 0), frame(audioPid, second)])))?.header.tracks?.map(({ kind, codec }) => `${kind} ${codec}`);
  const ascii = (text: string): number[] => [...Buffer.from(text)];
  t.same(codecs(0x0f), ['audio aac']);
  t.same(codecs(0x11), ['audio aac_latm']);
  t.same(codecs(0x03), ['audio mp3']);
  t.same(codecs(0x24), ['video hevc']);
  t.same(codecs(0x06, [0x05, 4, ...ascii('Opus')]), ['audio opus']);
  t.same(codecs(0x06, [0x0a, 0, 0x6a, 1, 0]), ['audio ac3']);
  t.same(codecs(0x06), undefined, 'subtitles are neither');
});

t.test('times are those that ffmpeg reckons with, also in the last eighth of the 33 bits', async (t) => {
  const timeOf = (ticks: number): number | undefined => {
    const event = eventsOf(Buffer.concat([program([[0x0f, audioPid]]), frame(audioPid, ticks)])).find(({ type }) => type === 'frame');
    return event?.type === 'frame' ? event.timeSeconds : undefined;
  };
  t.equal(timeOf(0), 0);
  t.equal(timeOf(3600 * second), 3600);
  t.equal(timeOf(2 ** 32 + second), (2 ** 32 + second) / second);
  t.equal(timeOf(2 ** 33 - second), -1);
});

t.test('packets are found again after what is none; a new recording is noticed', async (t) => {
  const torn = Buffer.concat([mpegts().subarray(0, 3000), Buffer.alloc(77, 0x11), mpegts()]);
  t.equal(eventsOf(torn).filter(({ type }) => type === 'header').length, 1);
  t.ok(eventsOf(torn).filter(({ type }) => type === 'frame').length > 45);
  const flv = Buffer.from('FLV\u0001\u0001\0\0\0\u0009\0\0\0\0');
  t.same(eventsOf(Buffer.concat([mpegts(), flv])).at(-1), { type: 'recording', offset: mpegts().length });
});

t.test('the events do not depend on how the bytes are sliced', async (t) => {
  const bytes = mpegts();
  const whole = eventsOf(bytes);
  t.same(eventsOf(bytes, () => 1), whole);
  const random = seeded(5);
  for (let round = 0; round < 10; round++) t.same(eventsOf(bytes, () => Math.ceil(random() * 700)), whole);
});

t.test('packets without a program are given up in words', async (t) => {
  const nothing = Buffer.concat(Array.from({ length: 6000 }, () => packet(0x1fff, [])));
  t.match(eventsOf(nothing).at(-1), { type: 'not-media', reason: /expected MPEG-TS with a program/ });
});
