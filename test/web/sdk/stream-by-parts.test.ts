import type Hls from 'hls.js';
import type { LevelDetails, MediaFragment } from 'hls.js';
import t from 'tap';
import { streamByParts } from '../../../src/web/sdk/playback/stream-by-parts.js';

const Events = { FRAG_LOAD_EMERGENCY_ABORTED: 'aborted' };
const partTarget = 1 / 3;

interface FakeFragment {
  readonly sn: number;
  readonly level: number;
  readonly start: number;
  readonly end: number;
  readonly duration: number;
}

/** Segments of 2 s from 0 on, the last of them with so many parts so far. */
function detailsOf(level: number, partEnd: number, live: boolean): LevelDetails {
  const all = Array.from({ length: Math.ceil(partEnd / 2) }, (_, sn) => ({ sn, level, start: sn * 2 + 0.02, end: sn * 2 + 2.02, duration: 2 }));
  const fragmentHint = partEnd % 2 > 0.01 ? all.pop() : undefined;
  const partList = [...all.slice(-2), ...(fragmentHint ? [fragmentHint] : [])].map((fragment) => ({ fragment }));
  return { partList, fragments: all, fragmentHint, partEnd: partEnd + 0.02, partTarget, live } as unknown as LevelDetails;
}

interface Bench {
  /** What is loaded of a level that lists so much, with a buffer up to there. */
  readonly next: (level: number, bufferEnd: number, partEnd: number, live?: boolean) => string;
  readonly leaveInHaste: (sn: number) => void;
}

/** What is in hand is of level 2. */
function bench(): Bench {
  let tell: (event: string, data: object) => void = () => undefined;
  /** As much of hls.js's own as is asked for a fragment. */
  class FakeController {
    getFragmentAtPosition(bufferEnd: number, _end: number, { fragments, fragmentHint }: { fragments: FakeFragment[]; fragmentHint?: FakeFragment }): FakeFragment | null {
      return [...fragments, ...(fragmentHint ? [fragmentHint] : [])].find(({ start, end }) => start <= bufferEnd && bufferEnd < end) ?? fragments.at(-1) ?? null;
    }

    getAppendedFrag(position: number): FakeFragment | null {
      return position < 0 ? null : ({ sn: Math.floor(position / 2), level: 2 } as FakeFragment);
    }
  }
  const Stream = streamByParts({ DefaultConfig: { streamController: FakeController }, Events } as unknown as typeof Hls);
  const hls = { on: (event: string, handler: typeof tell) => event === Events.FRAG_LOAD_EMERGENCY_ABORTED && (tell = handler) };
  const stream = new Stream(hls as never, {} as never, {} as never) as unknown as { getFragmentAtPosition(bufferEnd: number, end: number, details: LevelDetails): MediaFragment | null };
  return {
    next: (level, bufferEnd, partEnd, live = true) => {
      const found = stream.getFragmentAtPosition(bufferEnd, partEnd, detailsOf(level, partEnd, live));
      return found === null ? 'none' : `${found.level}: ${found.sn}`;
    },
    leaveInHaste: (sn) => tell('aborted', { frag: { sn } }),
  };
}

t.test('a segment that has come whole is not loaded again in another level, although its sound ends before its picture', async (t) => {
  const { next } = bench();
  t.equal(next(0, 4.0, 4 + partTarget), '0: 2');
  t.equal(next(0, 4.0, 4), '0: 1', 'but where none follows yet, hls.js does what it does');
});

t.test('in the same level, and in the middle of a segment, nothing is left out', async (t) => {
  const { next } = bench();
  t.equal(next(2, 4.0, 4 + partTarget), '2: 1');
  t.equal(next(0, 3, 3 + partTarget), '0: 1');
  t.equal(next(0, 5.7, 6 + partTarget), '0: 2');
});

t.test('left in haste late in a segment, the next keyframe is waited for and begun with; early in one it is loaded from its own', async (t) => {
  const { next, leaveInHaste } = bench();
  leaveInHaste(2);
  t.equal(next(0, 4 + partTarget, 4 + 3 * partTarget), '0: 2');
  t.equal(next(0, 4 + 5 * partTarget, 6), 'none');
  t.equal(next(0, 4 + 5 * partTarget, 6, false), '0: 2', 'unless none comes any more');
  t.equal(next(0, 4 + 5 * partTarget, 6 + partTarget), '0: 3');
  t.equal(next(0, 6 + 5 * partTarget, 8), '0: 3', 'another segment, without haste');
});

t.test('segment 0 is not chosen as long as its parts are listed: not to begin with, and not where a list ends before what is wanted', async (t) => {
  const { next } = bench();
  t.equal(next(2, 2.1, 2), 'none', 'the next one has not begun');
  t.equal(next(2, 1.8, 2 + partTarget), '2: 1');
  t.equal(next(2, 1.8, 2, false), '2: 0', 'of a broadcast that is over all of it is played');
  t.equal(next(2, 1.8, 6 + partTarget), '2: 0', 'and as a whole it is like any other');
});
