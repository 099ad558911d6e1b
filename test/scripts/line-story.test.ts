import t from 'tap';
import { storyOf } from '../../scripts/bench/line/line-story.js';

type Frames = Parameters<typeof storyOf>[0];
const line = { slowFromMs: 1000, slowUntilMs: 5000, untilMs: 9000 };

/** A picture every 40 ms up to there; of a width by when it is shown, and none while it stands. */
function pictures(widthAt: (atMs: number) => number, stands: (atMs: number) => boolean = () => false): Frames {
  const all = Array.from({ length: 225 }, (_, number) => ({ atMs: number * 40, mediaSeconds: number / 25, number, width: widthAt(number * 40) }));
  return all.filter(({ atMs }) => !stands(atMs));
}

t.test('down, up and how long the picture stood are read from what was shown', async (t) => {
  const frames = pictures((atMs) => (atMs < 2000 || atMs >= 8000 ? 1280 : 640), (atMs) => atMs > 1500 && atMs < 2000);
  const story = storyOf(frames, line);
  t.match(story, { downSeconds: 1, upSeconds: 3, longestStallSeconds: 0.52, twice: 0 });
  t.equal(story.missing, 12);
});

t.test('a picture that stands when the line changes, and one at the end, count; numbers that do not rise are told', async (t) => {
  const before = storyOf(pictures(() => 640, (atMs) => atMs > 800 && atMs < 1600), line);
  t.match(before, { downSeconds: undefined, upSeconds: undefined, longestStallSeconds: 0.8 });
  t.equal(storyOf(pictures(() => 640, (atMs) => atMs > 7000), line).longestStallSeconds, 2);
  const frames = [...pictures(() => 640)];
  frames[60] = { ...frames[60]!, number: 58 };
  t.equal(storyOf(frames, line).twice, 1);
});
