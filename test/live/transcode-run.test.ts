import t from 'tap';
import { Take } from '../../src/live/take.js';
import { TranscodeRun, type MediaOutput } from '../../src/live/transcode-run.js';
import { readSamples } from '../../src/fmp4/samples.js';
import { audioTrack, initSegment, videoTrack } from '../helpers/media-builder.js';
import { muxedBytes } from '../helpers/muxed-fragment.js';
import { turns } from './fake-studio.js';
import { FakeTranscoder } from './fake-transcoder.js';

function run(output: Partial<MediaOutput>): { transcoder: FakeTranscoder; run: TranscodeRun } {
  const transcoder = new FakeTranscoder({ inputFormat: 'matroska', inputOptions: [], outputOptions: [], tracks: [], outputs: [{ name: 'source', trackIds: [1] }], outputStartSeconds: 0 });
  const take = new Take({ startedAtMs: 0, header: { container: 'webm', tracks: [{ id: 1, kind: 'video', codec: 'vp8' }] } });
  const options = { outputs: transcoder.plan.outputs, take, read: {}, times: () => ({ startSeconds: 0, zeroSeconds: 0 }), hungAfterMs: 10_000, copiesPicture: false };
  const quiet: MediaOutput = { startTimeline: () => undefined, resumeTimeline: () => undefined, push: () => undefined, offer: ({ length }) => length, endTimeline: () => undefined };
  return { transcoder, run: new TranscodeRun({ ...options, transcoder, output: { ...quiet, ...output } }) };
}

t.test('what our own consumers throw is not taken for a fault of ffmpeg', async (t) => {
  const fault = new TypeError('undefined is not a fragment');
  const fail = (): never => {
    throw fault;
  };
  for (const output of [{ startTimeline: fail }, { push: fail }]) {
    const { transcoder, run: { finished } } = run(output);
    transcoder.init();
    transcoder.pictures(3);
    await t.rejects(finished, fault);
    t.ok(transcoder.ended, 'and ffmpeg is gone');
  }
});

t.test('what is no MP4 is told as what ffmpeg did', async (t) => {
  const { transcoder, run: { finished } } = run({});
  transcoder.jpeg('a picture where a box should be');
  await turns();
  t.match(await finished, { failure: { fault: 'server', message: /ffmpeg wrote what is no MP4/ } });
});

t.test('a keyframe goes on alone, behind the sound that ffmpeg put into its fragment, and so does the first sound after it', async (t) => {
  const given: string[] = [];
  const { transcoder, run: { finished } } = run({ push: (fragments) => given.push(...fragments.map((fragment) => readSamples(fragment).map(({ bytes }) => bytes.toString()).join(' '))) });
  transcoder.give(initSegment([videoTrack, audioTrack]));
  const sound = (name: string, ticks: number): Parameters<typeof muxedBytes>[0][number] => ({ trackId: audioTrack.trackId, ticks, samples: [name] });
  const picture = (name: string, ticks: number, keyframe: boolean): Parameters<typeof muxedBytes>[0][number] => ({ trackId: videoTrack.trackId, ticks, samples: [name], keyframe });
  transcoder.give(muxedBytes([picture('keyframe', 90_000, true), sound('before', 47_000)]));
  transcoder.give(muxedBytes([picture('second', 93_000, false), sound('behind', 48_024)]));
  transcoder.give(muxedBytes([picture('third', 96_000, false), sound('later', 49_048)]));
  transcoder.end();
  await finished;
  t.strictSame(given, ['before', 'keyframe', 'behind', 'second', 'third later']);
});
