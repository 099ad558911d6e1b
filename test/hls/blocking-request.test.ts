import t from 'tap';
import { isListed, readBlockingRequest, type DeliveryDirectives, type LiveEdge, type BlockingRequest } from '../../src/hls/blocking-request.js';

/** Segments 3 to 9 are whole, of six parts each; three parts of segment 10 are there. */
const edge: LiveEdge = {
  openMediaSequence: 10,
  openParts: 3,
  partsOf: (mediaSequence) => (mediaSequence >= 3 && mediaSequence < 10 ? 6 : undefined),
};

const partTargetSeconds = 0.334;

/** Outcome: ready, wait, or the words of a refusal. */
type Row = readonly [directives: DeliveryDirectives, outcome: string];

const rows: readonly Row[] = [
  [{}, 'ready'],
  // Rule 22: a segment, or a part of it.
  [{ _HLS_msn: '9' }, 'ready'],
  [{ _HLS_msn: '10' }, 'wait'],
  [{ _HLS_msn: '11' }, 'wait'],
  [{ _HLS_msn: '10', _HLS_part: '2' }, 'ready'],
  [{ _HLS_msn: '10', _HLS_part: '3' }, 'wait'],
  [{ _HLS_msn: '11', _HLS_part: '0' }, 'wait'],
  // Rule 23: past the last part of a segment stands the first of the next.
  [{ _HLS_msn: '9', _HLS_part: '5' }, 'ready'],
  [{ _HLS_msn: '9', _HLS_part: '6' }, 'ready'],
  [{ _HLS_msn: '9', _HLS_part: '56' }, 'ready'],
  // Rule 24: what is long gone is answered at once.
  [{ _HLS_msn: '0' }, 'ready'],
  [{ _HLS_msn: '0', _HLS_part: '7' }, 'ready'],
  [{ _HLS_msn: '2', _HLS_part: '0' }, 'ready'],
  // Rule 25: exact limits, and nothing that is no number.
  [{ _HLS_msn: '12' }, 'expected _HLS_msn up to 11, got 12'],
  [{ _HLS_msn: '999999999999999' }, 'expected _HLS_msn up to 11, got 999999999999999'],
  [{ _HLS_msn: '10', _HLS_part: '11' }, 'wait'],
  [{ _HLS_msn: '10', _HLS_part: '12' }, 'expected _HLS_part up to 11, got 12'],
  [{ _HLS_msn: '11', _HLS_part: '10' }, 'expected _HLS_part up to 9, got 10'],
  [{ _HLS_part: '0' }, 'expected _HLS_msn beside _HLS_part, got _HLS_part alone'],
  [{ _HLS_msn: '-1' }, 'expected _HLS_msn to be a whole number, got "-1"'],
  [{ _HLS_msn: '' }, 'expected _HLS_msn to be a whole number, got ""'],
  [{ _HLS_msn: '1e1' }, 'expected _HLS_msn to be a whole number, got "1e1"'],
  [{ _HLS_msn: '1.5' }, 'expected _HLS_msn to be a whole number, got "1.5"'],
  [{ _HLS_msn: '10', _HLS_part: 'x' }, 'expected _HLS_part to be a whole number, got "x"'],
  [{ _HLS_msn: '9'.repeat(50) }, `expected _HLS_msn to be a whole number, got "${'9'.repeat(40)}"`],
];

t.test('every request is answered at once, held, or refused in words', async (t) => {
  for (const [directives, outcome] of rows) {
    const name = JSON.stringify(directives);
    if (outcome !== 'ready' && outcome !== 'wait') {
      t.throws(() => readBlockingRequest(directives, edge, partTargetSeconds), new RangeError(outcome), name);
      continue;
    }
    const { until } = readBlockingRequest(directives, edge, partTargetSeconds);
    t.equal(!until || isListed(edge, until) ? 'ready' : 'wait', outcome, name);
  }
});

t.test('long parts are limited to three ahead', async (t) => {
  t.match(readBlockingRequest({ _HLS_msn: '10', _HLS_part: '5' }, edge, 1), { until: { part: 5 } });
  t.throws(() => readBlockingRequest({ _HLS_msn: '10', _HLS_part: '6' }, edge, 1), RangeError);
});

t.test('a delta is asked for by YES or v2, and by nothing else', async (t) => {
  const asked = (skip: string): BlockingRequest => readBlockingRequest({ _HLS_skip: skip }, edge, partTargetSeconds);
  t.strictSame(asked('YES'), { delta: true });
  t.strictSame(asked('v2'), { delta: true });
  t.strictSame(asked('no'), { delta: false });
  t.strictSame(readBlockingRequest({ _HLS_msn: '10', _HLS_part: '1', _HLS_skip: 'YES' }, edge, partTargetSeconds), { until: { mediaSequence: 10, part: 1 }, delta: true });
});

t.test('a part that was awaited in a segment that ended before it is the first of the next one', async (t) => {
  const ended: LiveEdge = { ...edge, openMediaSequence: 11, openParts: 0, partsOf: () => 4 };
  t.notOk(isListed(ended, { mediaSequence: 10, part: 4 }), 'not yet there');
  t.ok(isListed({ ...ended, openParts: 1 }, { mediaSequence: 10, part: 4 }));
});
