import type Hls from 'hls.js';
import type { AbrComponentAPI } from 'hls.js';
import t from 'tap';
import { abrByParts } from '../../../src/web/sdk/playback/abr-by-parts.js';
import { FakePage } from './fake-page.js';

const Events = { MANIFEST_LOADING: 'manifest', FRAG_LOADING: 'loading', FRAG_LOADED: 'loaded', FRAG_BUFFERED: 'buffered', FRAG_LOAD_EMERGENCY_ABORTED: 'aborted' } as const;

interface FakeStats {
  aborted: boolean;
  loaded: number;
  loading: { start: number; first: number; end: number };
}

const partSeconds = 1 / 3;
const partsInSegment = 6;

/** As much of hls.js as its choice of a level sees and does. */
class FakeLoader {
  readonly config = { abrEwmaDefaultEstimate: 3_000_000 };
  readonly levels = [0.64e6, 1.14e6, 2.71e6].map((maxBitrate) => ({ maxBitrate, details: undefined as { partList: object[] } | undefined }));
  readonly media = { paused: false };
  readonly done: string[] = [];
  minAutoLevel = 0;
  maxAutoLevel = 2;
  autoLevelEnabled = true;
  mainForwardBufferInfo = { len: 0.6 };
  latestLevelDetails: { partList: { stats: FakeStats; duration: number }[] } = { partList: [] };
  readonly #handlers = new Map<string, (event: string, data: object) => void>();

  on(event: string, handler: (event: string, data: object) => void): void {
    this.#handlers.set(event, handler);
  }

  trigger(event: string, data: object): void {
    if (event === Events.FRAG_LOAD_EMERGENCY_ABORTED) this.done.push('told');
    this.#handlers.get(event)?.(event, data);
  }

  set nextLoadLevel(level: number) {
    this.done.push(`level ${level}`);
  }
}

interface Bench {
  readonly page: FakePage;
  readonly hls: FakeLoader;
  readonly abr: AbrComponentAPI;
  /** Loads a part of the level that is wanted. @param ms it takes so long @param chained the next is loaded at once, and nothing more is told of this one @returns the level */
  readonly part: (index: number, ms: number, chained?: boolean) => Promise<number>;
}

function bench(): Bench {
  const [page, hls] = [new FakePage(), new FakeLoader()];
  const Abr = abrByParts({ Events } as unknown as typeof Hls, page);
  const abr: AbrComponentAPI = new Abr(hls as unknown as Hls);
  let isChained = false;
  const part = async (index: number, ms: number, chained = false): Promise<number> => {
    const level = abr.nextAutoLevel;
    const frag = { sn: 7, level, stats: emptyStats(), duration: 2, abortRequests: () => hls.done.push('abort') };
    const stats = emptyStats();
    const made = { stats, duration: partSeconds, index, independent: index % 3 === 0 };
    const bytes = ((hls.levels[level]?.maxBitrate ?? 0) * partSeconds) / 8;
    hls.latestLevelDetails = { partList: [made] };
    if (!isChained) hls.trigger(Events.FRAG_LOADING, { frag, part: made });
    stats.loading.start = page.nowMs() + 0.001;
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      await page.pass(20);
      stats.loading.first ||= page.nowMs();
      stats.loaded = bytes * Math.min(1, (passedMs + 20) / ms);
      if (hls.done.includes('told')) return level;
    }
    stats.loading.end = page.nowMs();
    hls.trigger(Events.FRAG_LOADED, { frag, part: made });
    isChained = chained;
    if (!chained) hls.trigger(Events.FRAG_BUFFERED, { frag, part: made });
    await page.pass(Math.max(0, partSeconds * 1000 - ms));
    return level;
  };
  return { page, hls, abr, part };
}

const emptyStats = (): FakeStats => ({ aborted: false, loaded: 0, loading: { start: 0, first: 0, end: 0 } });

t.test('it begins with what most lines carry', async (t) => {
  const { hls, abr } = bench();
  t.strictSame([abr.firstAutoLevel, abr.nextAutoLevel, abr.forcedAutoLevel], [2, 2, -1]);
  abr.resetEstimator(700_000);
  t.equal(abr.nextAutoLevel, 0);
  abr.resetEstimator(100_000);
  t.equal(abr.nextAutoLevel, 0, 'and with the lowest where none fits');
  abr.nextAutoLevel = 2;
  hls.maxAutoLevel = 1;
  t.equal(abr.nextAutoLevel, 1, 'what the page bounds stays bounded');
  abr.destroy();
});

t.test('a part that comes too late is left while it comes, also one in the middle of a segment', async (t) => {
  for (const slowPart of [0, 3]) {
    const { page, hls, abr, part } = bench();
    for (let index = 0; index < slowPart; index += 1) await part(index, 100, true);
    t.strictSame(hls.done, []);
    const fromMs = page.nowMs();
    await part(slowPart, 1200);
    t.strictSame(hls.done, ['level 0', 'abort', 'told'], `part ${slowPart}`);
    t.ok(page.nowMs() - fromMs < 500, `after ${page.nowMs() - fromMs} ms`);
    abr.destroy();
    t.equal(page.left.timers, 0);
  }
});

t.test('changed back within a segment, its keyframe is loaded again if the other level has taken its place', async (t) => {
  for (const replaced of [true, false]) {
    const { hls, abr, part } = bench();
    const forgotten: string[] = [];
    const partOf = (sn: number, index: number, loaded = true): object => ({ fragment: { sn }, loaded, clearElementaryStreamInfo: () => forgotten.push(`${sn}.${index}`) });
    const [lowest, , highest] = hls.levels;
    if (lowest) lowest.details = { partList: [partOf(6, 5), partOf(7, 0), partOf(7, 1)] };
    if (highest) highest.details = { partList: [partOf(6, 5), partOf(7, 0, replaced)] };
    await part(0, 1200);
    t.strictSame(forgotten, replaced ? ['7.0', '7.1'] : []);
    abr.destroy();
  }
});

t.test('a viewer who chose, or paused, is loaded what they chose', async (t) => {
  for (const what of ['chosen', 'paused'] as const) {
    const { hls, abr, part } = bench();
    if (what === 'chosen') hls.autoLevelEnabled = false;
    else hls.media.paused = true;
    await part(0, 1200);
    t.strictSame(hls.done, [], what);
    abr.destroy();
  }
});

t.test('up only where the first part of a segment was loaded: that alone comes again', async (t) => {
  const { abr, part } = bench();
  abr.nextAutoLevel = 0;
  const levels: number[] = [];
  for (let number = 0; number < 10 * partsInSegment; number += 1) levels.push(await part(number % partsInSegment, 40));
  t.strictSame([...new Set(levels)], [0, 1, 2], levels.join(''));
  const rises = levels.flatMap((level, number) => (level > (levels[number - 1] ?? level) ? [number % partsInSegment] : []));
  t.strictSame(rises, [1, 1]);
  abr.destroy();
});
