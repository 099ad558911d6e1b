import t from 'tap';

import { MediaMessages } from '../../src/rtmp/media-messages.js';
import { writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { messageType, type RtmpMessage } from '../../src/rtmp/wire/message.js';
import type { SourceEvent } from '../../src/source/source-events.js';
import { tags } from '../helpers/rtmp-client.js';
import { flvTag } from '../source/flv-builder.js';

const message = (type: number, timestamp: number, body: Buffer): RtmpMessage => ({ type, timestamp, streamId: 1, body });
const video = (timestamp: number, body: Buffer): RtmpMessage => message(messageType.video, timestamp, body);
const audio = (timestamp: number, body: Buffer): RtmpMessage => message(messageType.audio, timestamp, body);

/** What was told, in short. */
const toldBy = (events: readonly SourceEvent[]): string[] =>
  events.map((event) => (event.type === 'frame' ? `${event.kind} ${event.timeSeconds.toFixed(2)}${event.kind === 'video' && event.keyframe ? ' keyframe' : ''}` : event.type === 'track' ? `${event.track.codec} ${event.track.id}` : event.type));

t.test('the first message begins a recording that says what is awaited; configurations are tracks, and the rest frames', async (t) => {
  const media = new MediaMessages();
  const first = media.read(video(0, tags.avcHeader()));
  t.match(first, [{ type: 'recording' }, { type: 'header', header: { container: 'flv', tracks: [], awaited: ['video', 'audio'] } }, { type: 'track', track: { id: 1, kind: 'video', codec: 'h264' } }]);
  t.match(media.read(audio(0, tags.aacHeader())), [{ type: 'track', track: { id: 2, kind: 'audio', codec: 'aac', sampleRate: Number, channels: Number } }]);
  t.same([...media.read(audio(3, tags.sound())), ...media.read(video(20, tags.keyframe())), ...media.read(video(40, tags.picture()))].map((event) => event.type === 'frame' && event.decodeSeconds), [0.003, 0.02, 0.04]);
});

t.test('what the publisher says it will send is awaited, and nothing else', async (t) => {
  for (const [facts, awaited] of [[{ videocodecid: 7 }, ['video']], [{ audiosamplerate: 48_000 }, ['audio']], [{ duration: 0 }, ['video', 'audio']]] as const) {
    const media = new MediaMessages();
    media.describe(writeAmf0(['onMetaData', facts]));
    t.match(media.read(video(0, tags.avcHeader()))[1], { header: { awaited } });
  }
});

t.test('configurations that say the same again change nothing; others are told', async (t) => {
  const media = new MediaMessages();
  media.read(video(0, tags.avcHeader()));
  t.same(media.read(video(40, tags.avcHeader())), []);
  t.match(media.read(video(80, tags.avcHeader(0x28))), [{ type: 'track' }]);
});

t.test('clocks go on over their wraps', async (t) => {
  const media = new MediaMessages();
  const timeOf = (events: SourceEvent[]): number => events.flatMap((event) => (event.type === 'frame' ? [event.decodeSeconds] : []))[0] ?? NaN;
  const first = timeOf(media.read(video(0xffffff00, tags.keyframe())));
  t.equal((timeOf(media.read(video(0x100, tags.picture()))) - first).toFixed(3), '0.512');
  for (let day = 1; day <= 60; day++) media.read(video((0x100 + day * 43_200_000) % 2 ** 32, tags.keyframe()));
  t.equal(Math.round((timeOf(media.read(video((0x100 + 60 * 43_200_000) % 2 ** 32, tags.picture()))) - first) / 43_200), 60);
});

t.test('an aggregate message is its parts, on the message\'s own clock', async (t) => {
  const media = new MediaMessages();
  const parts = [flvTag({ timeMs: 500, video: [...tags.avcHeader()] }), flvTag({ timeMs: 500, video: [...tags.keyframe()] }), flvTag({ timeMs: 521, audio: [...tags.aacHeader()] }), flvTag({ timeMs: 521, audio: [...tags.sound()] }), flvTag({ timeMs: 540, video: [...tags.picture()] })];
  const told = toldBy(media.read(message(messageType.aggregate, 9000, Buffer.concat(parts))));
  t.same(told.filter((each) => /^(video|audio)/.test(each)).map((each) => each.replace(/^(\w+ \d+\.\d\d).*/, '$1')), ['video 9.00', 'audio 9.02', 'video 9.04']);
  for (let length = 0; length < 200; length++) media.read(message(messageType.aggregate, 0, Buffer.concat(parts).subarray(0, length)));
});

t.test('HEVC and AV1 over enhanced RTMP are taken, and of several tracks the first has its own number', async (t) => {
  const enhanced = (codec: string, type: number, ...data: number[]): Buffer => Buffer.concat([Buffer.from([0x90 | type]), Buffer.from(codec), Buffer.from(data)]);
  const media = new MediaMessages();
  media.read(video(0, enhanced('hvc1', 0, 1, 2, 3)));
  t.match(media.read(video(40, enhanced('hvc1', 1, 0, 0, 80, 9, 9))), [{ track: 1, decodeSeconds: 0.04, timeSeconds: 0.12, keyframe: true, bytes: Buffer.from([9, 9]) }]);
  t.match(media.read(video(80, enhanced('hvc1', 3, 9, 9))), [{ track: 1, timeSeconds: 0.08, bytes: Buffer.from([9, 9]) }]);
  t.match(media.read(video(80, enhanced('av01', 1, 9))), [{ type: 'track', track: { codec: 'av1' } }, { type: 'frame' }]);
  const oneTrack = (number: number): Buffer => Buffer.concat([Buffer.from([0x95, 0x01]), Buffer.from('mp4a'), Buffer.from([number, 7, 7])]);
  t.match(media.read(audio(80, oneTrack(0))), [{ track: { id: 2, codec: 'aac' } }, { track: 2, bytes: Buffer.from([7, 7]) }]);
  t.match(media.read(audio(80, oneTrack(3))), [{ track: { id: 8, codec: 'aac' } }, { track: 8 }]);
  const manyTracks = Buffer.concat([Buffer.from([0x95, 0x11]), Buffer.from('mp4a'), Buffer.from([0, 0, 0, 1, 5, 1, 0, 0, 2, 6, 6])]);
  t.match(media.read(audio(90, manyTracks)).filter(({ type }) => type === 'frame'), [{ track: 2, bytes: Buffer.from([5]) }, { track: 4, bytes: Buffer.from([6, 6]) }]);
});

t.test('messages that nobody can use are told once, and pauses are passed over', async (t) => {
  const media = new MediaMessages();
  t.match(media.read(message(33, 0, Buffer.from([1]))), [{ type: 'notice', message: /messages of type 33 were passed over/ }]);
  t.same(media.read(message(33, 0, Buffer.from([1]))), []);
  t.same(media.read(audio(0, Buffer.alloc(0))), []);
  t.same(media.read(message(messageType.userControl, 0, Buffer.alloc(6))), []);
});

t.test('data that is no description of the stream is named once; what encoders say of themselves is not', async (t) => {
  const media = new MediaMessages();
  const vodTrack = Buffer.concat([writeAmf0(['additionalMedia']), Buffer.alloc(30)]);
  t.match(media.passOver(vodTrack), [{ type: 'notice', code: 'passed-over', message: /further sound track \(RTMP data "additionalMedia"\) is passed over/ }]);
  t.same(media.passOver(vodTrack), []);
  t.match(media.passOver(writeAmf0(['onSomethingNew', 1])), [{ message: /RTMP data "onSomethingNew" is passed over/ }]);
  for (const data of [writeAmf0(['onFI', { sd: 'today' }]), writeAmf0(['|RtmpSampleAccess', true]), Buffer.from([2, 0, 200]), Buffer.alloc(0)]) t.same(media.passOver(data), []);
});
