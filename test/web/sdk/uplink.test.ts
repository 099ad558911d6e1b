import t from 'tap';
import { Uplink } from '../../../src/web/sdk/publishing/uplink.js';
import { defaultQuality, qualities } from '../../../src/web/sdk/quality.js';

interface Bench {
  readonly uplink: Uplink;
  readonly said: string[];
  readonly bitRates: number[];
  /** So many seconds of this line. */
  readonly pass: (seconds: number, line: { readonly backlogMs?: number; readonly connected?: boolean; readonly pictures?: number; readonly bytesPerSecond?: number; readonly sent?: readonly { readonly bitsPerSecond: number }[] }) => ReturnType<Uplink['second']> | undefined;
}

function bench(): Bench {
  const uplink = new Uplink(defaultQuality);
  const said: string[] = [];
  const bitRates: number[] = [];
  uplink.on('warning', ({ code }) => said.push(code));
  uplink.on('recovered', ({ code }) => said.push(`${code} recovered`));
  uplink.on('bitRate', (bitRate) => bitRates.push(bitRate));
  let [nowMs, acknowledgedBytes, count] = [0, 0, 0];
  return {
    uplink,
    said,
    bitRates,
    pass: (seconds, { backlogMs = 500, connected = true, pictures = 30, bytesPerSecond = 300_000, sent }) => {
      let last: ReturnType<Uplink['second']> | undefined;
      for (let second = 0; second < seconds; second += 1) {
        nowMs += 1_000;
        acknowledgedBytes += connected ? bytesPerSecond : 0;
        count += pictures;
        last = uplink.second({ nowMs, socket: { connected, acknowledgedBytes, backlogMs }, pictures: count, wantedFramesPerSecond: 30, sent });
      }
      return last;
    },
  };
}

t.test('what was dropped on a line that is too slow halves the bit rate, in words; on one that was away it is told once, until it is back', async (t) => {
  const slow = bench();
  slow.pass(5, {});
  slow.uplink.dropped({ nowMs: 5_000, lostMs: 60_000, slow: true });
  t.equal(slow.uplink.videoBitsPerSecond, defaultQuality.videoBitsPerSecond / 2);
  t.strictSame(slow.said, ['quality-lowered']);
  t.match(slow.pass(1, {}), { verdict: 'dropping', droppedMs: 60_000 });
  t.match(slow.pass(1, {}), { droppedMs: 0 }, 'told once');

  const away = bench();
  away.uplink.dropped({ nowMs: 0, lostMs: 1_000, slow: false });
  away.uplink.dropped({ nowMs: 1_000, lostMs: 1_000, slow: false });
  away.uplink.connected();
  away.uplink.connected();
  t.strictSame(away.said, ['replay-full', 'replay-full recovered']);
  t.equal(away.uplink.videoBitsPerSecond, defaultQuality.videoBitsPerSecond);
});

t.test('a line that is too slow for a picture with smaller ones beside it is left to all of them', async (t) => {
  const slow = { backlogMs: 4_000, bytesPerSecond: 250_000 };
  const [alone, beside] = [bench(), bench()];
  alone.pass(8, slow);
  beside.pass(8, { ...slow, sent: [{ bitsPerSecond: 1_200_000 }, { bitsPerSecond: 800_000 }] });
  const [audio, carried] = [defaultQuality.audioBitsPerSecond, 2_000_000 * 0.75];
  t.strictSame([alone.bitRates[0], beside.bitRates[0]], [carried - audio, (carried - audio) * 0.6]);
});

t.test('another quality is what is wanted from now on, whatever was lowered before', async (t) => {
  const { uplink, said, pass } = bench();
  uplink.dropped({ nowMs: 0, lostMs: 1, slow: true });
  const light = qualities[0];
  uplink.want(light);
  t.strictSame(said, ['quality-lowered', 'quality-lowered recovered']);
  t.match(pass(1, {}), { videoBitsPerSecond: light.videoBitsPerSecond, wantedBitsPerSecond: light.videoBitsPerSecond });
});

t.test('a line that cannot follow even at the lowest is told of, and that it can again', async (t) => {
  const { said, bitRates, pass } = bench();
  for (let backlogMs = 3_000; backlogMs < 60_000; backlogMs += 1_000) pass(1, { backlogMs, bytesPerSecond: 10_000 });
  t.equal(said.filter((code) => code === 'slow-uplink').length, 1);
  t.ok(bitRates.every((bitRate, index) => bitRate < (bitRates[index - 1] ?? Infinity)), 'only down');
  pass(120, {});
  t.ok(said.includes('slow-uplink recovered'));
  t.equal(said.at(-1), 'quality-lowered recovered');
});

t.test('while there is no connection nothing is carried, and what came before it counts for nothing', async (t) => {
  const { pass, said } = bench();
  pass(5, {});
  t.match(pass(1, { connected: false, backlogMs: 20_000 }), { verdict: 'offline', upstreamBitsPerSecond: 0 });
  pass(1, { backlogMs: 20_000 });
  pass(1, { backlogMs: 3_000 });
  pass(5, {});
  t.strictSame(said, []);
});

t.test('few pictures are told apart from a thin line', async (t) => {
  const { pass } = bench();
  t.equal(pass(10, { pictures: 5 })?.verdict, 'few-pictures');
  t.equal(pass(10, {})?.framesPerSecond, 30);
});
