import t from 'tap';
import { readInitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { WholeMoments } from '../../src/fmp4/whole-moments.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

const [lead, sound, small, smallest]: readonly [Track, Track, Track, Track] = [videoTrack, audioTrack, { ...videoTrack, trackId: 3 }, { ...videoTrack, trackId: 4 }];
const outputs = [[lead, sound], [small, sound], [smallest, sound]].map((tracks, index) => ({ name: `output ${index}`, init: readInitSegment(initSegment(tracks)) }));

const at = (track: Track, startSeconds: number): Fragment => fragment([{ track, startSeconds, durationSeconds: 0.04, keyframe: true }]);
const namesOf = (fragments: readonly Fragment[]): string[] => fragments.flatMap(({ runs }) => runs.map(({ trackId, baseMediaDecodeTime }) => `${trackId}@${trackId === sound.trackId ? 'sound' : baseMediaDecodeTime / videoTrack.timescale}`));

t.test('a picture of the source waits for those of the other outputs at its time; the sound between them keeps its place', async (t) => {
  const moments = new WholeMoments(outputs);
  t.strictSame(namesOf(moments.push([at(sound, 0)])), ['2@sound'], 'before the first picture nothing is held');
  t.strictSame(moments.push([at(lead, 1)]), []);
  t.strictSame(moments.push([at(sound, 1), at(small, 1)]), []);
  t.strictSame(namesOf(moments.push([at(smallest, 1), at(lead, 2)])), ['1@1', '2@sound', '3@1', '4@1'], 'and the next moment is held');
  t.strictSame(namesOf(moments.push([at(small, 2), at(smallest, 2), at(sound, 2)])), ['1@2', '3@2', '4@2', '2@sound'], 'what comes after the last of them waits for nothing');
  t.strictSame(moments.flush(), []);
});

t.test('where an output has no picture the moment goes on when the next one begins, and at the end', async (t) => {
  const moments = new WholeMoments(outputs);
  t.strictSame(moments.push([at(lead, 1), at(small, 1)]), []);
  t.strictSame(namesOf(moments.push([at(lead, 2), at(small, 2)])), ['1@1', '3@1']);
  t.strictSame(namesOf(moments.flush()), ['1@2', '3@2']);
});

t.test('of a single output nothing is held', async (t) => {
  const moments = new WholeMoments(outputs.slice(0, 1));
  t.strictSame(namesOf(moments.push([at(lead, 1)])), ['1@1']);
});
