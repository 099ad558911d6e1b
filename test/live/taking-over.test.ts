import t from 'tap';
import { entryOf, type Publisher, type RunningBroadcast } from '../../src/live/taking-over.js';
import { table, type Row } from './taking-over-table.js';

const seemsGoneAfterMs = 3000;

function publisherOf({ comesBy, brings }: Row): Publisher {
  return {
    keyId: brings === 'other key' ? 'key-2' : 'key-1',
    resumeToken: brings === 'its token' ? 'token' : brings === 'wrong token' ? 'guess' : undefined,
    seemsGoneAfterMs: comesBy === 'websocket' ? undefined : seemsGoneAfterMs,
  };
}

function runningOf({ state, begunBy }: Row): RunningBroadcast | undefined {
  if (state === 'free' || state === 'over') return undefined;
  const keepsToken = begunBy === 'websocket';
  return {
    ownerKeyId: keepsToken ? undefined : 'key-1',
    seemsGoneAfterMs: keepsToken ? Infinity : seemsGoneAfterMs,
    isPair: false,
    ended: false,
    waiting: state === 'lost' || state === 'abandoned',
    abandoned: state === 'abandoned',
    silentMs: state === 'silent' ? seemsGoneAfterMs : seemsGoneAfterMs - 1,
    acceptsToken: (token) => token === 'token',
  };
}

t.test('one rule says who goes on with a running broadcast, who begins one, and who is refused', async (t) => {
  for (const row of table) t.equal(entryOf(publisherOf(row), runningOf(row)), row.outcome, nameOf(row));
});

t.test('the table has every case once', async (t) => {
  const cases = table.map(nameOf);
  t.equal(new Set(cases).size, cases.length);
  // Four states of a running broadcast, three ways in before and after with two keys, and two tokens where they can be brought.
  t.equal(table.filter(({ state }) => state !== 'free' && state !== 'over').length, 4 * 3 * (3 * 2 + 2 * 2));
});

t.test('the second socket of a pair joins the first one while more may come; one of no pair does not', async (t) => {
  const fed = runningOf({ state: 'fed', begunBy: 'websocket', comesBy: 'websocket', brings: 'same key', outcome: 'goes-on' })!;
  const second: Publisher = { keyId: 'key-1', part: 'chunk' };
  t.equal(entryOf(second, { ...fed, isPair: true }), 'goes-on');
  t.equal(entryOf(second, fed), 'already-live');
  t.equal(entryOf({ keyId: 'key-1' }, { ...fed, isPair: true }), 'already-live');
  t.equal(entryOf(second, { ...fed, isPair: true, ended: true }), 'already-live', 'until what came is worked off');
});

function nameOf({ state, begunBy, comesBy, brings }: Row): string {
  return `${state}, begun by ${begunBy}: comes by ${comesBy} with ${brings}`;
}
