import t from 'tap';
import type { Fragment } from '../../src/fmp4/fragment.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import type { FragmentBurst } from '../../src/live/fragment-burst.js';
import { FragmentBus, type FragmentConsumer } from '../../src/live/fragment-bus.js';
import { gatheredBus } from '../../src/live/gathered-bus.js';
import { fragment, initSegment, videoTrack } from '../helpers/media-builder.js';
import { until } from './fake-studio.js';

const timeline = { init: readInitSegment(initSegment([videoTrack])), captureTimeMs: 0 };
const picture = (number: number, keyframe = false): Fragment => fragment([{ track: videoTrack, startSeconds: number / 10, durationSeconds: 0.1, keyframe }], number);

/** Keeps the numbers of each burst, and what else it was told. */
class Keeping implements FragmentConsumer {
  readonly told: (string | number[])[] = [];

  startTimeline(): void {
    this.told.push('timeline');
  }

  push({ mp4 }: FragmentBurst): void {
    this.told.push([...mp4.toString('latin1').matchAll(/media (\d+);/g)].map(([, number]) => Number(number)));
  }

  endTimeline(): void {
    this.told.push('end of timeline');
  }

  end(): void {
    this.told.push('end');
  }

  drop(error: unknown): void {
    this.told.push(String(error));
  }
}

function open(): { bus: FragmentBus; gathered: FragmentBus; consumer: Keeping } {
  const bus = new FragmentBus({ maxBacklogBytes: 1e6, onDropped: (error) => t.fail(String(error)) });
  const gathered = gatheredBus(bus, { withinMs: 20 });
  const consumer = new Keeping();
  gathered.subscribe(consumer, { from: 'group', loss: 'skip' });
  bus.startTimeline(timeline);
  return { bus, gathered, consumer };
}

t.test('what comes within the time is one burst; a keyframe goes at once, and who joins then begins with it', async (t) => {
  const { bus, gathered, consumer } = open();
  bus.push([picture(0, true)]);
  t.strictSame(consumer.told, ['timeline', [0]]);
  for (const number of [1, 2, 3]) bus.push([picture(number)]);
  t.equal(consumer.told.length, 2, 'not yet');
  await until(() => consumer.told.length > 2);
  bus.push([picture(4)]);
  bus.push([picture(5, true)]);
  t.strictSame(consumer.told, ['timeline', [0], [1, 2, 3], [4], [5]]);
  const late = new Keeping();
  gathered.subscribe(late, { from: 'group', loss: 'skip' });
  t.strictSame(late.told, ['timeline', [5]]);
  bus.end();
});

t.test('nothing that is held is lost or comes late where a timeline or the broadcast ends', async (t) => {
  const { bus, consumer } = open();
  bus.push([picture(0, true)]);
  bus.push([picture(1)]);
  bus.endTimeline();
  bus.startTimeline(timeline);
  bus.push([picture(2, true)]);
  bus.push([picture(3)]);
  bus.end();
  t.strictSame(consumer.told, ['timeline', [0], [1], 'end of timeline', 'timeline', [2], [3], 'end']);
});

t.test('what is large already is not held, so what is held is bounded', async (t) => {
  const { bus, consumer } = open();
  bus.push([picture(0, true)]);
  const { bytes, ...facts } = picture(1);
  const large = (): Fragment => ({ ...facts, bytes: Buffer.concat([bytes, Buffer.alloc(40_000)]) });
  bus.push([large()]);
  t.equal(consumer.told.length, 2);
  bus.push([large()]);
  t.equal(consumer.told.length, 3);
  bus.end();
});
