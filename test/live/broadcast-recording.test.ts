import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BroadcastRecording } from '../../src/live/broadcast-recording.js';
import { until } from './fake-studio.js';
import { openRecordings, recordedInit, recordWishes, wholeSegments } from './kept-recordings.js';

async function bench(t: Test, shape: { renditions?: boolean; longestSeconds?: number } = {}) {
  const recordings = await openRecordings(t, { wishes: recordWishes(undefined, true) });
  const recording = new BroadcastRecording({ recordings, stream: 'cam', broadcast: 'run', describe: () => ({ title: 'A show' }), onGap: () => t.fail('a gap'), renditions: true, longestSeconds: 3600, ...shape });
  return { recordings, recording };
}

t.test('every rendition is kept beside the best, or the best alone; what a recording weighs is all of it', async (t) => {
  for (const renditions of [true, false]) {
    const { recordings, recording } = await bench(t, { renditions });
    const segments = wholeSegments(4);
    recording.renditionSegment('480p', segments[0]!, recordedInit);
    for (const [index, segment] of segments.entries()) {
      // The first of the best was closed before the recording began.
      if (index > 0) recording.segment(segment, recordedInit, 2);
      recording.renditionSegment('480p', segment, recordedInit);
    }
    const id = recording.id ?? '';
    await until(() => recordings.get(id).sums.byteLength >= 3 * (segments[1]?.byteLength ?? 0) * (renditions ? 2 : 1));
    await recording.end();
    const manifest = await recordings.manifest(id);
    t.strictSame(manifest.segments.map(({ mediaSequence }) => mediaSequence), [1, 2, 3]);
    t.strictSame((manifest.renditions.get('480p') ?? []).map(({ uri }) => uri), renditions ? ['480p_1.m4s', '480p_2.m4s', '480p_3.m4s'] : []);
    const files = await readdir(join(recordings.directory, id));
    t.equal(files.includes('480p_2.m4s') && files.includes('480p_init-0.mp4'), renditions);
    t.equal(recordings.get(id).sums.durationSeconds, 6, 'a rendition makes it no longer');
    if (renditions) t.equal((await recordings.media(id, '480p_2.m4s')).byteLength, segments[2]?.byteLength);
  }
});

t.test('a broadcast that goes on for days is several recordings, each of them whole: none of its segments is lost, or in two', async (t) => {
  const { recordings, recording } = await bench(t, { longestSeconds: 20 });
  let bytes = 0;
  for (const segment of wholeSegments(47)) {
    recording.segment(segment, recordedInit, 2);
    recording.renditionSegment('480p', segment, recordedInit);
    bytes = (segment.mediaSequence % 10 === 0 ? 0 : bytes) + 2 * segment.byteLength;
    // The end waits for a disk for a moment only.
    if ([4, 6, 9].includes(segment.mediaSequence % 10)) await until(() => recordings.get(recording.id ?? '').sums.byteLength >= bytes);
  }
  await recording.end();
  const { found } = recordings.list({});
  const inOrder = (await Promise.all(found.map(({ id }) => recordings.manifest(id)))).toReversed();
  t.strictSame(inOrder.map(({ segments }) => segments.length), [10, 10, 10, 10, 7]);
  t.strictSame(inOrder.flatMap(({ segments }) => segments.map(({ mediaSequence }) => mediaSequence)), Array.from({ length: 47 }, (_none, number) => number));
  t.ok(found.every(({ state, description }) => state === 'complete' && description.title === 'A show'));
});
