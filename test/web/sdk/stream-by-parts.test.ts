import type Hls from 'hls.js';
import type { LevelDetails, MediaFragment, Part } from 'hls.js';
import Full from 'hls.js';
// @ts-expect-error hls.js has no types for the light build; the full one's fit
import LightBuild from 'hls.js/light';
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

/** Segments of 2 s from 0 on, the last of them with so many parts so far; keyframes at each of them, or so far apart. */
function detailsOf(level: number, partEnd: number, live: boolean, keyframeSeconds = 2): LevelDetails {
  const all = Array.from({ length: Math.ceil(partEnd / 2) }, (_, sn) => ({ sn, level, start: sn * 2 + 0.02, end: sn * 2 + 2.02, duration: 2 }));
  const fragmentHint = partEnd % 2 > 0.01 ? all.pop() : undefined;
  const inKeyframes = Math.round(keyframeSeconds / partTarget);
  const partList = [...all.slice(-2), ...(fragmentHint ? [fragmentHint] : [])].flatMap((fragment) =>
    Array.from({ length: 6 }, (_, index) => ({ fragment, index, duration: partTarget, start: fragment.start + index * partTarget, end: fragment.start + (index + 1) * partTarget, independent: index % inKeyframes === 0, loaded: false })),
  ).filter(({ end }) => end < partEnd + 0.03);
  return { fragments: all, fragmentHint, partList, partEnd: partEnd + 0.02, partTarget, live } as unknown as LevelDetails;
}

interface Bench {
  /** What is loaded of a level that lists so much, with a buffer up to there. */
  readonly next: (level: number, bufferEnd: number, partEnd: number, live?: boolean) => string;
  /** The same of a level with a keyframe each second: segment and part. */
  readonly nextPart: (level: number, bufferEnd: number, partEnd: number, loadedFrom?: number) => string;
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

    getNextPart(parts: readonly Part[], fragment: FakeFragment, bufferEnd: number): number {
      return parts.findLastIndex((part) => part.fragment.sn === fragment.sn && part.independent && part.start <= Math.max(fragment.start, bufferEnd));
    }

    getAppendedFrag(position: number): FakeFragment | null {
      return position < 0 ? null : ({ sn: Math.floor(position / 2), level: 2 } as FakeFragment);
    }
  }
  const Stream = streamByParts({ DefaultConfig: { streamController: FakeController }, Events } as unknown as typeof Hls);
  const hls = { on: (event: string, handler: typeof tell) => event === Events.FRAG_LOAD_EMERGENCY_ABORTED && (tell = handler) };
  const stream = new Stream(hls as never, {} as never, {} as never) as unknown as { getFragmentAtPosition(bufferEnd: number, end: number, details: LevelDetails): MediaFragment | null; getNextPart(parts: readonly Part[], fragment: MediaFragment, bufferEnd: number): number };
  return {
    nextPart: (level, bufferEnd, partEnd, loadedFrom = Infinity) => {
      const details = detailsOf(level, partEnd, true, 1);
      for (const part of details.partList ?? []) if (part.start >= loadedFrom - 0.01 && part.end <= bufferEnd + 0.05) Object.assign(part, { loaded: true });
      const found = stream.getFragmentAtPosition(bufferEnd, partEnd, details);
      const part = found && details.partList?.[stream.getNextPart(details.partList, found, bufferEnd)];
      return part ? `${part.fragment.sn}.${part.index}` : 'none';
    },
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

t.test('one that was begun in its middle is left at its end: hls.js would stay with it, and load nothing', async (t) => {
  const { nextPart } = bench();
  const at = (part: number): number => 4.02 + part * partTarget;
  t.equal(nextPart(2, at(5.95), at(6), at(3)), 'none', 'until the next one has begun');
  t.equal(nextPart(2, at(5.95), at(7), at(3)), '3.0');
  t.equal(nextPart(2, at(4.95), at(6), at(3)), '2.3', 'not before its end');
});

t.test('segment 0 is not chosen as long as its parts are listed: not to begin with, and not where a list ends before what is wanted', async (t) => {
  const { next } = bench();
  t.equal(next(2, 2.1, 2), 'none', 'the next one has not begun');
  t.equal(next(2, 1.8, 2 + partTarget), '2: 1');
  t.equal(next(2, 1.8, 2, false), '2: 0', 'of a broadcast that is over all of it is played');
  t.equal(next(2, 1.8, 6 + partTarget), '2: 0', 'and as a whole it is like any other');
});
t.test('with keyframes between those of segments it begins with the last of them, and waits for the next where that is sooner', async (t) => {
  const { nextPart, leaveInHaste } = bench();
  leaveInHaste(2);
  const at = (part: number): number => 4.02 + part * partTarget;
  t.equal(nextPart(0, at(1), at(2)), '2.0');
  t.equal(nextPart(0, at(3), at(4)), '2.3');
  t.equal(nextPart(0, at(4), at(5)), '2.3', 'where two keyframes ago would be the segment\'s own');
  t.equal(nextPart(0, at(2), at(3)), 'none', 'two parts of three would come for nothing, and the next keyframe is nearly there');
  t.equal(nextPart(0, at(2.9), at(2.9)), 'none');
  t.equal(nextPart(0, at(2.9), at(4)), '2.3', 'and there');
  t.equal(nextPart(0, at(5.5), at(6)), 'none', 'also that of the next segment');
  t.equal(nextPart(0, at(5.5), at(7)), '3.0');
  const calm = bench();
  t.equal(calm.nextPart(0, at(2.9), at(4)), '2.0', 'without haste nothing is left out');
});

const Light = LightBuild as typeof Full;

for (const [build, HlsClass] of [['hls.js', Full], ['hls.js/light', Light]] as const) {
  t.test(`${build} has the methods that are overridden, and still asks them: after an upgrade look here first`, async (t) => {
    const { prototype } = HlsClass.DefaultConfig.streamController as unknown as { prototype: Record<string, (...args: unknown[]) => unknown> };
    for (const [name, parameters] of [['getFragmentAtPosition', 3], ['getNextPart', 3], ['getAppendedFrag', 1]] as const) {
      t.type(prototype[name], 'function', `streamController.${name}`);
      t.equal(prototype[name]?.length, parameters, `parameters of streamController.${name}`);
    }
    const asks = (method: string, asked: string): void => void t.ok(String(prototype[method]).includes(`this.${asked}(`), `${method}() asks ${asked}()`);
    asks('getNextFragment', 'getFragmentAtPosition');
    asks('_doFragLoad', 'getNextPart');
    const details = detailsOf(0, 5.4, true, 1);
    const found = details.fragmentHint;
    const index = prototype.getNextPart?.call({ log: () => undefined }, details.partList, found, 5.2);
    t.match(details.partList?.[Number(index)], { fragment: { sn: 2 }, index: 3 }, 'getNextPart() gives the last part with a keyframe before the end of the buffer');
  });
}
