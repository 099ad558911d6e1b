import t from 'tap';
import { LevelMeter, loudness } from '../../../src/web/ui/level-meter.js';
import { FakeAudioContext, FakeNode } from '../sdk/fake-audio.js';
import { installGlobals } from '../sdk/fake-document.js';
import { FakeTrack, installFakeMedia } from '../sdk/fake-media.js';

t.test('loudness is even to the ear: silence 0, full scale 1, half of the decibels the middle', async (t) => {
  t.equal(loudness(new Float32Array(64)), 0);
  t.ok(loudness(new Float32Array(64).fill(1)) > 0.99);
  t.ok(Math.abs(loudness(new Float32Array(64).fill(10 ** (-30 / 20))) - 0.5) < 0.01);
});

t.test('the level of the track that is measured is drawn with every picture, read out now and then, and nothing of one before it', async (t) => {
  installFakeMedia(t);
  FakeAudioContext.made = [];
  let level = 1;
  let nowMs = 0;
  const frames: (() => void)[] = [];
  class Analyser extends FakeNode {
    readonly fftSize = 64;
    getFloatTimeDomainData(samples: Float32Array): void {
      samples.fill(level);
    }
  }
  const cancelled = new Set<number>();
  installGlobals(t, {
    AudioContext: FakeAudioContext,
    AnalyserNode: Analyser,
    performance: { now: () => nowMs },
    requestAnimationFrame: (run: () => void) => frames.push(run),
    cancelAnimationFrame: (frame: number) => cancelled.add(frame),
  });
  const [drawn, told]: [string[], string[]] = [[], []];
  const element = { style: { setProperty: (_name: string, value: string) => drawn.push(value) }, setAttribute: (_name: string, value: string) => told.push(value) };
  const meter = new LevelMeter(element as unknown as HTMLElement);
  const draw = (): void => {
    const frame = frames.length;
    if (!cancelled.has(frame)) frames[frame - 1]?.();
  };
  const track = (): MediaStreamTrack => new FakeTrack('audio') as unknown as MediaStreamTrack;
  meter.measure(track());
  for (let frame = 0; frame < 60; frame += 1) {
    nowMs += 16;
    draw();
  }
  t.equal(drawn.at(-1), '100%');
  t.ok(told.length <= 4, `read out ${String(told.length)} times in a second`);
  const [context] = FakeAudioContext.made;
  meter.measure(track());
  t.strictSame(Object.values(context?.sources ?? []).map(({ to }) => to.size), [0, 1], 'the one before is let go of');
  level = 0.001;
  draw();
  t.equal(drawn.at(-1), '0%');
  if (context !== undefined) context.state = 'suspended';
  meter.wake();
  t.equal(context?.state, 'running');
  meter.measure(undefined);
  const { length } = drawn;
  draw();
  t.equal(drawn.length, length, 'nothing is drawn any more');
});
