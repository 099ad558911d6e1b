import t from 'tap';
import { SourceClock } from '../../src/source/source-clock.js';

const video = (decodeSeconds: number): { kind: 'video'; decodeSeconds: number } => ({ kind: 'video', decodeSeconds });
const audio = (decodeSeconds: number): { kind: 'audio'; decodeSeconds: number } => ({ kind: 'audio', decodeSeconds });

t.test('a clock jumps when it goes back, or far ahead of all that came', (t) => {
  const clock = new SourceClock();
  t.notOk(clock.jumpsAt(video(3600)), 'wherever it begins');
  clock.note(video(5));
  clock.note(audio(5));
  for (const decodeSeconds of [4.2, 5, 14.9]) t.notOk(clock.jumpsAt(video(decodeSeconds)), `${decodeSeconds} s`);
  for (const decodeSeconds of [3.9, -1, 15.1, 3605]) t.ok(clock.jumpsAt(video(decodeSeconds)), `${decodeSeconds} s`);
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
