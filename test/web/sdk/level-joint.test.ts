import type Hls from 'hls.js';
import t from 'tap';
import { joinLevels } from '../../../src/web/sdk/playback/level-joint.js';

const Events = { BUFFER_APPENDED: 'appended' };

interface Appended {
  readonly level: number;
  readonly start: number;
  readonly end: number;
  readonly sn?: number | 'initSegment';
}

function bench(atSeconds: number): { append: (what: Appended) => void; seeks: number[] } {
  const seeks: number[] = [];
  const media = {
    get currentTime() {
      return atSeconds;
    },
    set currentTime(seconds: number) {
      seeks.push(seconds);
    },
  };
  let onAppended: (event: string, data: object) => void = () => undefined;
  joinLevels({ Events } as unknown as typeof Hls, { media, on: (_event: string, handler: typeof onAppended) => (onAppended = handler) } as unknown as Hls);
  return { seeks, append: ({ level, start, end, sn = 1 }) => onAppended('appended', { frag: { level, start, sn }, part: { end } }) };
}

t.test('a level that begins behind the picture is shown by one seek, once it has come so far', async (t) => {
  const { append, seeks } = bench(11.2);
  append({ level: 2, start: 10, end: 11.3 });
  append({ level: 0, start: 10, end: 10, sn: 'initSegment' });
  for (const end of [10.3, 10.7, 11, 11.4]) append({ level: 0, start: 10, end });
  t.strictSame(seeks, []);
  append({ level: 0, start: 10, end: 11.8 });
  t.strictSame(seeks, [11.25]);
  append({ level: 0, start: 10, end: 12 });
  append({ level: 0, start: 12, end: 12.3 });
  t.strictSame(seeks, [11.25], 'one');
});

t.test('one that begins ahead of it, and the first of all, are shown by themselves', async (t) => {
  const { append, seeks } = bench(11.2);
  append({ level: 0, start: 10, end: 12 });
  append({ level: 1, start: 11.3, end: 11.6 });
  append({ level: 1, start: 11.3, end: 12 });
  t.strictSame(seeks, []);
});
