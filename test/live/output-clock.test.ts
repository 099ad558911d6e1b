import t from 'tap';
import { OutputClock } from '../../src/live/output-clock.js';
import { audioTrack, videoTrack } from '../helpers/media-builder.js';

const pictures = Array.from({ length: 100 }, (_, index) => 3 + index * 0.033);
const pictureNearest = (time: number): number | undefined => pictures.toSorted((a, b) => Math.abs(a - time) - Math.abs(b - time))[0];
const run = (track: typeof videoTrack, seconds: number, durationSeconds = 0): Parameters<OutputClock['deliveredBy']>[0] => ({
  trackId: track.trackId,
  baseMediaDecodeTime: Math.round(seconds * track.timescale),
  duration: Math.round(durationSeconds * track.timescale),
  sampleCount: 1,
  startsWithSync: true,
});

for (const [what, soundIsEncoded, delaySeconds] of [
  ['with sound that is encoded', true, 1024 / 48_000],
  ['without', false, 0],
  ['with sound that was announced and never came', true, 0],
] as const) {
  t.test(`every picture of the output is known for the one of the recording it is: ${what}`, (t) => {
    const clock = new OutputClock({ startSeconds: () => 3, soundIsEncoded, pictureNearest });
    for (const [index, time] of pictures.entries()) {
      const output = index === 0 ? 0 : time - 3 + delaySeconds;
      t.equal(clock.deliveredBy(run(videoTrack, output), videoTrack), time);
    }
    t.end();
  });
}

t.test('sound is delivered up to its end, less what primed its encoder', (t) => {
  const clock = new OutputClock({ startSeconds: () => 3, soundIsEncoded: true, pictureNearest: () => undefined });
  t.ok(Math.abs(clock.deliveredBy(run(audioTrack, 1, 1024 / 48_000), audioTrack) - 4) < 1e-6);
  t.end();
});
