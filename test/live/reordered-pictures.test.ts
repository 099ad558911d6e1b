import t from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readSamples } from '../../src/fmp4/samples.js';
import type { TranscodePlan } from '../../src/live/ffmpeg-options.js';
import { Take } from '../../src/live/take.js';
import type { MediaOutput } from '../../src/live/transcode-run.js';
import { TranscodeSupervisor, type PlanStart } from '../../src/live/transcode-supervisor.js';
import type { ShapedFrame } from '../../src/source/track-shaper.js';
import { initSegment, videoTrack } from '../helpers/media-builder.js';
import { muxedBytes } from '../helpers/muxed-fragment.js';
import { eventsOf } from '../source/fixture.js';
import { until } from './fake-studio.js';
import { FakeTranscoder } from './fake-transcoder.js';

/** In which order the pictures between two that come in order are decoded: after a keyframe, so many groups of them. */
const groups: Readonly<Record<string, readonly number[]>> = {
  'one in between': [1, 0],
  'two in between': [2, 0, 1],
  'seven in three floors': [7, 3, 1, 0, 2, 5, 4, 6],
};
const rate = 25;

/** Three groups of pictures in the order in which they are decoded; each frame's bytes are its number in the order in which it is shown. */
function scripted(little: readonly number[], hasDecodeTimes: boolean): ShapedFrame[] {
  const shown = [0, 1, 2].flatMap((group) => {
    const first = group * (1 + 2 * little.length);
    return [first, ...[0, 1].flatMap((each) => little.map((place) => first + 1 + each * little.length + place))];
  });
  return shown.map((place, index): ShapedFrame => {
    const timeSeconds = (place + 10) / rate;
    return { track: 1, kind: 'video', timeSeconds, decodeSeconds: hasDecodeTimes ? (index + 6) / rate : timeSeconds, keyframe: index % (1 + 2 * little.length) === 0, bytes: Buffer.from(`${place};`) };
  });
}

/** Gives each picture as it comes, with times of decoding of its own, as ffmpeg does; after so many it is killed. */
class Copying extends FakeTranscoder {
  #left: number;
  #given = 0;

  constructor(plan: TranscodePlan, dies: number | undefined, init: Buffer) {
    super(plan);
    this.#left = dies ?? Infinity;
    this.give(init);
  }

  override async write(bytes: Uint8Array): Promise<void> {
    await super.write(bytes);
    const frames = eventsOf(Buffer.concat(this.written)).flatMap((event) => (event.type === 'frame' ? [event] : []));
    for (const { bytes: picture, keyframe } of frames.slice(this.#given)) {
      if (this.#left-- <= 0) break;
      const ticks = 900_000 + (this.#given++ * 90_000) / rate;
      this.give(muxedBytes([{ trackId: videoTrack.trackId, ticks, samples: [Buffer.from(picture).toString()], keyframe }]));
    }
    if (this.#left < 0) this.die('ffmpeg was killed by SIGKILL', 'server');
  }
}

interface Shown {
  readonly given: readonly string[];
  readonly plans: readonly PlanStart[];
}

/** What viewers get of it, where one transcoder after another dies after so many pictures. */
async function play(frames: readonly ShapedFrame[], deaths: readonly number[], { inits = [], mayGoOn = true }: { readonly inits?: readonly Buffer[]; readonly mayGoOn?: boolean } = {}): Promise<Shown> {
  const take = new Take({ startedAtMs: 0, header: { container: 'matroska', tracks: [{ id: 1, kind: 'video', codec: 'vp8', width: 640, height: 360, reorderedPictures: 2 }] } });
  const given: string[] = [];
  const note = (fragments: readonly Fragment[]): number => given.push(...fragments.flatMap((each) => readSamples(each).map(({ bytes }) => bytes.toString())));
  const output: MediaOutput = {
    startTimeline: () => given.push('begin'),
    resumeTimeline: () => undefined,
    push: note,
    offer: (fragments) => note(fragments) && fragments.length,
    endTimeline: () => given.push('end'),
  };
  const plans: PlanStart[] = [];
  const supervisor = new TranscodeSupervisor({
    ...{ take, startSeconds: undefined, output, hungAfterMs: 10_000, restartDelayMs: 0, onRestart: () => undefined, onCopyRefused: () => undefined },
    planFor: (start) => ({ inputFormat: 'matroska', inputOptions: [], outputOptions: [], outputs: [{ name: 'source', trackIds: [1] }], outputStartSeconds: 10, tracks: [{ kind: 'video', sourceCodec: 'h264', action: 'copy', reason: '' }], ...start }),
    startTranscoder: (plan) => {
      const number = plans.push(plan as PlanStart) - 1;
      return new Copying(plan, deaths[number], inits[number] ?? initSegment([videoTrack]));
    },
  });
  const playing = supervisor.play();
  for (const frame of frames) await take.write([frame]);
  // All of them died, unless what is left is left out.
  if (mayGoOn) await until(() => plans.length > deaths.length);
  take.end();
  await playing;
  return { given, plans };
}

t.test('wherever a copy of pictures out of order ends, each comes once, in its order and in one timeline', async (t) => {
  for (const [name, little] of Object.entries(groups)) {
    for (const hasDecodeTimes of [true, false]) {
      const frames = scripted(little, hasDecodeTimes);
      const expected = ['begin', ...frames.map(({ bytes }) => bytes.toString()), 'end'];
      for (let first = 1; first < frames.length; first++) {
        const { given, plans } = await play(frames, [first, 3]);
        t.strictSame(given, expected, `${name}, ended after ${first} of ${frames.length}`);
        t.ok(plans.every(({ leaveOutBefore }) => leaveOutBefore === undefined), 'nothing is encoded');
      }
    }
  }
});

t.test('where the next transcoder begins with another header, its timeline begins with the keyframe: no picture is lacking', async (t) => {
  const frames = scripted([2, 0, 1], true);
  const numbers = frames.map(({ bytes }) => bytes.toString());
  const { given } = await play(frames, [4], { inits: [initSegment([videoTrack]), initSegment([{ ...videoTrack, timescale: 48_000 }])] });
  t.strictSame(given, ['begin', ...numbers.slice(0, 4), 'end', 'begin', ...numbers, 'end']);
});

t.test('where nobody goes on in it, its timeline ends, once', async (t) => {
  const { given } = await play(scripted([2, 0, 1], true), [4, 4, 4], { mayGoOn: false });
  t.strictSame(given.slice(0, 6).map((each) => /begin|end/.exec(each)?.[0] ?? 'picture'), ['begin', 'picture', 'picture', 'picture', 'picture', 'end']);
  t.equal(given.filter((each) => each === 'end').length, given.filter((each) => each === 'begin').length);
});
