import t, { type Test } from 'tap';
import { withoutUsability } from '../helpers/h264-tools.js';
import { flvTags } from '../helpers/media-tools.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { ffmpeg, findProgram, skipWithout } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { numbersOf, push, watchPushed, type Pushed } from '../helpers/pushed.js';
import { RtmpClient } from '../helpers/rtmp-client.js';
import { startServer } from '../helpers/server.js';
import { writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { messageType } from '../../src/rtmp/wire/message.js';

t.setTimeout(120_000);
t.jobs = 2;

const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
const server = await startServer(t, { RTMP_PORT: '0' });
const seconds = 6;
const whole = skip ? Buffer.alloc(0) : await record({ seconds }, ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '25', '-b:v', '600k', '-c:a', 'aac', '-f', 'matroska']);
const source = skip ? undefined : await decode(t, whole);
const wrapped = (...output: string[]): Promise<Buffer> => remake(whole, ['-map', '0', '-c', 'copy', ...output]);

/** ffmpeg 4 begins a picture with B-frames where the sound's priming begins. */
const priming = (ffmpeg?.major ?? 0) < 5 ? 1024 / 44_100 : 0;

/** Everything came out once, in order, at its time. */
function check(t: Test, { timelines }: Pushed, what: string): void {
  t.strictSame(numbersOf(timelines), Array.from({ length: seconds * 25 }, (_, index) => index), `${what}: every picture once`);
  t.equal(timelines.length, 1, `${what}: no joint`);
  const shown = timelines[0]!;
  t.ok(Math.abs(soundDelay(source!, shown)) <= 0.05, `${what}: sound is off by ${soundDelay(source!, shown).toFixed(3)} s`);
  const gaps = shown.pictures.slice(1).map(({ timeSeconds }, index) => timeSeconds - shown.pictures[index]!.timeSeconds);
  t.ok(gaps.every((gap) => gap > 0.03 && gap < 0.05 + priming), `${what}: evenly, between ${Math.min(...gaps).toFixed(3)} and ${Math.max(...gaps).toFixed(3)} s apart`);
}

t.test('a recording that a page sends as text is shown', { skip }, async (t) => {
  const chunks = Array.from({ length: 30 }, (_, index) => whole.subarray(Math.floor((whole.length * index) / 30), Math.floor((whole.length * (index + 1)) / 30)));
  for (const [stream, prefix] of [['data-url', 'data:video/x-matroska;codecs=avc1,opus;base64,'], ['base64', '']] as const) {
    const pushed = await watchPushed(t, server, stream, async () => {
      const publisher = new TestPublisher(t, server.publishUrl(stream));
      await publisher.message('ready');
      for (const chunk of chunks) await publisher.send(prefix + chunk.toString('base64'));
      t.equal((await publisher.end()).code, 1000);
      return publisher.messages;
    });
    check(t, pushed, stream);
    t.equal(pushed.info.receivedBytes, whole.length, 'what counts are the bytes of the recording');
  }
});

t.test('chunks that became something else are refused with what to do', { skip }, async (t) => {
  const chunk = whole.subarray(0, 5000);
  for (const [index, text] of ['[object Blob]', '{}', JSON.stringify(chunk), JSON.stringify({ type: 'chunk', data: chunk.toString('base64') }), JSON.stringify({ data: whole.subarray(0, 100_000).toString('base64') })].entries()) {
    const publisher = new TestPublisher(t, server.publishUrl(`wrapped-${index}`));
    await publisher.message('ready');
    await publisher.send(text);
    t.match(await publisher.message('ended'), { code: 'malformed', message: /socket\.send\(event\.data\)/ }, text.slice(0, 30));
    t.equal((await publisher.hangUp()).code, 4400);
  }
});

t.test('sound in a private stream and in LATM, and pictures out of order that do not say how far, come out whole and on time', { skip }, async (t) => {
  const flv = withoutUsability(await wrapped('-f', 'flv'));
  check(t, await push(t, server, 'm2ts', await wrapped('-f', 'mpegts', '-mpegts_m2ts_mode', '1'), 'put'), 'm2ts');
  check(t, await push(t, server, 'latm', await wrapped('-f', 'mpegts', '-mpegts_flags', 'latm'), 'put'), 'latm');
  for (const [stream, bytes, way] of [['flv', flv, 'put'], ['rtmp', flv, 'rtmp'], ['ts', await remake(flv, ['-c', 'copy', '-f', 'mpegts']), 'put'], ['mkv', await remake(flv, ['-c', 'copy', '-f', 'matroska']), 'socket']] as const) {
    const pushed = await push(t, server, `unsaid-${stream}`, bytes, way);
    check(t, pushed, stream);
    t.match(pushed.info.recording?.tracks[0], { action: 'transcode', reason: /further out of the order of their times than it says/ }, stream);
  }
});

t.test('parameter sets in the pictures alone (avc3) are put where every player looks for them', { skip }, async (t) => {
  const mp4 = await wrapped('-bsf:v', 'h264_mp4toannexb', '-f', 'mp4', '-movflags', 'frag_keyframe+delay_moov+default_base_moof');
  mp4.write('avc3', mp4.indexOf('avc1', mp4.indexOf('stsd')), 'latin1');
  // Chromium's recorder writes a configuration without sets.
  const record = mp4.indexOf('avcC') + 4;
  mp4.writeUInt8(0xe0, record + 5);
  mp4.writeUInt8(0, record + 6);
  const pushed = await push(t, server, 'avc3', mp4, 'socket');
  check(t, pushed, 'avc3');
  t.match(pushed.info.recording?.tracks[0], { sourceCodec: 'h264', action: 'copy' });
  t.match(pushed.tracks[0]?.[0], { kind: 'video', width: 320, height: 180, codec: /^avc1\.64/ });
});

t.test('RTMP of encoders that send more than one picture and one sound is broadcast as if they sent one', { skip }, async (t) => {
  const port = Number(new URL(server.rtmpUrl('any').replace('rtmp:', 'http:')).port);
  const tags = flvTags(await wrapped('-f', 'flv'));
  const enhanced = (type: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([0x95, type]), Buffer.from('mp4a'), Buffer.from([1]), body.subarray(2)]);
  const extra: Readonly<Record<string, (client: RtmpClient, tag: (typeof tags)[number]) => void>> = {
    multitrack: (client, { type, timeMs, body }) => type === 8 && client.send(messageType.audio, timeMs, enhanced(body[1] === 0 ? 0 : 1, body), 4),
    'vod-track': (client, { type, timeMs, body }) => type === 8 && client.send(messageType.dataAmf0, timeMs, Buffer.concat([writeAmf0(['additionalMedia']), body]), 4),
    unknown: (client, { timeMs, body }) => client.send(17 + 40, timeMs, body.subarray(0, 9), 4),
  };
  for (const [stream, send] of Object.entries(extra)) {
    const pushed = await watchPushed(t, server, stream, async () => {
      const client = new RtmpClient(t, port);
      await client.publish(`${stream}?key=${server.key}`);
      for (const tag of tags) {
        if (tag.type === 18) continue;
        client.send(tag.type, tag.timeMs, tag.body, tag.type === 9 ? 6 : 4);
        send(client, tag);
      }
      client.command('deleteStream', 6, null, 1);
      t.match(await client.status(), { code: 'NetStream.Unpublish.Success' });
      return [];
    });
    check(t, pushed, stream);
  }
});
