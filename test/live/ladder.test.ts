import t from 'tap';
import { Encoded } from '../../src/hls/encoded.js';
import { Presentation } from '../../src/hls/presentation.js';
import { readInitSegment, type Track, type VideoTrack } from '../../src/fmp4/init-segment.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import { Ladder } from '../../src/live/ladder.js';
import { Packaging } from '../../src/live/packaging.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { everySeconds, fragment, fragmentBytes, initSegment, samplesOf, videoTrack, type Sample } from '../helpers/media-builder.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { violations } from '../helpers/playlist-rules.js';
import { FakeTranscoder } from './fake-transcoder.js';
import { until } from './fake-studio.js';

const picture = videoTrack as VideoTrack;
const large: VideoTrack = { ...picture, width: 1280, height: 720 };
const rungs: readonly Track[] = [{ ...videoTrack, trackId: 1 }, { ...videoTrack, trackId: 2 }];
const neverGone = (): (() => void) => () => undefined;

/** A source of ten pictures a second with its playlists, and a ladder whose ffmpegs are the test's. */
class Studio {
  readonly transcoders: FakeTranscoder[] = [];
  readonly troubles: string[] = [];
  readonly offers: string[] = [];
  readonly bus = this.#createBus();
  readonly presentation = new Presentation({ broadcast: 'run1', listedSegments: 6, offered: () => this.ladder.offered });
  readonly ladder: Ladder;
  isWatched = false;
  isPublishers = false;
  readonly #samples = samplesOf({ gapsSeconds: [0.1], isKeyframe: everySeconds(2), seconds: 60 });

  constructor(slots = new Semaphore(1), keptForMs = 60_000) {
    this.bus.subscribe(new Packaging({ presentation: this.presentation, segmentTargetSeconds: 2, partSeconds: 0.334, onFailure: (error) => t.fail(String(error)) }), { from: 'edge', loss: 'never' });
    this.ladder = new Ladder({
      ...{ rungs: [{ lines: 480, bitsPerSecond: 20 }, { lines: 360, bitsPerSecond: 10 }], encoder: 'libx264', slots, keptForMs },
      ...{ presentation: this.presentation, bus: this.bus, createBus: () => this.#createBus(), ffmpegMajor: 5, restartDelayMs: 1 },
      isPublishers: () => this.isPublishers,
      isWatched: () => this.isWatched,
      startTranscoder: (plan) => {
        const transcoder = new FakeTranscoder(plan);
        this.transcoders.push(transcoder);
        return transcoder;
      },
      onTrouble: (what) => this.troubles.push(what),
      onChange: () => this.offers.push(this.ladder.choices.map(({ id }) => id).join(' ')),
    });
  }

  begin(track: Track = large): void {
    this.bus.startTimeline({ init: readInitSegment(initSegment([track])), captureTimeMs: Date.UTC(2026, 0, 2) });
  }

  /** Pictures of the source up to a time. */
  play(from: number, to: number): void {
    for (const sample of this.#samples) if (sample.startSeconds >= from - 1e-6 && sample.startSeconds < to - 1e-6) this.bus.push([fragment([sample])]);
  }

  /** What a transcoder makes of these pictures. */
  make(transcoder: FakeTranscoder | undefined, from: number, to: number, { init = true, payload = 'made' } = {}): void {
    if (init) transcoder?.give(initSegment(rungs));
    const made = this.#samples.filter(({ startSeconds }) => startSeconds >= from - 1e-6 && startSeconds < to - 1e-6);
    for (const sample of made) for (const track of rungs) transcoder?.give(fragmentBytes([{ ...sample, track } satisfies Sample], Buffer.from(`${payload} ${track.trackId} ${sample.startSeconds.toFixed(1)};`)));
  }

  listed(): string[] {
    const { body } = this.presentation.multivariant();
    return body instanceof Encoded ? body.identity.toString().split('\n').filter((line) => line !== '' && !line.startsWith('#')) : [];
  }

  async playlist(id: string): Promise<ReturnType<typeof readMediaPlaylist>> {
    const answer = await this.presentation.rendition(id)?.mediaPlaylist({}, neverGone);
    if (!(answer?.body instanceof Encoded)) throw new Error(`expected a playlist, got ${answer?.message}`);
    return readMediaPlaylist(answer.body.identity.toString());
  }

  #createBus(): FragmentBus {
    return new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => t.fail(String(error)) });
  }
}

const all = ['run1/media.m3u8', 'run1/480p/media.m3u8', 'run1/360p/media.m3u8'];

t.test('renditions are listed before they are made; who asks for one waits until it has something, with the numbers of the source and gaps before', async (t) => {
  const studio = new Studio();
  studio.begin();
  studio.play(0, 9.6);
  t.strictSame(studio.listed(), all);
  t.strictSame(studio.offers, ['480p 360p'], 'those who are sent fragments are told, too');
  t.equal(studio.transcoders.length, 0, 'nothing is made for nobody');
  t.equal(studio.ladder.measures, undefined);
  t.equal(await studio.ladder.prepare('240p', neverGone), undefined, 'what is none of these is none of ours');
  const prepared = studio.ladder.prepare('360p', neverGone);
  await until(() => studio.transcoders[0]?.written.length === 17);
  studio.make(studio.transcoders[0], 8, 9.6);
  t.equal(await prepared, undefined);
  const { segments, mediaSequence, ...playlist } = await studio.playlist('360p');
  t.strictSame([mediaSequence, segments.map(({ isGap }) => isGap)], [0, [true, true, true, true, false]]);
  t.strictSame(violations([{ segments, mediaSequence, ...playlist }]), []);
  const lead = await studio.presentation.lead.mediaPlaylist({}, neverGone);
  const source = lead.body instanceof Encoded ? readMediaPlaylist(lead.body.identity.toString()) : undefined;
  const cutsOf = (list: typeof segments = []): unknown => list.filter(({ durationSeconds }) => durationSeconds).map(({ sequenceNumber, durationSeconds, programDateTime }) => [sequenceNumber, durationSeconds, programDateTime]);
  t.strictSame(cutsOf(segments), cutsOf(source?.segments));
  t.strictSame(studio.ladder.measures, { lagSeconds: 0, encoder: 'libx264', preset: 'superfast', renditions: 2 });
  studio.bus.end();
  await studio.ladder.end();
});

t.test('one ffmpeg that dies is followed by another that begins where the renditions are, and nothing is published twice', async (t) => {
  const studio = new Studio();
  studio.begin();
  studio.play(0, 4.5);
  const prepared = studio.ladder.prepare('480p', neverGone);
  await until(() => studio.transcoders[0]?.written.length === 6);
  studio.make(studio.transcoders[0], 4, 4.3);
  studio.transcoders[0]?.give(fragmentBytes([{ track: { ...videoTrack, trackId: 1 }, startSeconds: 4.3, durationSeconds: 0.1, keyframe: false }], Buffer.from('made 1 4.3;')));
  await until(() => studio.ladder.measures?.lagSeconds !== undefined && studio.ladder.measures.lagSeconds < 0.25);
  studio.transcoders[0]?.die('it fell over', 'server');
  await until(() => studio.transcoders[1]?.written.length === 6);
  t.strictSame(studio.troubles, ['it fell over']);
  const filter = studio.transcoders[1]?.plan.outputOptions[1];
  t.match(filter, /\[in0\]select=gt\(t\\,4\.300500\).*\[in1\]select=gt\(t\\,4\.200500\)/, 'each from its own last picture on');
  studio.play(4.5, 8.1);
  studio.make(studio.transcoders[1], 4, 8.1, { payload: 'anew' });
  await prepared;
  await until(() => studio.ladder.measures?.lagSeconds === 0);
  studio.bus.endTimeline();
  studio.bus.end();
  studio.transcoders[1]?.end();
  await studio.ladder.end();
  studio.presentation.end();
  for (const [index, id] of ['480p', '360p'].entries()) {
    let text = '';
    for (const { uri = '', isGap } of (await studio.playlist(id)).segments) {
      const answer = await studio.presentation.rendition(id)?.media(uri, neverGone);
      if (!isGap && Buffer.isBuffer(answer?.body)) text += answer.body.toString('latin1');
    }
    const times = [...text.matchAll(/(made|anew) (\d) ([\d.]+);/g)].map(([, , track, time]) => [Number(track), Number(time)]);
    t.strictSame(times.filter(([track]) => track !== index + 1), []);
    t.strictSame(times.map(([, time]) => time), Array.from({ length: 41 }, (_, picture) => Math.round(40 + picture) / 10), `${id}: every picture once, in order`);
  }
});

t.test('an ffmpeg that dies again and again is given up for a while, and the source does not notice', async (t) => {
  const slots = new Semaphore(1);
  const studio = new Studio(slots);
  studio.begin();
  studio.play(0, 4.5);
  const prepared = studio.ladder.prepare('480p', (giveUp) => {
    void until(() => studio.troubles.length > 3).then(giveUp);
    return () => undefined;
  });
  for (let fall = 0; fall < 4; fall++) {
    await until(() => studio.transcoders.length > fall);
    studio.transcoders[fall]?.die('no');
  }
  t.match(await prepared, { outcome: 'standstill', message: 'the rendition "480p" is not ready in time' });
  await until(() => slots.hasRoom);
  t.strictSame(studio.listed(), ['run1/media.m3u8']);
  t.equal(studio.ladder.bus('480p'), undefined);
  studio.bus.end();
  await studio.ladder.end();
});

t.test('as many ladders are made at a time as there may be, and one that nobody watches any more makes room', async (t) => {
  const slots = new Semaphore(1);
  const [first, second] = [new Studio(slots, 40), new Studio(slots, 40)];
  for (const studio of [first, second]) {
    studio.begin();
    studio.play(0, 4.5);
  }
  first.isWatched = true;
  t.ok(first.ladder.choices[0]?.bus, 'whoever takes it has it made');
  t.ok(first.ladder.measures);
  t.equal(second.ladder.bus('480p'), undefined);
  t.strictSame(second.listed(), ['run1/media.m3u8'], 'what can not be made now is not listed');
  t.strictSame(first.listed(), all);
  first.isWatched = false;
  await until(() => slots.hasRoom);
  t.ok(second.ladder.bus('480p'));
  for (const studio of [first, second]) {
    studio.bus.end();
    await studio.ladder.end();
  }
  t.ok(slots.hasRoom);
});

t.test('of a publisher that makes renditions, of a small source and of sound alone nothing is made', async (t) => {
  const studio = new Studio();
  studio.begin();
  studio.play(0, 4.5);
  studio.isPublishers = true;
  t.strictSame(studio.listed(), ['run1/media.m3u8']);
  studio.isPublishers = false;
  studio.begin({ ...picture, width: 640, height: 400 });
  t.strictSame(studio.ladder.offered.map(({ id, resolution }) => [id, resolution]), [['360p', { width: 576, height: 360 }]]);
  studio.begin({ ...picture, width: 320, height: 180 });
  t.strictSame(studio.ladder.offered, []);
  studio.bus.end();
  await studio.ladder.end();
});
