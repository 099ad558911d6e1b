import t from 'tap';
import { MovementWatch, type MovementVerdict, type MovementView } from '../../src/web/sdk/playback/movement-watch.js';

const standing = { atSeconds: 3, forwardSeconds: 0, durationSeconds: Infinity, hasCurrent: true, hasFuture: false, isFed: true, isPaused: false, isSeeking: false, inSight: true };

interface Verdict {
  readonly atMs: number;
  readonly verdict: MovementVerdict;
}

/** What is done, and when, within so many seconds of looks four times a second; seeks are obeyed. */
function watch(unstick: 'nudge' | 'leave-end' | 'own', viewAt: (nowMs: number) => Partial<MovementView>, seconds = 60, everyMs = 250): Verdict[] {
  const watching = new MovementWatch(unstick);
  const verdicts: Verdict[] = [];
  let sought: number | undefined;
  for (let nowMs = 0; nowMs <= seconds * 1000; nowMs += everyMs) {
    const given = { ...standing, ...viewAt(nowMs) };
    const verdict = watching.look({ ...given, nowMs, atSeconds: sought ?? given.atSeconds });
    if (verdict === undefined) continue;
    verdicts.push({ atMs: nowMs, verdict });
    if (verdict.act === 'give-up') return verdicts;
    sought = verdict.toSeconds;
  }
  return verdicts;
}

t.test('a path that takes media in for ten seconds and shows nothing of it is given up', async (t) => {
  t.same(watch('own', () => ({})), [{ atMs: 10_000, verdict: { act: 'give-up', why: 'picture-stands-still' } }]);
  const stopped = watch('own', (nowMs) => ({ atSeconds: Math.min(nowMs, 5000) / 1000 }));
  t.equal(stopped[0]?.atMs, 15_000);
});

t.test('its own nudges are no movement: what stands through all of them is given up', async (t) => {
  const verdicts = watch('nudge', () => ({ forwardSeconds: 1 }));
  t.ok(verdicts.filter(({ verdict }) => verdict.act === 'seek').length > 5);
  t.match(verdicts.at(-1), { atMs: 10_000, verdict: { act: 'give-up', why: 'picture-stands-still' } });
});

t.test('a seek that never comes to its end is sought on from, not as soon as a picture that stands', async (t) => {
  const [first] = watch('nudge', () => ({ forwardSeconds: 1, isSeeking: true, hasCurrent: false }));
  t.same(first, { atMs: 3_000, verdict: { act: 'seek', toSeconds: 3.1 } });
  t.same(watch('nudge', (nowMs) => ({ forwardSeconds: 1, atSeconds: nowMs / 1000, isSeeking: nowMs % 4_000 < 2_000 })), [], 'slow seeks are left alone');
});

t.test('a jump to the live edge is no movement either', async (t) => {
  const verdicts = watch('own', (nowMs) => ({ atSeconds: Math.floor(nowMs / 3000) * 3 }));
  t.equal(verdicts.at(-1)?.verdict.act, 'give-up');
});

t.test('a path from which no picture comes within twelve seconds in sight is given up', async (t) => {
  const nothing = { hasCurrent: false, isFed: false };
  t.match(watch('nudge', () => nothing), [{ atMs: 12_000, verdict: { why: 'no-picture' } }]);
  const laterSeen = watch('nudge', (nowMs) => ({ ...nothing, inSight: nowMs < 2_000 || nowMs > 30_000 }));
  t.match(laterSeen, [{ verdict: { why: 'no-picture' } }]);
  t.ok((laterSeen[0]?.atMs ?? 0) >= 40_000, 'hidden at the twelfth second, it is given up after it was seen for as long');
});

t.test('a paused viewer, a hidden page and a stream from which nothing comes are no reason to change the path', async (t) => {
  for (const view of [{ isPaused: true }, { inSight: false }, { isFed: false }]) t.same(watch('own', () => view), []);
  t.same(watch('own', (nowMs) => ({ atSeconds: nowMs / 1000 })), [], 'nor is one that plays');
  for (const view of [{ isPaused: true }, { inSight: false }]) t.same(watch('nudge', () => ({ ...view, hasCurrent: false })), []);
});

t.test('an outage is waited for, whatever the browser says of the picture that stands; media that is in hand and not shown is no outage', async (t) => {
  const outage = { isFed: false, atSeconds: 2 };
  const from = (view: Partial<MovementView>) => (nowMs: number): Partial<MovementView> => (nowMs < 2_000 ? { atSeconds: nowMs / 1000 } : { ...outage, ...view });
  for (const unstick of ['own', 'nudge'] as const) {
    t.same(watch(unstick, from({ hasCurrent: false })), [], 'it says that there is no picture');
    t.same(watch(unstick, from({ hasFuture: true, forwardSeconds: 0.29 })), [], 'it holds with a little left');
    t.match(watch(unstick, from({ hasFuture: true, forwardSeconds: 2 })).at(-1), { verdict: { act: 'give-up', why: 'picture-stands-still' } });
    t.match(watch(unstick, from({ hasCurrent: false, isFed: true })).at(-1), { verdict: { act: 'give-up' } });
  }
});

t.test('time in which nobody looked is not counted: a slowed tab and a machine that slept give nothing up', async (t) => {
  t.same(watch('own', () => ({}), 3600, 60_000), []);
  t.same(watch('nudge', () => ({ hasCurrent: false }), 3600, 60_000), []);
});

t.test('a picture that stands although there is media is nudged, again and again', async (t) => {
  const verdicts = watch('nudge', () => ({ forwardSeconds: 0.5, isFed: false }), 3);
  t.match(verdicts[0], { atMs: 750, verdict: { act: 'seek', toSeconds: 3.1 } });
  t.equal(verdicts.length, 4);
  t.same(watch('nudge', () => ({ forwardSeconds: 0.2, isFed: false })), [], 'without media it waits');
  t.same(watch('nudge', () => ({ forwardSeconds: 1, isPaused: true })), []);
  t.same(watch('nudge', () => ({ forwardSeconds: 1, isSeeking: true, isFed: false }), 2.75), [], 'a seek on its way is waited for');
});

t.test('a live picture held at what the browser takes for the end goes back a little to get going', async (t) => {
  const held = { atSeconds: 12, durationSeconds: 12.02, isFed: false };
  t.match(watch('leave-end', () => held, 1), [{ atMs: 750, verdict: { act: 'seek', toSeconds: 11.5 } }]);
  t.same(watch('leave-end', () => ({ ...held, durationSeconds: 13 })), []);
  t.same(watch('leave-end', () => ({ ...held, durationSeconds: Infinity })), []);
  t.same(watch('leave-end', () => ({ ...held, hasCurrent: false, inSight: false })), []);
  t.same(watch('nudge', () => held), [], 'where it is no fault of the browser, it is the network');
});
