import t from 'tap';
import type { SourceEvent, SourceTrack } from '../../src/source/source-events.js';
import { TakeCutter } from '../../src/source/take-cutter.js';
import { collect, type CutTake } from './fixture.js';

const vp8: SourceTrack = { id: 1, kind: 'video', codec: 'vp8', width: 64, height: 48 };
const opus: SourceTrack = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 };
const aac = (channels: number): SourceTrack => ({ id: 2, kind: 'audio', codec: 'aac', sampleRate: 48_000, channels, configuration: Buffer.from([0x11, 0x80 | (channels << 3)]) });

const begins = (...tracks: SourceTrack[]): SourceEvent[] => [{ type: 'recording', offset: 0 }, { type: 'header', header: { container: 'matroska', tracks } }];
const at = (track: SourceTrack, timeSeconds: number, keyframe = track.kind === 'audio', bytes = Buffer.from([1, 2, 3])): SourceEvent => ({ type: 'frame', offset: 0, track: track.id, kind: track.kind, timeSeconds, decodeSeconds: timeSeconds, keyframe, bytes });
/** Pictures ten a second with a keyframe every second, and sound twenty a second. */
const pictures = (from: number, to: number, track = vp8): SourceEvent[] => Array.from({ length: Math.round((to - from) * 10) }, (_, index) => at(track, from + index / 10, (Math.round(from * 10) + index) % 10 === 0));
const sound = (from: number, to: number, track = opus): SourceEvent[] => Array.from({ length: Math.round((to - from) * 20) }, (_, index) => at(track, from + index / 20));
const mixed = (...parts: SourceEvent[][]): SourceEvent[] => parts.flat().sort((one, other) => (one.type === 'frame' && other.type === 'frame' ? one.timeSeconds - other.timeSeconds : 0));

function cut(events: readonly SourceEvent[]): { takes: CutTake[]; told: string[] } {
  const cutter = new TakeCutter();
  return collect([...cutter.push(events), ...cutter.end()]);
}

/** A take in short: its kinds, and when each begins and ends. */
const inShort = ({ header, reason, frames }: CutTake): string =>
  [reason, ...header.tracks.map(({ kind, id }) => `${kind} ${frames.find(({ track }) => track === id)?.timeSeconds.toFixed(2)}–${frames.findLast(({ track }) => track === id)?.timeSeconds.toFixed(2)}`)].join(', ');

t.test('a track that begins a little later than the other is waited for, and both are one take', async (t) => {
  for (const lateSeconds of [0, 0.1, 0.5, 1, 1.4]) {
    const { takes } = cut([...begins(vp8, opus), ...mixed(pictures(0, 5), sound(lateSeconds, 5))]);
    t.same(takes.map(inShort), [`recording, video 0.00–4.90, audio ${lateSeconds.toFixed(2)}–4.95`], `sound after ${lateSeconds} s`);
    const { takes: others } = cut([...begins(vp8, opus), ...mixed(pictures(lateSeconds, 5).map((event, index) => (index === 0 ? { ...event, keyframe: true } : event) as SourceEvent), sound(0, 5))]);
    t.equal(others.length, 1, `a picture after ${lateSeconds} s`);
    t.equal(others[0]?.frames.find(({ kind }) => kind === 'video')?.timeSeconds, lateSeconds);
  }
});

t.test('a track that comes too late to be waited for begins another take: sound with the next keyframe, a picture at once', async (t) => {
  for (const announced of [[vp8, opus], [vp8]]) {
    const events = announced.length === 2 ? begins(...announced) : begins(vp8);
    const { takes } = cut([...events, ...pictures(0, 3), { type: 'track', track: opus }, ...mixed(pictures(3, 33), sound(3.3, 33))]);
    t.same(takes.map(inShort), ['recording, video 0.00–3.90', 'change, video 4.00–32.90, audio 4.00–32.95']);
  }
  const { takes } = cut([...begins(vp8, opus), ...mixed(sound(0, 40), pictures(30, 40))]);
  t.same(takes.map(inShort), ['recording, audio 0.00–30.00', 'change, video 30.00–39.90, audio 30.05–39.95']);
});

t.test('a track that is announced and never comes is not waited for longer than 1.5 s of media, or until somebody hurries', async (t) => {
  for (const [events, kinds] of [[pictures(0, 5), 'video 0.00–4.90'], [sound(0, 5), 'audio 0.00–4.95']] as const) {
    t.same(cut([...begins(vp8, opus), ...events]).takes.map(inShort), [`recording, ${kinds}`]);
    const cutter = new TakeCutter();
    t.equal(cutter.push([...begins(vp8, opus), ...events.slice(0, 5)]).length, 0);
    t.ok(cutter.waiting);
    t.equal(collect(cutter.hurry()).takes[0]?.frames.length, 5, 'nothing of what came is lost');
    t.notOk(cutter.waiting);
  }
});

t.test('what lies before the first picture that can be begun with is left out, and old sound with it', async (t) => {
  const { takes } = cut([...begins(vp8, opus), ...mixed(pictures(0.1, 8).map((event, index) => ({ ...event, keyframe: index === 39 }) as SourceEvent), sound(0, 8))]);
  t.same(takes.map(inShort), ['recording, video 4.00–7.90, audio 3.50–7.95']);
});

t.test('another configuration begins another take, and nothing from before it is lost', async (t) => {
  const { takes } = cut([...begins(vp8, aac(2)), ...mixed(pictures(0, 3.5), sound(0, 3.5, aac(2))), { type: 'track', track: aac(6) }, ...mixed(pictures(3.5, 6), sound(3.5, 6, aac(6)))]);
  t.same(takes.map(inShort), ['recording, video 0.00–3.90, audio 0.00–3.45', 'change, video 4.00–5.90, audio 4.00–5.95']);
  t.same(takes.map(({ header }) => header.tracks[1]?.channels), [2, 6]);
  const alone = cut([...begins(aac(2)), ...sound(0, 3, aac(2)), { type: 'track', track: aac(6) }, ...sound(3, 6, aac(6))]);
  t.same(alone.takes.map(inShort), ['recording, audio 0.00–2.95', 'change, audio 3.00–5.95'], 'sound alone changes at once');
});

t.test('another codec under the same number begins another take, whether it is announced or described', async (t) => {
  const vp9 = { ...vp8, codec: 'vp9' };
  const header: SourceEvent = { type: 'header', header: { container: 'mpegts', tracks: [vp9, opus] } };
  for (const told of [header, { type: 'track', track: vp9 } as const]) {
    const { takes } = cut([...begins(vp8, opus), ...mixed(pictures(0, 3), sound(0, 3)), told, ...mixed(pictures(3, 6, vp9), sound(3, 6))]);
    t.same(takes.map(inShort), ['recording, video 0.00–2.90, audio 0.00–2.95', 'change, video 3.00–5.90, audio 3.00–5.95'], told.type);
    t.same(takes.map(({ header: { tracks } }) => tracks[0]?.codec), ['vp8', 'vp9']);
  }
});

t.test('a description that says the same again changes nothing', async (t) => {
  const { takes } = cut([...begins(vp8, aac(2)), ...mixed(pictures(0, 2), sound(0, 2, aac(2))), { type: 'track', track: aac(2) }, ...mixed(pictures(2, 4), sound(2, 4, aac(2)))]);
  t.equal(takes.length, 1);
});

t.test('of several pictures the one announced first is the source, whichever comes first, and all are one take; what never comes is not waited for longer', async (t) => {
  const avcc = (level: string): Buffer => Buffer.from(`014d4c${level}ffe1000f674d4c${level}8c8d405017fcb35060606001000468ce3c80`, 'hex');
  const large: SourceTrack = { id: 1, kind: 'video', codec: 'h264', width: 854, height: 480, configuration: avcc('1f') };
  const small: SourceTrack = { id: 3, kind: 'video', codec: 'h264', width: 640, height: 360, configuration: avcc('1e') };
  const nal = Buffer.from('0000000465b80004', 'hex');
  const h264 = (track: SourceTrack, to: number): SourceEvent[] => pictures(0, to, track).map((event) => ({ ...event, bytes: nal }) as SourceEvent);
  for (const order of [[large, small], [small, large]]) {
    const { takes, told } = cut([...begins(large, small, opus), ...mixed(sound(0, 5), ...order.map((track) => h264(track, 5)))]);
    t.same(takes.map(inShort), ['recording, video 0.00–4.90, video 0.00–4.90, audio 0.00–4.95'], `${order[0]?.height} first`);
    t.same(takes[0]?.header.tracks.map(({ id, rendition }) => [id, rendition]), [[1, undefined], [3, 'picture-2'], [2, undefined]]);
    t.same(told, []);
  }
  const { takes } = cut([...begins(large, small, opus), ...mixed(sound(0, 5), h264(small, 5))]);
  t.same(takes.map(inShort), ['recording, video 0.00–4.90, audio 0.00–4.95']);
});

t.test('a clock that jumps begins another take with the next keyframe', async (t) => {
  const { takes } = cut([...begins(vp8), ...pictures(0, 2.5), ...pictures(3600.5, 3603)]);
  t.same(takes.map(inShort), ['recording, video 0.00–2.40', 'jump, video 3601.00–3602.90']);
});

t.test('further tracks of a kind are left out, which is told once', async (t) => {
  const second = { ...opus, id: 3 };
  const { takes, told } = cut([...begins(vp8, opus, second), ...mixed(pictures(0, 3), sound(0, 3), sound(0, 3, second))]);
  t.same(takes.map(inShort), ['recording, video 0.00–2.90, audio 0.00–2.95']);
  t.match(told, [/more than one sound track: the first is broadcast/]);
});

t.test('AAC that never says how it is to be decoded is left out in words', async (t) => {
  const bare = { ...opus, codec: 'aac' };
  const { takes, told } = cut([...begins(vp8, bare), ...mixed(pictures(0, 3), sound(0, 3, bare))]);
  t.same(takes.map(inShort), ['recording, video 0.00–2.90']);
  t.match(told, [/sound is left out for now/]);
});

t.test('pictures that nobody could decode are refused in words', async (t) => {
  const { takes, told } = cut([...begins(vp8), ...pictures(0.1, 0.9)]);
  t.same(takes, []);
  t.match(told, [/expected pictures that can be decoded, got 8 frames of vp8, and none that a decoder could begin with: let the encoder send keyframes/]);
});
