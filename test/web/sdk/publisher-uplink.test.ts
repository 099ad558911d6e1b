import t from 'tap';
import type { PublisherStats } from '../../../src/web/sdk/publisher-events.js';
import { settle } from './fake-media.js';
import { publisherBench, type PublisherBench } from './publisher-bench.js';

const lastSecond = (bench: PublisherBench): (() => PublisherStats | undefined) => {
  let last: PublisherStats | undefined;
  bench.publisher.on('stats', (stats) => (last = stats));
  return () => last;
};

/** A second in which the recorder gives 1,000 bytes. */
async function second(bench: PublisherBench): Promise<void> {
  bench.recorders.at(-1)?.give(...new Uint8Array(1_000));
  await settle();
  await bench.passMs(1_000);
}

t.test('a backlog steps the recorder down, in a recording of its own and in words; calm brings it back, and takes the words away', async (t) => {
  const bench = publisherBench(t);
  const told = lastSecond(bench);
  await bench.goOnAir();
  for (let seconds = 0; seconds < 5; seconds += 1) await second(bench);
  t.equal(told()?.verdict, 'good');
  bench.acknowledges = false;
  for (let seconds = 0; seconds < 5 && bench.news.length === 0; seconds += 1) await second(bench);
  t.strictSame(bench.news, ['quality-lowered']);
  t.ok((told()?.backlogMs ?? Infinity) < 4_000, `${String(told()?.backlogMs)} ms waited`);
  const lowered = bench.recorders.at(-1)?.options.videoBitsPerSecond ?? Infinity;
  t.ok(lowered < 2_500_000);
  t.equal(told()?.verdict, 'slow');
  bench.acknowledges = true;
  for (let halfMinutes = 0; halfMinutes < 8; halfMinutes += 1) await bench.passMs(30_000);
  t.equal(bench.recorders.at(-1)?.options.videoBitsPerSecond, 2_500_000);
  t.equal(bench.news.at(-1), 'quality-lowered recovered');
  t.equal(told()?.verdict, 'good');
  await settle();
  t.ok(bench.last().texts.filter(({ type }) => type === 'recording').every(({ reason }) => reason === 'quality'));
});

t.test('few pictures are held against a camera that is seen, and against nothing that may stand still', async (t) => {
  const verdictOf = async (change: (bench: PublisherBench) => unknown, groupId?: string): Promise<string | undefined> => {
    const bench = publisherBench(t);
    if (groupId !== undefined) Object.assign(bench.camera.settings, { groupId });
    const told = lastSecond(bench);
    await bench.goOnAir();
    bench.picturesPerSecond = 8;
    await change(bench);
    for (let seconds = 0; seconds < 10; seconds += 1) await second(bench);
    return told()?.verdict;
  };
  t.equal(await verdictOf(() => undefined, 'usb 1'), 'few-pictures');
  t.equal(await verdictOf(({ publisher }) => publisher.mute('video'), 'usb 1'), 'good', 'a picture that is hidden');
  t.equal(await verdictOf(({ camera }) => camera.lose(), 'usb 1'), 'good', 'a card in place of a camera that was lost');
  t.equal(await verdictOf(() => undefined), 'good', 'a screen, or what is drawn');
});

t.test('a broadcast that was on air and that the server lost begins anew by itself, with a recording of its own', async (t) => {
  const bench = publisherBench(t);
  await bench.goOnAir();
  bench.recorders[0]?.give(1, 2);
  await settle();
  bench.last().drop();
  await bench.passMs(1_000);
  bench.last().drop(4404, 'over');
  await settle();
  await bench.passMs(1_000);
  t.equal(bench.sockets.length, 3);
  t.notMatch(bench.last().url, /resume=/, 'without the token that is of no use any more');
  bench.recorders[0]?.give(3);
  bench.last().ready();
  bench.recorders[1]?.give(4);
  await settle();
  t.strictSame(bench.last().bytes, [4], 'of the recording before nothing is sent');
  t.equal(bench.publisher.state, 'connected', 'no lamp before the server says so');
  bench.last().say({ type: 'live' });
  t.strictSame(bench.news, ['reconnecting', 'begun-anew', 'connected', 'live']);
});

t.test('a server that restarts is asked again until it is there, with longer and longer pauses', async (t) => {
  const bench = publisherBench(t);
  await bench.goOnAir();
  bench.last().say({ type: 'ended', code: 'unavailable', message: 'shutting down' });
  await settle();
  t.equal(bench.publisher.state, 'reconnecting');
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await bench.passMs(6_000);
    bench.last().drop();
    await settle();
  }
  await bench.passMs(6_000);
  t.ok(bench.sockets.length > 5);
  bench.last().ready();
  bench.last().say({ type: 'live' });
  t.equal(bench.publisher.state, 'live');
  t.strictSame(bench.news, ['reconnecting', 'begun-anew', 'connected', 'live']);
});

t.test('what was ended, taken over, refused or never on air does not begin anew', async (t) => {
  for (const code of ['already-live', 'unsupported-media', 'unauthorized', undefined] as const) {
    const bench = publisherBench(t);
    await bench.goOnAir();
    bench.last().say({ type: 'ended', message: 'so it is', ...(code !== undefined && { code }) });
    await settle();
    await bench.passMs(10_000);
    t.equal(bench.publisher.state, 'ended', String(code));
    t.equal(bench.sockets.length, 1);
  }
  const early = publisherBench(t);
  const started = early.publisher.start();
  await settle();
  early.last().ready();
  await started;
  early.last().say({ type: 'ended', code: 'unavailable', message: 'no room' });
  await settle();
  t.equal(early.publisher.state, 'ended');
});

t.test('who ends while it is tried to begin anew has ended', async (t) => {
  const bench = publisherBench(t);
  await bench.goOnAir();
  bench.last().say({ type: 'ended', code: 'unavailable', message: 'shutting down' });
  await settle();
  await bench.publisher.end();
  await bench.passMs(10_000);
  t.equal(bench.sockets.length, 1);
  t.equal(await bench.publisher.closed, null);
});

t.test('the screen stays on for as long as the broadcast lasts', async (t) => {
  const bench = publisherBench(t);
  t.notOk(bench.screen.on);
  await bench.goOnAir();
  t.ok(bench.screen.on);
  const ended = bench.publisher.end();
  await settle();
  bench.last().say({ type: 'ended', message: 'over' });
  await ended;
  t.notOk(bench.screen.on);
});

t.test('a start that failed is why it is over', async (t) => {
  const bench = publisherBench(t);
  const started = bench.publisher.start();
  await settle();
  bench.last().drop(4401, 'wrong key');
  await t.rejects(started, /key is wrong/);
  t.equal((await bench.publisher.closed)?.reason, 'unauthorized');
});

t.test('title and description are told whenever a connection begins', async (t) => {
  const bench = publisherBench(t);
  bench.publisher.describe({ title: 'Harbour' });
  await bench.goOnAir();
  bench.publisher.describe({ description: 'Boats' });
  bench.last().drop();
  await bench.passMs(1_000);
  bench.last().ready();
  t.strictSame(bench.sockets.map(({ texts }) => texts.filter(({ type }) => type === 'describe')), [
    [{ type: 'describe', title: 'Harbour' }, { type: 'describe', description: 'Boats' }],
    [{ type: 'describe', title: 'Harbour', description: 'Boats' }],
  ]);
});

const hostsOf = (bench: PublisherBench): string[] => bench.sockets.map(({ url }) => new URL(url).host);

t.test('of several servers the next one takes a new broadcast when the first does not answer, and none is told of a loss', async (t) => {
  const bench = publisherBench(t, { url: ['https://a.example', 'https://b.example/on'] });
  const started = bench.publisher.start();
  await settle();
  bench.last().drop();
  await settle();
  await bench.passMs(300);
  t.strictSame(bench.sockets.map(({ url }) => url), ['wss://a.example/live/s/publish?key=k', 'wss://b.example/on/live/s/publish?key=k']);
  t.strictSame(bench.news, ['connecting']);
  bench.last().ready();
  await started;
  t.strictSame(bench.news, ['connecting', 'connected']);
});

t.test('when no server answers, the start says so after each was tried once; one that refuses the key is the last', async (t) => {
  const silent = publisherBench(t, { url: ['https://a.example', 'https://b.example'] });
  const vain = silent.publisher.start().catch((error: unknown) => error);
  await settle();
  for (const _ of [1, 2]) {
    silent.last().drop();
    await settle();
    await silent.passMs(600);
  }
  t.match(await vain, { reason: 'unreachable' });
  t.strictSame(hostsOf(silent), ['a.example', 'b.example']);

  const strict = publisherBench(t, { url: ['https://a.example', 'https://b.example'] });
  const refused = strict.publisher.start().catch((error: unknown) => error);
  await settle();
  strict.last().drop(4401, 'wrong key');
  t.match(await refused, { reason: 'unauthorized' });
  t.strictSame(hostsOf(strict), ['a.example']);
});

t.test('a broadcast goes on with its token at the next server, from the byte that is wanted there', async (t) => {
  const bench = publisherBench(t, { url: ['https://a.example', 'https://b.example'] });
  await bench.goOnAir();
  bench.recorders[0]?.give(1, 2, 3);
  await settle();
  t.strictSame(bench.last().bytes, [1, 2, 3]);
  bench.last().drop();
  bench.recorders[0]?.give(4);
  await bench.passMs(300);
  bench.last().drop();
  await settle();
  await bench.passMs(600);
  t.strictSame(hostsOf(bench), ['a.example', 'a.example', 'b.example']);
  t.equal(new URL(bench.last().url).searchParams.get('resume'), 'token');
  bench.last().ready(2);
  t.strictSame(bench.last().bytes, [3, 4]);
  t.strictSame(bench.news, ['reconnecting', 'live']);
});

t.test('a server that goes away is left for the next one, and a broadcast that is not known there begins anew there', async (t) => {
  const bench = publisherBench(t, { url: ['https://a.example', 'https://b.example'] });
  await bench.goOnAir();
  bench.last().drop(1001);
  await bench.passMs(1_100);
  t.strictSame(hostsOf(bench), ['a.example', 'b.example']);
  bench.last().drop(4404, 'not here');
  await settle();
  await bench.passMs(300);
  t.strictSame(hostsOf(bench), ['a.example', 'b.example', 'b.example']);
  t.equal(new URL(bench.last().url).searchParams.get('resume'), null);
});

t.test('an empty list of servers is refused in words', async (t) => {
  t.throws(() => publisherBench(t, { url: [] }), /expected the address of a server, or several, got an empty list/);
  t.throws(() => publisherBench(t, { url: ['https://a.example', 'nowhere'] }), /expected a server's address .*, got "nowhere"/);
});
