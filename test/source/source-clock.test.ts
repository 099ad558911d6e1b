import t from 'tap';
import { SourceClock } from '../../src/source/source-clock.js';

const video = (timeSeconds: number): { kind: 'video'; timeSeconds: number } => ({ kind: 'video', timeSeconds });
const audio = (timeSeconds: number): { kind: 'audio'; timeSeconds: number } => ({ kind: 'audio', timeSeconds });

t.test('a clock jumps when it goes back, or far ahead of all that came', (t) => {
  const clock = new SourceClock();
  t.notOk(clock.jumpsAt(video(3600)), 'wherever it begins');
  clock.note(video(5));
  clock.note(audio(5));
  for (const timeSeconds of [4.2, 5, 14.9]) t.notOk(clock.jumpsAt(video(timeSeconds)), `${timeSeconds} s`);
  for (const timeSeconds of [3.9, -1, 15.1, 3605]) t.ok(clock.jumpsAt(video(timeSeconds)), `${timeSeconds} s`);
  t.end();
});

t.test('a picture that stood still may move again at the time the sound has come to', (t) => {
  const clock = new SourceClock();
  clock.note(video(0));
  for (let second = 0; second < 600; second++) clock.note(audio(second));
  t.notOk(clock.jumpsAt(video(599)));
  t.ok(clock.jumpsAt(video(620)));
  t.end();
});
