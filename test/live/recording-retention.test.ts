import t from 'tap';
import { toBeRemoved, type RetainedRecording, type RetentionLimits } from '../../src/live/recording-retention.js';

const now = Date.parse('2026-03-10T00:00:00Z');
const none: RetentionLimits = { maxAgeDays: 0, maxBytes: 0 };
const recording = (id: string, daysAgo: number, byteLength: number, { stream = 'cam', grows = false } = {}): RetainedRecording => ({ id, stream, startedAtMs: now - daysAgo * 86_400_000, byteLength, grows });
const all = [recording('a', 9, 10), recording('b', 7, 20, { stream: 'other' }), recording('c', 5, 30), recording('d', 3, 5, { grows: true }), recording('e', 1, 40, { stream: 'other' })];
const due = (limits: Partial<RetentionLimits>, own: Record<string, Partial<RetentionLimits>> = {}): string =>
  toBeRemoved(all, { all: { ...none, ...limits }, ofStream: (stream) => ({ ...none, ...own[stream] }) }, now).join(' ');

t.test('nothing goes without a limit', async (t) => t.equal(due({}), ''));

t.test('what is older than allowed goes, by the rule of the server or of the stream, whichever is the stricter', async (t) => {
  t.equal(due({ maxAgeDays: 6 }), 'a b');
  t.equal(due({ maxAgeDays: 8 }, { cam: { maxAgeDays: 4 } }), 'a c');
  t.equal(due({ maxAgeDays: 4 }, { other: { maxAgeDays: 100 } }), 'a b c', 'a stream has no more than the server allows');
  t.equal(due({}, { other: { maxAgeDays: 0.5 } }), 'b e');
});

t.test('the oldest go while all weigh too much, or all of their stream do; what grows counts and stays', async (t) => {
  t.equal(due({ maxBytes: 105 }), '');
  t.equal(due({ maxBytes: 104 }), 'a');
  t.equal(due({ maxBytes: 94 }), 'a b');
  t.equal(due({ maxBytes: 1 }), 'a b c e');
  t.equal(due({}, { other: { maxBytes: 59 } }), 'b');
  t.equal(due({}, { cam: { maxBytes: 35 } }), 'a', 'the one that grows weighs, too');
  t.equal(due({ maxBytes: 95 }, { other: { maxBytes: 40 } }), 'a b', 'what goes by one rule counts no more for the other');
});
