import t from 'tap';
import { FactsDesk, type StreamFacts } from '../../../src/web/sdk/playback/facts-poll.js';
import { FakePage } from './fake-page.js';

const url = 'https://live.example/api/streams/s';
const answer = (body: unknown, status = 200, headers: Record<string, string> = {}) => (): Response => new Response(JSON.stringify(body), { status, headers });

function bench(first?: () => Response) {
  const page = new FakePage();
  if (first !== undefined) page.answers.set('/api/streams/', first);
  return { page, desk: new FactsDesk(page), heard: [] as StreamFacts[] };
}

t.test('however many follow a stream, the server is asked once, until the last has gone', async (t) => {
  const { page, desk, heard } = bench(answer({ state: 'live' }));
  const followers = Array.from({ length: 3 }, () => desk.follow(url, (facts) => heard.push(facts)));
  await page.pass(0);
  t.equal(page.asked.length, 1);
  t.equal(heard.length, 3);
  await page.pass(5_000);
  t.equal(page.asked.length, 2);
  followers[0]?.close();
  followers[0]?.close();
  await page.pass(5_000);
  t.equal(heard.length, 3 + 3 + 2);
  for (const follower of followers) follower.close();
  await page.pass(60_000);
  t.equal(page.asked.length, 3);
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('the more watch, the less often each page asks: ten thousand ask less than four hundred times a second', async (t) => {
  for (const [viewers, asks] of [[10, 60], [2_000, 30], [10_000, 10]] as const) {
    const { page, desk } = bench(answer({ state: 'live', viewers }));
    const follower = desk.follow(url, () => undefined);
    await page.pass(300_000);
    t.ok(Math.abs(page.asked.length - asks) <= 1, `${viewers} viewers: ${page.asked.length} in five minutes`);
    follower.close();
  }
});

t.test('who waits for the start asks eagerly first and calmly when it takes long', async (t) => {
  const { page, desk } = bench(answer({}, 404));
  desk.follow(url, () => undefined);
  await page.pass(20_000);
  t.equal(page.asked.length, 11);
  await page.pass(600_000);
  const soFar = page.asked.length;
  await page.pass(60_000);
  t.equal(page.asked.length - soFar, 12);
});

t.test('a waiting room in a hidden tab still hears of the start; figures that nobody looks at are not asked for', async (t) => {
  const waiting = bench(answer({}, 404));
  waiting.desk.follow(url, () => undefined);
  waiting.page.hidden = true;
  await waiting.page.pass(61_000);
  t.equal(waiting.page.asked.length, 1 + 1 + 3, 'one that was due, then every 15 s');

  const live = bench(answer({ state: 'live' }));
  live.desk.follow(url, () => undefined);
  live.page.hidden = true;
  await live.page.pass(600_000);
  t.equal(live.page.asked.length, 1);
  live.page.tell('shown');
  t.equal(live.page.asked.length, 2, 'and when the page is shown at once');
});

t.test('a server that asks to be left alone is left alone for so long', async (t) => {
  const { page, desk, heard } = bench(answer({}, 503, { 'retry-after': '20' }));
  desk.follow(url, (facts) => heard.push(facts));
  await page.pass(20_000);
  t.equal(page.asked.length, 1);
  t.same(heard, [{ known: false, status: 503 }]);
  await page.pass(2_500);
  t.equal(page.asked.length, 2);
});

t.test('pages that ask together do not stay together', async (t) => {
  const nextAsks = await Promise.all(
    [0, 0.25, 0.5, 0.999].map(async (chance) => {
      const { page, desk } = bench(answer({ state: 'live' }));
      page.random = () => chance;
      desk.follow(url, () => undefined);
      await page.pass(1);
      for (let atMs = 1; ; atMs += 100) {
        if (page.asked.length > 1) return atMs;
        await page.pass(100);
      }
    }),
  );
  t.ok(Math.max(...nextAsks) - Math.min(...nextAsks) > 1_500, nextAsks.join(', '));
});

t.test('no answer is no facts, and the network’s return is worth a question', async (t) => {
  const { page, desk, heard } = bench();
  desk.follow(url, (facts) => heard.push(facts));
  await page.pass(0);
  t.same(heard, [{ known: false, status: undefined }]);
  page.answers.set('/api/streams/', answer({ state: 'live' }));
  page.tell('online');
  await page.pass(0);
  t.match(heard.at(-1), { known: true, info: { state: 'live' } });
});
