import t from 'tap';
import type { SourceEvent } from '../../src/source/source-reader.js';
import { eventsOf, seeded } from './fixture.js';
import { aacConfig, avcConfig, flv, flvTag, keyframe, picture, sound } from './flv-builder.js';

const headerOf = (events: SourceEvent[]): Extract<SourceEvent, { type: 'header' }> | undefined => events.find((event) => event.type === 'header');
const h264 = { id: 1, kind: 'video', codec: 'h264', profile: 100, level: 31 };
const aac = { id: 2, kind: 'audio', codec: 'aac', sampleRate: 48000, channels: 2 };

t.test('the header ends where the decoders know enough, and each keyframe can be begun with', async (t) => {
  const head = flv('av', [{ script: [2, 0, 10] }, avcConfig, aacConfig]);
  const bytes = Buffer.concat([head, ...[keyframe(0), sound(5), picture(33), sound(28), keyframe(66)].map(flvTag)]);
  const second = head.length + [keyframe(0), sound(5), picture(33), sound(28)].reduce((sum, part) => sum + flvTag(part).length, 0);
  t.same(eventsOf(bytes).filter(({ type }) => type !== 'frame'), [
    { type: 'recording', offset: 0 },
    { type: 'header', header: { container: 'flv', tracks: [h264, aac] }, endOffset: head.length },
    { type: 'random-access', offset: head.length, timeSeconds: 0 },
    { type: 'random-access', offset: second, timeSeconds: 0.066 },
  ]);
  t.same(
    eventsOf(bytes).flatMap((event) => (event.type === 'frame' ? [[event.kind, event.timeSeconds, event.keyframe]] : [])),
    [['video', 0, true], ['audio', 0.005, true], ['video', 0.033, false], ['audio', 0.028, true], ['video', 0.066, true]],
  );
});

t.test('a track that is announced and does not come is waited for as long as a second of the other', async (t) => {
  const pictures = [avcConfig, keyframe(0), ...Array.from({ length: 40 }, (_, index) => picture(33 * (index + 1)))];
  const events = eventsOf(flv('av', pictures));
  t.same(headerOf(events)?.header.tracks, [h264]);
  t.equal(events.filter(({ type }) => type === 'frame').length, 41, 'and nothing of it is lost meanwhile');
  t.equal(headerOf(eventsOf(flv('av', pictures.slice(0, 20)))), undefined);
  t.same(headerOf(eventsOf(flv('v', pictures.slice(0, 3))))?.header.tracks, [h264], 'one that is not announced is not waited for');
  const late = eventsOf(flv('', [avcConfig, keyframe(0), aacConfig, sound(10), picture(33)]));
  t.same(headerOf(late)?.header.tracks, [h264, aac], 'a header that announces nothing promises everything');
  t.equal(headerOf(late)?.endOffset, flv('', [avcConfig, keyframe(0), aacConfig]).length);
});

t.test('codecs are told as they are, also those of Enhanced RTMP', async (t) => {
  const ascii = (text: string): number[] => [...Buffer.from(text)];
  const codecs = (...parts: Parameters<typeof flv>[1]): unknown => headerOf(eventsOf(flv(parts.length > 1 ? 'av' : parts.some((part) => 'video' in part) ? 'v' : 'a', parts)))?.header.tracks?.map(({ codec }) => codec);
  t.same(codecs({ video: [0x12, 0, 0] }), ['flv1']);
  t.same(codecs({ audio: [0x2f, 0xff, 0xfb] }), ['mp3']);
  t.same(codecs({ video: [0x90, ...ascii('hvc1'), 1] }, { audio: [0x90, ...ascii('Opus')] }, { video: [0xa3, ...ascii('hvc1')] }), ['hevc', 'opus']);
  t.same(codecs({ video: [0x90, ...ascii('avc1'), 1, 66, 0, 31] }, { video: [0x91, ...ascii('avc1'), 0] }, aacConfig, sound(0)), ['h264', 'aac']);
});

t.test('sound alone can be entered twice a second', async (t) => {
  const events = eventsOf(flv('a', [aacConfig, ...Array.from({ length: 100 }, (_, index) => sound(index * 20))]));
  t.same(events.flatMap((event) => (event.type === 'random-access' ? [event.timeSeconds] : [])), [0, 0.5, 1, 1.5]);
});

t.test('an FLV header in the middle begins a recording', async (t) => {
  const one = flv('av', [avcConfig, aacConfig, keyframe(0), sound(0)]);
  const events = eventsOf(Buffer.concat([one, one]));
  t.same(events.flatMap((event) => (event.type === 'recording' ? [event.offset] : [])), [0, one.length]);
  t.equal(events.filter(({ type }) => type === 'header').length, 2);
});

t.test('the events do not depend on how the bytes are sliced', async (t) => {
  const bytes = flv('av', [avcConfig, aacConfig, keyframe(0), ...Array.from({ length: 60 }, (_, index) => (index % 2 ? sound(index * 20) : picture(index * 20))), keyframe(1300)]);
  const whole = eventsOf(bytes);
  t.same(eventsOf(bytes, () => 1), whole);
  const random = seeded(3);
  for (let round = 0; round < 20; round++) t.same(eventsOf(bytes, () => Math.ceil(random() * 60)), whole);
});

t.test('what is no FLV is refused in words, and what breaks off later is left to ffmpeg', async (t) => {
  t.match(eventsOf(Buffer.from('FLV\u0001\u0005\0\0\0\u0001aaaaaaaaaaaaaaaa')).at(-1), { type: 'not-media', reason: /expected an FLV header/ });
  t.match(eventsOf(Buffer.concat([flv('v', []), Buffer.alloc(40, 0x1f)])).at(-1), { type: 'not-media', reason: /makes no sense/ });
  t.match(eventsOf(flv('v', [{ script: [2] }]).fill(0xff, 14, 17)).at(-1), { type: 'not-media', reason: /too long/ });
  const broken = Buffer.concat([flv('v', [avcConfig, keyframe(0)]), Buffer.alloc(100, 0x1f), flvTag(keyframe(33))]);
  t.same(eventsOf(broken).map(({ type }) => type), ['recording', 'header', 'random-access', 'frame']);
});
