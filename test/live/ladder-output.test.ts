import t from 'tap';
import { numberOf } from '../../src/fmp4/fragment-numbers.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { LadderOutput, type LadderOutputOptions } from '../../src/live/ladder-output.js';
import type { Renditions } from '../../src/live/renditions.js';
import { AddingPlayer } from '../helpers/adding-player.js';
import { audioTrack, fragmentBytes, initSegment, videoTrack } from '../helpers/media-builder.js';

const [small, sound]: readonly Track[] = [{ ...videoTrack, trackId: 2 }, { ...audioTrack, trackId: 3 }];
const tracks = [videoTrack, small, sound] as readonly Track[];
const init = initSegment(tracks);

/** A group of pictures of both renditions, and their sound, as ffmpeg writes it with its own numbers. */
const group = (startSeconds: number): Buffer => Buffer.concat([0, 0.5].flatMap((later) => tracks.map((track) => fragmentBytes([{ track, startSeconds: startSeconds + later, durationSeconds: 0.5, keyframe: later === 0 || track.kind === 'audio' }]))));

t.test('law: in each rendition numbers rise over all of its ffmpegs, and who begins at any keyframe and reads a decode time only where a number does not follow has each track at its time', async (t) => {
  const came = new Map<string, Fragment[]>();
  const push = (name: string, fragments: readonly Fragment[]): unknown => came.set(name, [...(came.get(name) ?? []), ...fragments]);
  const renditions = { push, startTimeline: () => undefined } as unknown as Renditions;
  const outputs = [{ name: '480', trackIds: [1, 3] }, { name: '360', trackIds: [2, 3] }];
  const options: LadderOutputOptions = { renditions, outputs, timeline: { init: readInitSegment(init), captureTimeMs: 0 }, shownLaterSeconds: 0, before: undefined };
  const first = new LadderOutput(options);
  first.take(Buffer.concat([init, group(10), group(11)]));
  new LadderOutput({ ...options, before: first }).take(Buffer.concat([init, group(11), group(12)]));
  for (const { name } of outputs) {
    const fragments = came.get(name) ?? [];
    t.strictSame(fragments.map(({ runs: [run] }) => run && run.baseMediaDecodeTime / (tracks[run.trackId - 1]?.timescale ?? NaN)), [10, 10, 10.5, 10.5, 11, 11, 11.5, 11.5, 12, 12, 12.5, 12.5], name);
    t.ok(fragments.every((fragment, at) => at === 0 || numberOf(fragment) > numberOf(fragments[at - 1] ?? fragment)), `${name}: ${fragments.map(numberOf).join(' ')}`);
    for (const at of [0, 4, 8]) {
      const player = new AddingPlayer();
      for (const fragment of fragments.slice(at)) player.push(fragment);
      t.equal(player.worstTicks, 0, `${name} from ${String(at)}`);
    }
  }
});
