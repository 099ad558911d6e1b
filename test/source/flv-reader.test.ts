import t from 'tap';
import type { SourceEvent } from '../../src/source/source-reader.js';
import { eventsOf, seeded } from './fixture.js';
import { aacConfig, avcConfig, flv, flvTag, keyframe, picture, sound } from './flv-builder.js';

const tracksOf = (events: readonly SourceEvent[]): unknown[] => events.flatMap((event) => (event.type === 'track' ? [event.track] : []));
const framesOf = (events: readonly SourceEvent[]): unknown[] => events.flatMap((event) => (event.type === 'frame' ? [[event.kind, event.timeSeconds, event.decodeSeconds, event.keyframe]] : []));

t.test('configurations are tracks, and what follows is frames with the times of decoding and of showing', async (t) => {
  const head = flv('av', [{ script: [2, 0, 10] }, avcConfig, aacConfig]);
  const events = eventsOf(Buffer.concat([head, ...[keyframe(0), sound(5), picture(33), sound(28), keyframe(66)].map(flvTag)]));
  t.match(events.slice(0, 2), [{ type: 'recording', offset: 0 }, { type: 'header', header: { container: 'flv', tracks: [], awaited: ['video', 'audio'] } }]);
  t.match(tracksOf(events), [{ id: 1, kind: 'video', codec: 'h264', configuration: Buffer.from(avcConfig.video.slice(5)) }, { id: 2, kind: 'audio', codec: 'aac', sampleRate: 48000, channels: 2, configuration: Buffer.from([0x11, 0x90]) }]);
  t.same(framesOf(events), [['video', 0, 0, true], ['audio', 0.005, 0.005, true], ['video', 0.073, 0.033, false], ['audio', 0.028, 0.028, true], ['video', 0.066, 0.066, true]]);
  t.equal(events.find((event) => event.type === 'frame')?.offset, head.length);
});

t.test('what a file header announces is awaited; one that announces nothing promises everything', async (t) => {
  for (const [announced, awaited] of [['av', ['video', 'audio']], ['v', ['video']], ['a', ['audio']], ['', ['video', 'audio']]] as const) {
    t.match(eventsOf(flv(announced, [avcConfig]))[1], { header: { awaited } });
  }
});

t.test('a configuration that comes again changes nothing; another one is told where it comes', async (t) => {
  const other = { audio: [0xaf, 0, 0x12, 0x10] };
  const events = eventsOf(flv('a', [aacConfig, sound(0), aacConfig, sound(20), other, sound(40)]));
  t.same(events.slice(2).map(({ type }) => type), ['track', 'frame', 'frame', 'track', 'frame']);
});

t.test('codecs are told as they are, also those of Enhanced RTMP', async (t) => {
  const ascii = (text: string): number[] => [...Buffer.from(text)];
  const codecs = (...parts: Parameters<typeof flv>[1]): unknown => eventsOf(flv('av', parts)).flatMap((event) => (event.type === 'track' ? [event.track.codec] : []));
  t.same(codecs({ video: [0x12, 0, 0] }), ['flv1']);
  t.same(codecs({ audio: [0x2f, 0xff, 0xfb] }), ['mp3']);
  t.same(codecs({ video: [0x90, ...ascii('hvc1'), 1] }, { audio: [0x90, ...ascii('Opus')] }, { video: [0xa3, ...ascii('hvc1'), 1] }), ['hevc', 'opus']);
  t.same(codecs({ video: [0x90, ...ascii('avc1'), 1, 66, 0, 31] }, { video: [0x91, ...ascii('avc1'), 0] }, aacConfig, sound(0)), ['h264', 'aac']);
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

t.test('what is no FLV is refused in words, and what breaks off later is passed over', async (t) => {
  t.match(eventsOf(Buffer.from('FLV\u0001\u0005\0\0\0\u0001aaaaaaaaaaaaaaaa')).at(-1), { type: 'not-media', reason: /expected an FLV header/ });
  t.match(eventsOf(Buffer.concat([flv('v', []), Buffer.alloc(40, 0x1f)])).at(-1), { type: 'not-media', reason: /makes no sense/ });
  t.match(eventsOf(flv('v', [{ script: [2] }]).fill(0xff, 14, 17)).at(-1), { type: 'not-media', reason: /too long/ });
  const broken = Buffer.concat([flv('v', [avcConfig, keyframe(0)]), Buffer.alloc(100, 0x1f), flvTag(keyframe(33))]);
  t.same(eventsOf(broken).map(({ type }) => type), ['recording', 'header', 'track', 'frame']);
});

t.test('tags and packets of a newer FLV are passed over, and told', async (t) => {
  const newTag = flvTag({ timeMs: 10, script: [1, 2, 3, 4] });
  newTag.writeUInt8(15, 0);
  const newPacket = { timeMs: 20, video: [0x80 | 0x10 | 9, ...Buffer.from('hvc1'), 1, 2, 3] };
  const metadata = { timeMs: 25, video: [0x80 | 0x10 | 4, ...Buffer.from('hvc1'), 1, 2, 3] };
  const events = eventsOf(Buffer.concat([flv('v', [avcConfig, keyframe(0)]), newTag, ...[newPacket, metadata, picture(33)].map(flvTag)]));
  t.match(events.slice(4), [{ type: 'notice', message: /FLV tags of type 15 are passed over/ }, { type: 'notice', message: /Enhanced video packets of type 9 \(hevc\) are passed over/ }, { type: 'frame', decodeSeconds: 0.033 }]);
  t.equal(events.length, 7, 'what says something of the picture only is no loss');
});
