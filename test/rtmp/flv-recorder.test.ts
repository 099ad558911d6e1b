import t from 'tap';

import { FlvRecorder } from '../../src/rtmp/flv-recorder.js';
import { writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { messageType } from '../../src/rtmp/wire/message.js';
import { tags } from '../helpers/rtmp-client.js';

const video = (timestamp: number, body: Buffer) => ({ type: messageType.video, timestamp, streamId: 1, body });
const audio = (timestamp: number, body: Buffer) => ({ type: messageType.audio, timestamp, streamId: 1, body });

/** [type, timestamp, first two bytes] of each tag; an FLV header counts as a tag of its own. */
function tagsIn(bytes: Buffer): [string, number, string][] {
  const found: [string, number, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.toString('latin1', at, at + 3) === 'FLV') {
      found.push(['header', bytes[at + 4]!, '']);
      at += 13;
      continue;
    }
    const length = bytes.readUIntBE(at + 1, 3);
    const body = bytes.subarray(at + 11, at + 11 + length);
    if (bytes.readUInt32BE(at + 11 + length) !== 11 + length) throw new Error('expected the size of the tag behind it');
    found.push([{ 8: 'audio', 9: 'video', 18: 'script' }[bytes[at]!]!, bytes.readUIntBE(at + 4, 3) + bytes[at + 7]! * 2 ** 24, body.toString('hex', 0, 2)]);
    at += 15 + length;
  }
  return found;
}

t.test('a recording begins with its header, what is said of it and what its decoders need', async (t) => {
  const recorder = new FlvRecorder();
  recorder.describe(Buffer.from('meta'));
  t.equal(recorder.record(video(0, tags.avcHeader())), undefined);
  t.equal(recorder.record(audio(0, tags.aacHeader())), undefined);
  const first = recorder.record(audio(3, tags.sound()))!;
  t.equal(first.beginsRecording, true);
  t.strictSame(tagsIn(first.bytes), [['header', 5, ''], ['script', 3, '6d65'], ['video', 3, '1700'], ['audio', 3, 'af00'], ['audio', 3, 'af01']]);
  const second = recorder.record(video(20, tags.keyframe()))!;
  t.equal(second.beginsRecording, false);
  t.strictSame(tagsIn(second.bytes), [['video', 20, '1701']]);
});

t.test('sequence headers that say the same again change nothing; others begin a new recording', async (t) => {
  const recorder = new FlvRecorder();
  recorder.record(video(0, tags.avcHeader()));
  recorder.record(video(0, tags.keyframe()));
  t.equal(recorder.record(video(40, tags.avcHeader())), undefined);
  t.equal(recorder.record(video(40, tags.picture()))?.beginsRecording, false);
  t.strictSame(tagsIn(recorder.record(audio(60, tags.aacHeader()))!.bytes), [['audio', 40, 'af00']], 'sound that comes a little later joins in');
  t.equal(recorder.record(video(80, tags.avcHeader(0x28))), undefined);
  const next = recorder.record(video(80, tags.keyframe()))!;
  t.equal(next.beginsRecording, true);
  t.strictSame(tagsIn(next.bytes).map(([type]) => type), ['header', 'video', 'audio', 'video']);
});

t.test('a track that was not announced, or comes too late to be waited for, begins a new recording', async (t) => {
  const silent = new FlvRecorder();
  silent.describe(writeAmf0(['onMetaData', { videocodecid: 7, width: 640 }]));
  silent.record(video(0, tags.avcHeader()));
  t.equal(tagsIn(silent.record(video(0, tags.keyframe()))!.bytes)[0]![1], 1, 'picture alone is announced');
  t.equal(silent.record(audio(20, tags.aacHeader())), undefined);
  const joined = silent.record(audio(20, tags.sound()))!;
  t.strictSame(tagsIn(joined.bytes).map(([type]) => type), ['header', 'script', 'video', 'audio', 'audio']);
  t.equal(tagsIn(joined.bytes)[0]![1], 5);

  const late = new FlvRecorder();
  t.equal(tagsIn(late.record(audio(0, Buffer.from([0x2f, 1, 2])))!.bytes)[0]![1], 5, 'who says nothing may send both');
  t.equal(late.record(audio(500, Buffer.from([0x2f, 1, 2])))?.beginsRecording, false);
  t.equal(late.record(audio(2000, Buffer.from([0x2f, 1, 2])))?.beginsRecording, false);
  t.equal(late.record(video(2000, tags.avcHeader())), undefined);
  t.equal(late.record(video(2000, tags.keyframe()))?.beginsRecording, true);
  t.equal(late.record(audio(2020, Buffer.from([0x2f, 1, 2])))?.beginsRecording, false);
});

t.test('clocks go on over their wraps, and never leave what FLV can tell', async (t) => {
  const wrapping = new FlvRecorder();
  const started = wrapping.record(video(0xffffff00, tags.keyframe()))!;
  const [, [, first] = ['', 0]] = tagsIn(started.bytes);
  const later = wrapping.record(video(0x100, tags.picture()))!;
  t.equal(later.beginsRecording, false, 'the wrap is not seen');
  t.equal(tagsIn(later.bytes)[0]![1] - first, 0x200);

  const long = new FlvRecorder();
  let begun = 0;
  for (let day = 0; day < 60; day++) {
    const recorded = long.record(video((day * 86_400_000) % 2 ** 32, tags.keyframe()))!;
    if (recorded.beginsRecording) begun++;
    const times = tagsIn(recorded.bytes).slice(recorded.beginsRecording ? 1 : 0).map(([, time]) => time);
    t.ok(times.every((time) => time >= 0 && time < 2 ** 31), `day ${String(day)}`);
  }
  t.ok(begun > 1 && begun < 5, `${String(begun)} recordings in 60 days`);
});

t.test('what can not be taken is named, and so is what to choose instead', async (t) => {
  const recorder = new FlvRecorder();
  const hevc = Buffer.concat([Buffer.from([0x90]), Buffer.from('hvc1')]);
  t.equal(recorder.obstacle(video(0, hevc)), "expected H.264 (x264), got HEVC; choose H.264 (x264) in the encoder's settings");
  t.match(recorder.obstacle(video(0, Buffer.concat([Buffer.from([0x90]), Buffer.from('av01')]))), /got AV1/);
  t.match(recorder.obstacle(video(0, Buffer.from([0x1c, 0, 0]))), /got HEVC/);
  t.match(recorder.obstacle(audio(0, Buffer.concat([Buffer.from([0x90]), Buffer.from('Opus')]))), /expected AAC, got Opus sound/);
  t.equal(recorder.obstacle(video(0, tags.keyframe())), undefined);
  t.equal(recorder.obstacle(audio(0, tags.sound())), undefined);
});

t.test('empty messages, with which some encoders mark pauses, are passed over', async (t) => {
  t.equal(new FlvRecorder().record(audio(0, Buffer.alloc(0))), undefined);
});
