import t from 'tap';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { FragmentBus, type FragmentConsumer } from '../../src/live/fragment-bus.js';
import { Renditions } from '../../src/live/renditions.js';
import { soundBus } from '../../src/live/sound-bus.js';
import { Viewers } from '../../src/live/viewers.js';
import { Presentation, type Timeline } from '../../src/hls/presentation.js';
import type { ViewerSink } from '../../src/live/viewer.js';
import { audioTrack, fragment, initSegment, videoTrack } from '../helpers/media-builder.js';

const createBus = (): FragmentBus => new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => t.fail(String(error)) });
const both = readInitSegment(initSegment([videoTrack, audioTrack]));
const silent = readInitSegment(initSegment([videoTrack]));
const picture = fragment([{ track: videoTrack, startSeconds: 0, durationSeconds: 0.04, keyframe: true }]);
const sound = fragment([{ track: audioTrack, startSeconds: 0, durationSeconds: 0.02, keyframe: true }]);

class Keeping implements FragmentConsumer {
  readonly told: string[] = [];
  timeline: Timeline | undefined;

  startTimeline(timeline: Timeline): void {
    this.timeline = timeline;
    this.told.push(timeline.init.codecs);
  }

  push({ fragments }: { readonly fragments: readonly (typeof sound)[] }): void {
    this.told.push(...fragments.map((each) => (each === sound ? 'sound' : 'something else')));
  }

  end(): void {
    this.told.push('end');
  }

  drop(error: unknown): void {
    this.told.push(String(error));
  }
}

t.test('who wants the sound alone gets it from now on, on the clock of the source, and nothing of what is silent', (t) => {
  const bus = createBus();
  const source = { init: both, captureTimeMs: 5 };
  bus.startTimeline(source);
  bus.push([picture, sound]);
  const keeping = new Keeping();
  soundBus(bus).subscribe(keeping, { from: 'group', loss: 'skip' });
  bus.push([picture, sound, sound]);
  source.captureTimeMs = 7;
  t.equal(keeping.timeline?.captureTimeMs, 7);
  bus.startTimeline({ init: silent, captureTimeMs: 8 });
  bus.push([picture]);
  bus.startTimeline({ init: both, captureTimeMs: 9 });
  bus.push([picture, sound]);
  bus.end();
  t.strictSame(keeping.told, ['mp4a.40.2', 'sound', 'sound', 'sound', 'mp4a.40.2', 'sound', 'end']);
  t.end();
});

t.test('viewers of other renditions find those that are there, and are counted', (t) => {
  const bus = createBus();
  const presentation = new Presentation({ broadcast: 'run1', listedSegments: 6 });
  const renditions = new Renditions({ follow: (name) => presentation.follow(name), createBus, onChange: () => viewers.renditionsChanged() });
  const viewers: Viewers = new Viewers({ bus, renditions: () => renditions.on });
  const isThere = (id: string): boolean => {
    try {
      viewers.requireRendition(id);
      return true;
    } catch {
      return false;
    }
  };
  const start = (init: typeof both, others: readonly string[]): void => {
    bus.startTimeline({ init, captureTimeMs: 0 });
    renditions.startTimeline(new Map(others.map((name) => [name, { init: silent, captureTimeMs: 0 }])));
  };
  t.notOk(isThere('audio'), 'before there was anything');
  start(silent, []);
  t.notOk(isThere('audio'), 'where it is silent');
  start(both, ['picture-2']);
  t.strictSame(['audio', 'picture-2', 'picture-3'].map(isThere), [true, true, false]);
  const sink = (): ViewerSink => ({ message: () => undefined, init: () => undefined, media: () => undefined, backlogBytes: 0, end: () => undefined, drop: () => undefined });
  const leave = ['audio', 'picture-2'].map((id) => viewers.join(sink(), id));
  t.strictSame([...viewers.countByRendition], [['audio', 1], ['picture-2', 1]]);
  t.equal(viewers.count, 2);
  for (const each of leave) each();
  t.equal(viewers.count, 0);
  start(both, []);
  t.notOk(isThere('picture-2'), 'one that is gone');
  bus.end();
  renditions.end();
  t.end();
});
