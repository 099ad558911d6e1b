import t from 'tap';
import { readInitSegment, tracksOf, type InitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { PresentationProgress } from '../../src/hls/presentation.js';
import type { Answer } from '../../src/hls/answer.js';
import { Filled, never, start } from '../helpers/filled.js';
import { audioTrack, initSegment, videoTrack } from '../helpers/media-builder.js';
import { readMediaPlaylist, type ReadPlaylist } from '../helpers/playlist-reader.js';

const init = (...tracks: Track[]): InitSegment => readInitSegment(initSegment(tracks));

t.test('a decoder goes on under another init segment where the tracks are the same and sound has the same configuration, whatever size the picture has', (t) => {
  const before = init(videoTrack, audioTrack);
  const table: [string, InitSegment, boolean][] = [
    ['the same', init(videoTrack, audioTrack), true],
    ['another size and profile', init({ ...videoTrack, width: 320, configuration: Buffer.from([1, 0x64, 0, 0x1e, 0xff, 0xe0, 0]) } as Track, audioTrack), true],
    ['no sound', init(videoTrack), false],
    ['no picture', init(audioTrack), false],
    ['other ids', init({ ...videoTrack, trackId: 2 }, { ...audioTrack, trackId: 1 }), false],
    ['another timescale', init({ ...videoTrack, timescale: 12_800 }, audioTrack), false],
    ['sound of one channel', { ...before, tracks: [before.tracks[0]!, { ...audioTrack, configuration: Buffer.from([0x11, 0x88]) }] }, false],
  ];
  for (const [what, next, goesOn] of table) t.equal(tracksOf(before) === tracksOf(next), goesOn, what);
  t.end();
});

/** What is given to everybody, and to players that lose media at discontinuities. */
function bothOf({ body }: Answer): { text: ReadPlaylist; joined: ReadPlaylist | undefined } {
  if (!(body instanceof Encoded)) throw new Error('expected a playlist');
  return { text: readMediaPlaylist(body.identity.toString()), joined: body.joined && readMediaPlaylist(body.joined.identity.toString()) };
}

/** RFC 8216bis §4.4.3.3: the discontinuity sequence number of each segment, which no reload may change. */
function numbersOf({ discontinuitySequence = NaN, segments }: ReadPlaylist): [number, number][] {
  let number = discontinuitySequence;
  return segments.map(({ sequenceNumber, isDiscontinuity }) => [sequenceNumber, (number += isDiscontinuity ? 1 : 0)]);
}

for (const kind of ['live', 'dvr'] as const) t.test(`who loses media at discontinuities is told of none over which the same tracks go on; numbers stay as they were when others leave the window (${kind})`, async (t) => {
  const filled = new Filled({ rewindSeconds: 20 });
  const told = { text: new Map<number, Set<number>>(), joined: new Map<number, Set<number>>() };
  const look = async (): Promise<void> => {
    const { text, joined = text } = bothOf(await (kind === 'live' ? filled.rendition.mediaPlaylist({}, never) : filled.rendition.rewindPlaylist('dvr', {}, never)));
    for (const [each, list] of [[told.text, text], [told.joined, joined]] as const) {
      for (const [segment, number] of numbersOf(list)) each.set(segment, (each.get(segment) ?? new Set()).add(number));
    }
    t.strictSame(joined.segments.map(({ uri, mapUri }) => [uri, mapUri]), text.segments.map(({ uri, mapUri }) => [uri, mapUri]));
  };
  filled.segments(3);
  t.equal(bothOf(await filled.rendition.mediaPlaylist({}, never)).joined, undefined, 'as long as there is no joint everybody is given the same');
  const restarts: Readonly<Record<number, InitSegment>> = { 3: init(videoTrack), 5: init(videoTrack, audioTrack), 7: init(videoTrack, audioTrack), 8: init(videoTrack) };
  for (let segment = 3; segment < 40; segment++) {
    const next = restarts[segment];
    if (next) filled.presentation.startTimeline({ init: next, captureTimeMs: start + segment });
    for (let part = 0; part < 4; part++) {
      filled.part();
      await look();
    }
    filled.presentation.endSegment();
    await look();
  }
  const last = (numbers: ReadonlyMap<number, ReadonlySet<number>>): number[] => [2, 3, 4, 5, 6, 7, 8, 39].flatMap((segment) => [...(numbers.get(segment) ?? [])]);
  t.strictSame(last(told.text), [0, 1, 1, 2, 2, 3, 4, 4]);
  t.strictSame(last(told.joined), [0, 0, 0, 1, 1, 1, 2, 2]);
  for (const number of [3, 7]) t.equal(filled.rendition.initAfterDiscontinuity(`${number}.m4s`), undefined);
});

t.test('an init segment is needed where tracks come or go, and nowhere else', (t) => {
  const filled = new Filled();
  filled.segments(1);
  filled.presentation.startTimeline({ init: init(videoTrack), captureTimeMs: start });
  filled.segments(1);
  const other = init(videoTrack, audioTrack);
  filled.presentation.startTimeline({ init: other, captureTimeMs: start });
  filled.segments(2);
  filled.presentation.markDiscontinuity();
  filled.segments(1);
  t.strictSame([0, 1, 2, 3, 4].map((number) => filled.rendition.initAfterDiscontinuity(`${number}.m4s`)), [undefined, undefined, other.bytes, undefined, undefined]);
  t.end();
});

t.test('where another server goes on with the same tracks in the same media time, that is no discontinuity for those either', async (t) => {
  const dead = new Filled();
  dead.segments(3);
  const after = dead.presentation.progress;
  if (!after) throw new Error('expected progress');
  const joints = async (progress: typeof after): Promise<(boolean | undefined)[]> => {
    const next = new Filled({ after: progress });
    next.segments(3);
    const { text, joined } = bothOf(await next.rendition.mediaPlaylist({}, never));
    t.equal(text.segments[0]?.isDiscontinuity, true, 'it is one for everybody else');
    return [joined?.segments[0]?.isDiscontinuity, next.rendition.initAfterDiscontinuity(`${after.mediaSequence}.m4s`) !== undefined];
  };
  t.strictSame(await joints(after), [false, false]);
  t.strictSame(await joints({ ...after, tracks: undefined }), [undefined, true], 'media time begins anew');
  t.strictSame(await joints({ ...after, tracks: tracksOf(init(audioTrack)) }), [undefined, true], 'other tracks');
});

for (const kind of ['live', 'dvr'] as const) t.test(`nor do their numbers skip where other servers go on with higher ones, and none is told again in another way (${kind})`, async (t) => {
  let after: PresentationProgress | undefined;
  let [last, untoldInAll] = [-1, 0];
  const numbers = new Map<number, Set<string>>();
  for (const skipped of [0, 5, 3, 14]) {
    after &&= { ...after, mediaSequence: after.mediaSequence + skipped, joined: after.joined && { ...after.joined, skipped: after.joined.skipped + skipped, lost: skipped } };
    const node = new Filled({ after, rewindSeconds: 20 });
    let [lowest, newest] = [0, last];
    for (let segment = 0; segment < 30; segment++) {
      node.segments(1);
      const { text, joined = text } = bothOf(await (kind === 'live' ? node.rendition.mediaPlaylist({}, never) : node.rendition.rewindPlaylist('dvr', {}, never)));
      const lost = joined.segments.filter(({ isGap }) => isGap);
      t.strictSame(joined.segments.slice(lost.length).map(({ uri }) => uri), text.segments.map(({ uri }) => uri), 'addresses of what can be had are the same');
      const all = numbersOf(joined);
      t.strictSame(all.map(([number]) => number), all.map((_, index) => (all[0]?.[0] ?? NaN) + index), 'each number follows the one before');
      if (segment === 0) t.strictSame([lost.length, all[lost.length]?.[0]], [skipped > 0 ? 5 : 0, last + 1], 'also over servers, and what was not fetched of the other one is a gap');
      t.ok((all[0]?.[0] ?? NaN) >= lowest && (all.at(-1)?.[0] ?? NaN) > newest, 'no number falls');
      [lowest, newest] = [all[0]?.[0] ?? NaN, all.at(-1)?.[0] ?? NaN];
      for (const [index, [number, discontinuities]] of all.entries()) {
        numbers.set(number, (numbers.get(number) ?? new Set()).add(`${joined.segments[index]?.uri ?? ''} ${discontinuities}`));
      }
    }
    last = newest;
    after = node.presentation.progress;
    t.equal(after?.joined?.untold, untoldInAll++);
  }
  for (const [number, told] of numbers) t.strictSame([told.size, [...told].every((each) => each.endsWith(' 0'))], [1, true], `${number} is told in one way by all of them: ${[...told].join()}`);
});
