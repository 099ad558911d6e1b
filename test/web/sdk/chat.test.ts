import t from 'tap';
import { FactsDesk } from '../../../src/web/sdk/playback/facts-poll.js';
import { Chat } from '../../../src/web/sdk/chat.js';
import { FakePage } from './fake-page.js';

interface Server {
  state: 'live' | 'ended' | 'gone';
  broadcast: string;
  chat?: boolean;
}

function bench(server: Server = { state: 'live', broadcast: 'first' }, page = new FakePage()) {
  const news: string[] = [];
  page.answers.set('/api/streams/', () => (server.state === 'gone' ? new Response('{}', { status: 404 }) : new Response(JSON.stringify(server))));
  const chat = new Chat({ url: 'https://live.example/live/s', name: 'Ada' }, { page, facts: new FactsDesk(page), baseUrl: 'https://site.example/' });
  chat.on('state', ({ state, notice }) => news.push(notice === undefined ? state : `${state}: ${notice.code}`));
  return {
    ...{ page, server, chat, news },
    open: (): void => page.socket.say({ type: 'history', broadcast: server.broadcast, messages: [] } as never),
  };
}

t.test('it opens when there is a broadcast, and takes its name', async (t) => {
  const { page, server, chat, news, open } = bench({ state: 'gone', broadcast: 'first' });
  await page.pass(0);
  t.same(news, ['waiting']);
  server.state = 'live';
  await page.pass(3_000);
  open();
  t.match(page.socket.texts, [{ type: 'join', name: 'Ada' }]);
  t.equal(chat.state, 'open');
  chat.close();
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('a connect that hangs is given up after five seconds', async (t) => {
  const { page, chat } = bench();
  await page.pass(0);
  t.equal(page.sockets.length, 1);
  await page.pass(6_500);
  t.equal(page.sockets.length, 2);
  chat.close();
});

t.test('a lost connection is tried again by itself, without asking for the facts, and what was being sent is not', async (t) => {
  const { page, chat, news, open } = bench();
  await page.pass(0);
  open();
  const sending = chat.send('hello');
  const asked = page.asked.length;
  page.socket.drop();
  t.equal(await sending, false);
  t.equal(news.at(-1), 'connecting: chat-lost');
  await page.pass(1_500);
  t.equal(page.sockets.length, 2);
  open();
  t.equal(chat.state, 'open');
  t.equal(page.asked.length, asked);
  chat.close();
});

t.test('a sent message that nothing answers is told as not sent, on a line that died', async (t) => {
  const { page, chat, open } = bench();
  await page.pass(0);
  open();
  const sending = chat.send('hello');
  await page.pass(6_000);
  t.equal(await sending, false);
  chat.close();
});

t.test('a broadcast that ended is not joined again; the next one is', async (t) => {
  const { page, server, chat, open } = bench();
  await page.pass(0);
  open();
  page.socket.say({ type: 'ended' } as never);
  await page.pass(20_000);
  t.equal(chat.state, 'waiting');
  t.equal(page.sockets.length, 1);
  server.broadcast = 'second';
  await page.pass(6_000);
  t.equal(page.sockets.length, 2);
  chat.close();
});

t.test('a refusal is final and said; too much at once is over when it is over', async (t) => {
  const refused = bench();
  await refused.page.pass(0);
  refused.open();
  refused.page.socket.drop(4401, 'no');
  await refused.page.pass(60_000);
  t.equal(refused.news.at(-1), 'refused: chat-forbidden');
  t.equal(refused.page.sockets.length, 1);
  refused.chat.close();

  const hasty = bench();
  await hasty.page.pass(0);
  hasty.open();
  hasty.page.socket.drop(4413, 'too much');
  await hasty.page.pass(5_000);
  t.equal(hasty.page.sockets.length, 2);
  hasty.chat.close();
});

t.test('opened and closed a hundred times, at whatever stage, it leaves nothing behind', async (t) => {
  const page = new FakePage();
  for (let round = 0; round < 100; round += 1) {
    const { chat, open } = bench({ state: 'live', broadcast: 'first' }, page);
    if (round % 4 > 0) await page.pass(0);
    if (round % 4 > 1) open();
    if (round % 4 > 2) page.socket.drop();
    chat.close();
    chat.close();
    await page.pass(20_000);
    t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
  }
});
