import type Hls from 'hls.js';
import t from 'tap';
import { joinLevels } from '../../../src/web/sdk/playback/level-joint.js';

const Events = { BUFFER_APPENDED: 'appended' };

interface Appended {
  readonly level: number;
  /** Of the segment. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
  readonly sn?: number | 'initSegment';
  /** What lies before it in the part can't be shown; its start, unless told. */
  readonly keyframe?: number;
}

function bench(atSeconds: number): { append: (what: Appended) => void; seeks: number[] } {
  const seeks: number[] = [];
  const ranges: [number, number][] = [];
  const media = {
    buffered: { get length() { return ranges.length; }, start: (index: number) => ranges[index]![0], end: (index: number) => ranges[index]![1] },
    get currentTime() {
      return atSeconds;
    },
    set currentTime(seconds: number) {
      seeks.push(seconds);
    },
  };
  const handlers = new Map<string, (event: string, data: object) => void>();
  joinLevels({ Events } as unknown as typeof Hls, { media, on: (event: string, handler: (event: string, data: object) => void) => handlers.set(event, handler) } as unknown as Hls);
  const onAppended = (data: object): void => handlers.get('appended')?.('appended', data);
  const append = ({ level, from, start, end, sn = 1, keyframe = start }: Appended): void => {
    const last = ranges.at(-1);
    if (sn === 'initSegment') return onAppended({ type: 'audiovideo', frag: { level, sn } });
    if (last && keyframe <= last[1] + 0.02) last[1] = Math.max(last[1], end);
    else ranges.push([keyframe, end]);
    onAppended({ type: 'audiovideo', frag: { level, start: from, end: from + 2, sn }, part: { start, end } });
  };
  return { seeks, append };
}

t.test('a level that begins behind the picture is shown by one seek, once it has come so far', async (t) => {
  const { append, seeks } = bench(11.2);
  append({ level: 2, from: 10, start: 10, end: 11.3 });
  append({ level: 0, from: 10, start: 10, end: 10, sn: 'initSegment' });
  for (const start of [10, 10.3, 10.7, 11]) append({ level: 0, from: 10, start, end: start + 0.35 });
  t.strictSame(seeks, []);
  append({ level: 0, from: 10, start: 11.35, end: 11.7 });
  t.strictSame(seeks, [11.25]);
  append({ level: 0, from: 10, start: 11.7, end: 12 });
  append({ level: 0, from: 12, start: 12, end: 12.3 });
  t.strictSame(seeks, [11.25], 'one');
});

t.test('so is what replaced the picture in its own level', async (t) => {
  const { append, seeks } = bench(12.25);
  append({ level: 0, from: 12, start: 12, end: 12.35 });
  append({ level: 0, from: 12, start: 12, end: 12.35 });
  append({ level: 0, from: 12, start: 12.35, end: 12.68 });
  t.strictSame(seeks, [12.3]);
});

t.test('so is what was decoded ahead already', async (t) => {
  const { append, seeks } = bench(11.85);
  append({ level: 1, from: 10, start: 10, end: 12 });
  append({ level: 1, from: 12, start: 12, end: 12.35 });
  append({ level: 2, from: 12, start: 12, end: 12.35 });
  t.strictSame(seeks, [11.9]);
  const early = bench(11.4);
  early.append({ level: 1, from: 10, start: 10, end: 12 });
  early.append({ level: 1, from: 12, start: 12, end: 12.35 });
  early.append({ level: 2, from: 12, start: 12, end: 12.35 });
  t.strictSame(early.seeks, [], 'not what is far ahead');
});

t.test('one that begins ahead of it, and the first of all, are shown by themselves', async (t) => {
  const { append, seeks } = bench(11.2);
  append({ level: 0, from: 10, start: 10, end: 11.3 });
  append({ level: 1, from: 11.3, start: 11.3, end: 11.6 });
  append({ level: 1, from: 11.3, start: 11.6, end: 12 });
  t.strictSame(seeks, []);
});

t.test('where it begins behind a hole, it is gone on with there', async (t) => {
  const { append, seeks } = bench(11.6);
  append({ level: 2, from: 10, start: 10, end: 11.7 });
  append({ level: 0, from: 12, start: 12.01, end: 12.35 });
  t.strictSame(seeks, [12.01]);
  append({ level: 0, from: 12, start: 12.35, end: 12.68 });
  t.strictSame(seeks, [12.01], 'once');
});

t.test('so it is behind one that ends at a keyframe in the middle of a part', async (t) => {
  const { append, seeks } = bench(11.6);
  append({ level: 2, from: 10, start: 10, end: 11.7 });
  append({ level: 0, from: 10, start: 11.67, keyframe: 11.9, end: 12 });
  t.strictSame(seeks, [11.9]);
});
