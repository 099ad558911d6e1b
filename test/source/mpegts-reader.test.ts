import t from 'tap';
import type { SourceEvent } from '../../src/source/source-reader.js';
import { eventsOf, seeded } from './fixture.js';
import { audioPid, frame, idr, mpegts, packet, program, slice, sps, videoPid } from './mpegts-builder.js';

const headersOf = (events: readonly SourceEvent[]): Extract<SourceEvent, { type: 'header' }>['header'][] => events.flatMap((event) => (event.type === 'header' ? [event.header] : []));
const second = 90_000;

t.test('the program is announced; each packet of a picture is a frame, and its marks are told', async (t) => {
  const events = eventsOf(mpegts());
  t.match(headersOf(events), [{ container: 'mpegts', tracks: [{ id: videoPid, kind: 'video', codec: 'h264' }, { id: audioPid, kind: 'audio', codec: 'aac' }] }]);
  const pictures = events.flatMap((event) => (event.type === 'frame' && event.kind === 'video' ? [event] : []));
  t.equal(pictures.length, 45, 'the last one too');
  t.same(pictures.filter(({ keyframe }) => keyframe).map(({ offset, timeSeconds }) => [offset, timeSeconds]), [[2 * 188, 1.4], [(2 + 30 + 6) * 188, 2.4]]);
  t.same(Buffer.from(pictures[0]!.bytes), Buffer.from([...sps, ...idr]));
});

t.test('a picture in many packets is one frame', async (t) => {
  const body = Array.from({ length: 184 }, (_, index) => index);
  const bytes = Buffer.concat([program([[0x1b, videoPid]]), frame(videoPid, 0, [...sps, ...idr], true), packet(videoPid, body, { begins: false }), frame(videoPid, 3000, slice)]);
  const [first, next] = eventsOf(bytes).filter((event) => event.type === 'frame');
  t.same(Buffer.from(first!.bytes), Buffer.from([...sps, ...idr, ...body]));
  t.same(Buffer.from(next!.bytes), Buffer.from(slice));
});

t.test('a program that changes is announced anew, and one that stays is not', async (t) => {
  const streams = [program([[0x1b, videoPid]]), frame(videoPid, 0, [...sps, ...idr], true), program([[0x1b, videoPid]]), frame(videoPid, 3000, slice), program(), frame(videoPid, 6000, slice)];
  const events = eventsOf(Buffer.concat(streams));
  t.same(headersOf(events).map(({ tracks }) => tracks.map(({ codec }) => codec)), [['h264'], ['h264', 'aac']]);
  t.equal(events.filter(({ type }) => type === 'frame').length, 3, 'nothing of what stays is lost');
});

t.test('packets of 192 and of 204 bytes are read like those of 188', async (t) => {
  const plain = eventsOf(mpegts()).flatMap((event) => (event.type === 'frame' ? [[event.kind, event.timeSeconds, event.keyframe]] : []));
  const packets = Array.from({ length: mpegts().length / 188 }, (_, index) => mpegts().subarray(index * 188, (index + 1) * 188));
  for (const form of [packets.map((each) => Buffer.concat([Buffer.from([1, 2, 3, 4]), each])), packets.map((each) => Buffer.concat([each, Buffer.alloc(16, 7)]))]) {
    t.same(eventsOf(Buffer.concat(form)).flatMap((event) => (event.type === 'frame' ? [[event.kind, event.timeSeconds, event.keyframe]] : [])), plain);
  }
});

t.test('codecs are what the program says they are', async (t) => {
  const codecs = (type: number, descriptors: number[] = []): unknown =>
    headersOf(eventsOf(program([[type, audioPid, descriptors]])))[0]?.tracks.map(({ kind, codec }) => `${kind} ${codec}`);
  const ascii = (text: string): number[] => [...Buffer.from(text)];
  t.same(codecs(0x0f), ['audio aac']);
  t.same(codecs(0x11), ['audio aac_latm']);
  t.same(codecs(0x03), ['audio mp3']);
  t.same(codecs(0x24), ['video hevc']);
  t.same(codecs(0x06, [0x05, 4, ...ascii('Opus')]), ['audio opus']);
  t.same(codecs(0x06, [0x0a, 0, 0x6a, 1, 0]), ['audio ac3']);
  t.same(codecs(0x06), [], 'subtitles are neither');
});

t.test('times go on over the wrap of their 33 bits', async (t) => {
  const times = (...ticks: number[]): number[] =>
    eventsOf(Buffer.concat([program([[0x24, videoPid]]), ...ticks.map((each) => frame(videoPid, each, [0, 0, 1, 0x26, 1], true))])).flatMap((event) => (event.type === 'frame' ? [event.timeSeconds] : []));
  t.same(times(0, 3600 * second), [0, 3600]);
  t.same(times(2 ** 32 + second), [(2 ** 32 + second) / second]);
  t.same(times(2 ** 33 - second, second), [(2 ** 33 - second) / second, (2 ** 33 + second) / second]);
});

t.test('packets are found again after what is none; a new recording is noticed', async (t) => {
  const torn = Buffer.concat([mpegts().subarray(0, 3000), Buffer.alloc(77, 0x11), mpegts()]);
  t.equal(eventsOf(torn).filter(({ type }) => type === 'header').length, 1);
  t.ok(eventsOf(torn).filter(({ type }) => type === 'frame').length > 40);
  const flv = Buffer.from('FLV\u0001\u0001\0\0\0\u0009\0\0\0\0');
  t.match(eventsOf(Buffer.concat([mpegts(), flv])).slice(-2), [{ type: 'recording', offset: mpegts().length }, { type: 'header' }]);
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

/** An ADTS frame of AAC LC, 48 kHz, stereo, ISO/IEC 14496-3 §1.A.2. */
const adts = (payload: readonly number[]): number[] => {
  const length = 7 + payload.length;
  return [0xff, 0xf1, 0x4c, 0x80 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc, ...payload];
};

t.test('sound in a private stream is taken for what its packets show; what is no sound is told once', async (t) => {
  const privateStream = 0x06;
  const withPackets = (descriptors: readonly number[], payload: readonly number[]): ReturnType<typeof eventsOf> => {
    const packets = Array.from({ length: 30 }, (_, index) => [frame(videoPid, 90_000 + index * 3600, index === 0 ? [...sps, ...idr] : slice, index === 0), frame(audioPid, 90_000 + index * 3600, payload)]).flat();
    return eventsOf(Buffer.concat([program([[0x1b, videoPid], [privateStream, audioPid, descriptors]]), ...packets]));
  };
  const sound = withPackets([], [...adts([1, 2, 3]), ...adts([4, 5])]);
  t.match(sound.find(({ type }) => type === 'header'), { header: { tracks: [{ codec: 'h264' }], awaited: ['audio'] } }, 'it may be sound');
  t.match(sound.find((event) => event.type === 'track' && event.track.kind === 'audio'), { track: { id: audioPid, codec: 'aac', sampleRate: 48_000, channels: 2, configuration: Buffer.from([0x11, 0x90]) } });
  t.equal(sound.filter((event) => event.type === 'frame' && event.kind === 'audio').length, 60);

  const other = withPackets([], [9, 9, 9, 9, 9, 9, 9, 9]);
  t.equal(other.filter((event) => event.type === 'frame' && event.kind === 'audio').length, 0);
  t.match(other.filter(({ type }) => type === 'notice'), [{ message: /private stream .* is passed over: expected AAC, AC-3 or MPEG sound in it/ }]);

  const teletext = withPackets([0x56, 0], [...adts([1, 2, 3])]);
  t.match(teletext.find(({ type }) => type === 'header'), { header: { awaited: [] } }, 'data that says so is not waited for');
  t.equal(teletext.filter(({ type }) => type === 'notice').length, 0);
});

t.test('a stream that is joined in the middle of a packet is read from the next one on', async (t) => {
  const bytes = mpegts();
  for (const cut of [1, 63, 187]) {
    const joined = eventsOf(Buffer.concat([Buffer.alloc(cut, 0xaa), bytes]), () => 100);
    t.equal(joined.filter(({ type }) => type === 'frame').length, eventsOf(bytes).filter(({ type }) => type === 'frame').length, `${cut} bytes before it`);
  }
});
