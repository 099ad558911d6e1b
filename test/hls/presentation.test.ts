import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { Encoded } from '../../src/hls/encoded.js';
import { Presentation } from '../../src/hls/presentation.js';
import { audioTrack, everySeconds, fragment, initSegment, samplesOf, tracksOf, videoTrack, type Sample } from '../helpers/media-builder.js';
import { assertEqualShapes, assertSoundAlone, shapeOf } from '../helpers/equal-renditions.js';
import { Ladder, type Watched } from '../helpers/packaged-ladder.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';

const steadyPicture = { gapsSeconds: [1 / 30], isKeyframe: everySeconds(2) };

t.test('all renditions have the same segments, parts and dates, whether their media comes before the lead or after it', async (t) => {
  const ladder = new Ladder();
  ladder.add('360p', { behindSeconds: 0.9 });
  ladder.add('sound', { kinds: ['audio'], behindSeconds: -0.1 });
  const samples = samplesOf({ ...steadyPicture, withSound: true, seconds: 20 });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples);
  await ladder.end();
  assertEqualShapes(t, ladder, 'steady');
  const [half, sound] = ladder.rungs;
  t.strictSame(half?.watched.timesOf(videoTrack), samples.filter(({ track }) => track === videoTrack).map(({ startSeconds }) => Math.round(startSeconds * 90_000) / 90_000), 'every picture once, in order');
  t.equal(sound?.watched.timesOf(audioTrack).length, samples.filter(({ track }) => track === audioTrack).length);
  const { body } = ladder.presentation.multivariant();
  const text = body instanceof Encoded ? body.identity.toString() : '';
  t.strictSame([...multivariantViolations(text)], []);
  t.strictSame(text.split('\n').filter((line) => !line.startsWith('#') && line), ['run1/media.m3u8', 'run1/360p/media.m3u8', 'run1/sound/media.m3u8', 'run1/audio/media.m3u8']);
  t.match(text, /RESOLUTION=640x360[^]*RESOLUTION=320x180/);
});

t.test('a picture that changes its size, and a restart with time lost in between, are the same discontinuities in all renditions', async (t) => {
  const ladder = new Ladder();
  ladder.add('360p', { behindSeconds: 1.2 });
  ladder.add('240p');
  const at = (samples: readonly Sample[], seconds: number): Sample[] => samples.map((sample) => ({ ...sample, startSeconds: sample.startSeconds + seconds }));
  const upright = { ...videoTrack, width: 360, height: 640 };
  const run = (): Sample[] => samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 7 });
  ladder.begin([videoTrack, audioTrack]);
  await ladder.push(run());
  ladder.begin([upright, audioTrack]);
  await ladder.push(at(run(), 7.1));
  ladder.begin([upright, audioTrack]);
  await ladder.push(at(run(), 19));
  await ladder.end();
  assertEqualShapes(t, ladder, 'three timelines');
  const discontinuities = ladder.rungs[0]?.watched.seen.at(-1)?.segments.filter(({ isDiscontinuity }) => isDiscontinuity) ?? [];
  t.strictSame(discontinuities.map(({ mapUri }) => mapUri), ['init-1.mp4', 'init-2.mp4'], 'each has an init segment of its own');
});

t.test('where a rendition gets no media its parts are gaps, the numbers go on, and it begins again at a keyframe', async (t) => {
  const ladder = new Ladder();
  const rung = ladder.add('360p');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 20 });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples, ({ startSeconds }) => startSeconds > 7 && startSeconds < 13);
  await ladder.end();
  assertEqualShapes(t, ladder, 'six seconds lost');
  const segments = rung.watched.seen.at(-1)?.segments ?? [];
  t.strictSame(segments.filter(({ isGap }) => isGap).map(({ sequenceNumber }) => sequenceNumber), [4, 5, 6], 'nothing of these can be had');
  t.match(await rung.follower.rendition.media('4.m4s', () => () => undefined), { outcome: 'lasting', body: { length: 0 } }, 'who asks all the same goes on over it');
  const keyframe = samples.find(({ track, startSeconds, keyframe }) => track === videoTrack && keyframe && startSeconds > 13);
  t.equal(rung.watched.timesOf(videoTrack).find((time) => time > 7.1), keyframe?.startSeconds, 'no picture before the next keyframe');
});

t.test('media that never comes again is waited for some seconds, and holds nobody up after that', async (t) => {
  const ladder = new Ladder();
  const rung = ladder.add('360p');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), seconds: 30 });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples, ({ startSeconds }) => startSeconds > 9);
  const [lead, last] = [ladder.presentation.lead.last, rung.follower.rendition.last];
  t.ok((lead?.mediaSequence ?? 0) - (last?.mediaSequence ?? 0) <= 4, `the lead is at ${lead?.mediaSequence}, the rendition at ${last?.mediaSequence}`);
  await ladder.end();
  assertEqualShapes(t, ladder, 'gone for good');
});

t.test('a rendition that is added later begins with the next segment, with the numbers that the lead has', async (t) => {
  const ladder = new Ladder();
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 20 });
  const apart = samples.findIndex(({ startSeconds }) => startSeconds > 9);
  ladder.begin(tracksOf(samples));
  await ladder.push(samples.slice(0, apart));
  ladder.presentation.markDiscontinuity();
  const rung = ladder.add('360p');
  ladder.beginRung(rung, tracksOf(samples));
  await ladder.push(samples.slice(apart));
  await ladder.end();
  const from = rung.watched.seen[0]?.mediaSequence ?? 0;
  t.ok(from >= 5, `it begins with segment ${from}`);
  t.strictSame(violations(rung.watched.seen), []);
  t.strictSame(shapeOf(rung.watched, from), shapeOf(ladder.lead, from));
});

t.test('a rendition whose first media comes in the middle of a segment begins with the next one, whole', async (t) => {
  const ladder = new Ladder();
  const rung = ladder.add('360p');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(1), withSound: true, seconds: 14 });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples, ({ startSeconds }) => startSeconds < 2.9);
  await ladder.end();
  const from = rung.watched.seen[0]?.mediaSequence ?? 0;
  t.equal(from, 2);
  t.strictSame(violations(rung.watched.seen), []);
  t.strictSame(shapeOf(rung.watched, from), shapeOf(ladder.lead, from));
});

t.test('the sound alone has all of the sound and no picture, is made of what was asked for, and is a gap where there is none', async (t) => {
  const ladder = new Ladder();
  const silentSeconds = [8, 12.5] as const;
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 20, silentSeconds });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples);
  await ladder.end();
  assertSoundAlone(t, ladder, 'a silence');
  const last = ladder.sound.seen.at(-1);
  t.strictSame(last?.segments.filter(({ isGap }) => isGap).map(({ sequenceNumber }) => sequenceNumber), [4, 5], 'a silence is a gap');
  const times: number[] = [];
  for (const { uri = '', isGap } of last?.segments ?? []) {
    const { outcome, body } = await ladder.sound.rendition.media(uri, () => () => undefined);
    t.strictSame([outcome, body && 'byteLength' in body && body.byteLength === 0], ['lasting', isGap], uri);
    for (const event of Buffer.isBuffer(body) ? new FragmentReader().push(body) : []) if (event.type === 'fragment') times.push(...event.fragment.runs.map((run) => run.baseMediaDecodeTime / audioTrack.timescale));
  }
  t.strictSame(times, samples.filter(({ track }) => track === audioTrack).map(({ startSeconds }) => Math.round(startSeconds * 48_000) / 48_000), 'each sound once, in order');
  const { body: init } = await ladder.sound.rendition.media(last?.segments[0]?.mapUri ?? '', () => () => undefined);
  t.strictSame(Buffer.isBuffer(init) && readInitSegment(init).tracks.map(({ kind }) => kind), ['audio']);
});

t.test('where there is only sound, or none, the sound alone is not offered beside it', async (t) => {
  for (const script of [{ ...steadyPicture, isKeyframe: everySeconds(2) }, { withSound: true }]) {
    const ladder = new Ladder();
    const samples = samplesOf({ ...script, seconds: 9 });
    ladder.begin(tracksOf(samples));
    await ladder.push(samples);
    t.strictSame(listedIn(ladder.presentation), ['run1/media.m3u8']);
    t.notMatch(ladder.lead.seen.at(-1)?.text, /RENDITION-REPORT/);
  }
});

t.test('each media playlist tells how far the others are', async (t) => {
  const ladder = new Ladder();
  const rung = ladder.add('360p');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), seconds: 7.5 });
  ladder.begin(tracksOf(samples));
  await ladder.push(samples);
  const reportsOf = ({ seen }: Watched): string[] => seen.at(-1)?.lines.filter((line) => line.startsWith('#EXT-X-RENDITION-REPORT')) ?? [];
  const { mediaSequence, part } = rung.follower.rendition.last ?? {};
  t.match(reportsOf(ladder.lead), [new RegExp(`URI="360p/media.m3u8",LAST-MSN=${mediaSequence},LAST-PART=\\d+`)]);
  t.strictSame(reportsOf(rung.watched), [`#EXT-X-RENDITION-REPORT:URI="../media.m3u8",LAST-MSN=${mediaSequence},LAST-PART=${part}`]);
  await ladder.end();
  t.strictSame(reportsOf(ladder.lead), [], 'not after the end');
});

t.test('a name stands for one rendition', (t) => {
  const presentation = new Presentation({ broadcast: 'run1', listedSegments: 6 });
  t.throws(() => presentation.follow('audio'), { message: /no other rendition has, got "audio" again/ });
  presentation.follow('360p');
  t.throws(() => presentation.follow('360p'), { message: /no other rendition has, got "360p" again/ });
  t.end();
});

t.test('media that the lead never comes to is not kept for ever', (t) => {
  const presentation = new Presentation({ broadcast: 'run1', listedSegments: 6 });
  const follower = presentation.follow('360p');
  follower.startTimeline(readInitSegment(initSegment([videoTrack])));
  for (let seconds = 0; seconds < 3600; seconds++) {
    follower.push(fragment([{ track: videoTrack, startSeconds: seconds, durationSeconds: 1, keyframe: true }]));
    t.ok(follower.waiting <= 31, `${follower.waiting} fragments wait`);
  }
  t.end();
});

const listedIn = (presentation: Presentation): string[] => {
  const { body } = presentation.multivariant();
  return body instanceof Encoded ? body.identity.toString().split('\n').filter((line) => line !== '' && !line.startsWith('#')) : [];
};

t.test('renditions that were there from the beginning are waited for before anything can be played, but not for long', async (t) => {
  const ladder = new Ladder();
  ladder.add('late', { behindSeconds: 1 });
  const never = ladder.presentation.follow('never');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 12 });
  ladder.begin(tracksOf(samples));
  const playable = new Map<string, number>();
  for (const sample of samples) {
    await ladder.push([sample]);
    const listed = listedIn(ladder.presentation).join(' ') || 'nothing';
    if (!playable.has(listed)) playable.set(listed, sample.startSeconds);
    t.equal(ladder.presentation.playable, listed !== 'nothing');
  }
  t.strictSame([...playable.keys()], ['nothing', 'run1/media.m3u8 run1/late/media.m3u8 run1/audio/media.m3u8']);
  t.ok((playable.get('run1/media.m3u8 run1/late/media.m3u8 run1/audio/media.m3u8') ?? 99) < 5, 'although one of them never comes');
  t.notOk(never.rendition.playable);
  await ladder.end();
});

t.test('a rendition that has nothing any more is not offered, until its media comes again', async (t) => {
  const ladder = new Ladder();
  const rung = ladder.add('360p');
  const samples = samplesOf({ ...steadyPicture, isKeyframe: everySeconds(2), withSound: true, seconds: 21 });
  ladder.begin(tracksOf(samples));
  const between = (from: number, to: number): Sample[] => samples.filter(({ startSeconds }) => startSeconds >= from && startSeconds < to);
  await ladder.push(between(0, 6.1));
  t.equal(listedIn(ladder.presentation).length, 3);
  rung.follower.endMedia();
  await ladder.push(between(6.1, 12.1), () => true);
  t.strictSame(listedIn(ladder.presentation), ['run1/media.m3u8', 'run1/audio/media.m3u8']);
  ladder.beginRung(rung, tracksOf(samples));
  await ladder.push(between(12.1, 21));
  t.equal(listedIn(ladder.presentation).length, 3);
  await ladder.end();
  assertEqualShapes(t, ladder, 'gone and back');
});
