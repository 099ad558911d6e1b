import t, { type Test } from 'tap';
import { flvFile, flvTags, isFlvConfiguration, pids, transportPackets, withMaps, withoutPids } from '../helpers/media-tools.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { decode, soundDelay } from '../helpers/pictures-and-sound.js';
import { findProgram, skipWithout } from '../helpers/programs.js';
import { numbersOf, push, type Pushed, type Way } from '../helpers/pushed.js';
import { startServer } from '../helpers/server.js';
import { eventsOf, headerEndOf } from '../source/fixture.js';

t.setTimeout(120_000);
t.jobs = 2;

const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
const server = await startServer(t, { RTMP_PORT: '0' });
const seconds = 8;
const last = seconds * 25 - 1;
/** A keyframe every second and a half: 0, 37, 74, … */
const groupPictures = 37;
const whole = skip ? Buffer.alloc(0) : await record({ seconds }, ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', String(groupPictures), '-sc_threshold', '0', '-b:v', '600k', '-c:a', 'aac', '-f', 'matroska']);
const source = skip ? undefined : await decode(t, whole);
const wrapped = (...output: string[]): Promise<Buffer> => remake(whole, ['-map', '0', '-c', 'copy', ...output]);

/** Pictures from one on to the last, each once, with their sound. */
function check(t: Test, { timelines, info }: Pushed, from: number, what: string, withSound = true): void {
  t.strictSame(numbersOf(timelines), Array.from({ length: last + 1 - from }, (_, index) => from + index), `${what}: every picture from ${from} on, once`);
  t.match(info.recording?.tracks[0], { kind: 'video', action: 'copy' }, what);
  const both = timelines.filter(({ pictures, loudness }) => pictures.length > 25 && loudness.length > 1000);
  t.equal(both.length > 0, withSound, `${what}: sound`);
  for (const each of both) t.ok(Math.abs(soundDelay(source!, each)) <= 0.05, `${what}: sound is off by ${soundDelay(source!, each).toFixed(3)} s`);
}

/** Where the structure begins that holds a picture in the middle of the second group. */
const middleOf = (bytes: Buffer): number => {
  const pictures = eventsOf(bytes).filter((event) => event.type === 'frame' && event.kind === 'video');
  const middle = pictures[groupPictures + 10];
  if (middle?.type !== 'frame' || middle.keyframe) throw new Error('expected a picture in the middle of a group');
  return middle.offset;
};

t.test('a recording that is joined between two keyframes is shown from the next keyframe on, with its sound', { skip }, async (t) => {
  const ts = await wrapped('-f', 'mpegts');
  const m2ts = await wrapped('-f', 'mpegts', '-mpegts_m2ts_mode', '1');
  const mkv = await wrapped('-f', 'matroska', '-cluster_time_limit', '100');
  const mp4 = await wrapped('-f', 'mp4', '-movflags', 'empty_moov+default_base_moof', '-frag_duration', '100000');
  const tags = flvTags(await wrapped('-f', 'flv'));
  const isPicture = ({ type, body }: (typeof tags)[number]): boolean => type === 9 && body[1] === 1;
  const joinedTag = tags.indexOf(tags.filter(isPicture)[groupPictures + 10]!);
  const flv = flvFile([...tags.filter(isFlvConfiguration), ...tags.slice(joinedTag)]);
  const rejoined = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, headerEndOf(bytes)), bytes.subarray(middleOf(bytes))]);
  const cases: readonly (readonly [name: string, bytes: Buffer, way: Way])[] = [
    ['ts', ts.subarray(middleOf(ts)), 'put'],
    ['ts-in-a-packet', ts.subarray(middleOf(ts) + 71), 'socket'],
    ['m2ts', m2ts.subarray(middleOf(m2ts)), 'post'],
    ['mkv', rejoined(mkv), 'socket'],
    ['mp4', rejoined(mp4), 'put'],
    ['flv', flv, 'put'],
    ['rtmp', flv, 'rtmp'],
  ];
  for (const [name, bytes, way] of cases) check(t, await push(t, server, `joined-${name}`, bytes, way), 2 * groupPictures, name);
});

t.test('a configuration may come late, again and again, or where nobody expects it', { skip }, async (t) => {
  const tags = flvTags(await wrapped('-f', 'flv'));
  const isSound = ({ type }: (typeof tags)[number]): boolean => type === 8;
  const [configs, rest] = [tags.filter(isFlvConfiguration), tags.filter((tag) => !isFlvConfiguration(tag))];
  const before = (wanted: (tag: (typeof tags)[number]) => boolean): typeof tags =>
    rest.flatMap((tag, index) => (wanted(tag) && !rest.slice(0, index).some(wanted) ? [...configs.filter(({ type }) => type === tag.type).map((config) => ({ ...config, timeMs: tag.timeMs })), tag] : [tag]));
  const late = flvFile([...configs.filter(isSound), ...before((tag) => tag.type === 9)]);
  const lateSound = flvFile([...configs.filter((tag) => !isSound(tag)), ...before(isSound)]);
  const isKey = ({ type, body }: (typeof tags)[number]): boolean => type === 9 && body.readUInt8(0) >> 4 === 1;
  const often = flvFile(rest.flatMap((tag) => (isKey(tag) ? [...configs.map((config) => ({ ...config, timeMs: tag.timeMs })), tag] : [tag])));
  for (const [name, bytes] of [['late', late], ['late-sound', lateSound], ['often', often]] as const) {
    for (const way of ['put', 'rtmp'] as const) check(t, await push(t, server, `configuration-${name}-${way}`, bytes, way), 0, `${name} by ${way}`);
  }
  const never = await push(t, server, 'configuration-never', flvFile(tags.filter((tag) => !(isSound(tag) && isFlvConfiguration(tag)))), 'socket');
  check(t, never, 0, 'never', false);
  t.match(never.warnings, [/The sound is left out for now: it came without its configuration: let the encoder send its AudioSpecificConfig/]);
});

t.test('a program map that announces sound late, or sound that never comes, costs no picture', { skip }, async (t) => {
  const ts = await wrapped('-f', 'mpegts');
  const packets = transportPackets(ts);
  const mapsBefore = packets.slice(0, Math.floor(packets.length * 0.4)).filter((packet) => (packet.readUInt16BE(1) & 0x1fff) === pids.map).length;
  const lateMap = withMaps(ts, (entries, number) => (number < mapsBefore ? entries.filter(({ pid }) => pid !== pids.audio) : entries));
  const late = await push(t, server, 'map-late', lateMap, 'put');
  check(t, late, 0, 'late map');
  t.match(late.info.recording?.tracks, [{ kind: 'video' }, { kind: 'audio', action: 'copy' }]);
  for (const [pid, way] of [[pids.audio, 'post'], [pids.audio, 'socket']] as const) check(t, await push(t, server, `silent-${way}`, withoutPids(ts, pid), way), 0, 'silent', false);
  const soundAlone = await push(t, server, 'no-picture', withoutPids(ts, pids.video), 'put');
  t.match(soundAlone.info.recording?.tracks, [{ kind: 'audio', action: 'copy' }]);
  t.ok((soundAlone.timelines[0]?.loudness.length ?? 0) > 7000);
});
