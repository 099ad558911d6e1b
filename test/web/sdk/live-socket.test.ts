import t from 'tap';
import { refusalOf, type Refusal } from '../../../src/web/sdk/refusal.js';
import { LiveSocket, type LiveSocketOptions, type SocketLoss } from '../../../src/web/sdk/live-socket.js';
import { ReconnectPolicy } from '../../../src/web/sdk/reconnect-policy.js';
import { ServerList } from '../../../src/web/sdk/servers.js';
import { FakePage } from './fake-page.js';

interface Bench {
  readonly page: FakePage;
  readonly live: LiveSocket;
  readonly losses: SocketLoss[];
  refusal: Refusal | undefined;
}

/** Ticked four times a second, asked for a sign of life every 5 s. */
function bench(options: Partial<LiveSocketOptions> = {}): Bench {
  const page = new FakePage();
  const made: Bench = { page, losses: [], refusal: undefined, live: undefined as unknown as LiveSocket };
  const live = new LiveSocket({
    url: () => 'wss://live.example/live/s/play',
    policy: new ReconnectPolicy({ firstDelayMs: 1000, random: () => 1, giveUpAfterMs: Infinity }),
    judge: () => 'retry',
    connectTimeoutMs: (failures) => Math.min(15_000, 5_000 * (1 + failures / 2)),
    ping: () => 'ping',
    proveWithinMs: 2_000,
    keepAlive: { everyMs: 5_000, deadAfterMs: 12_000 },
    ...options,
    seams: { openSocket: (url) => page.openSocket(url), nowMs: () => page.nowMs(), isOnline: () => page.online, explainRefusal: () => Promise.resolve(made.refusal) },
  });
  live.on('lost', (loss) => made.losses.push(loss));
  page.every(250, () => live.tick());
  return Object.assign(made, { live });
}

const pong = { type: 'pong', sentAtMs: 0, serverTimeMs: 0 } as const;

t.test('a connect that hangs is given up after five seconds, and the next one may take longer', async (t) => {
  const { page } = bench();
  await page.pass(5_000);
  t.equal(page.sockets.length, 1, 'a slow network has its time');
  await page.pass(250);
  t.notOk(page.sockets[0]?.isOpen);
  await page.pass(1_250);
  t.equal(page.sockets.length, 2);
  await page.pass(7_000);
  t.ok(page.socket.isOpen, 'more patience than before');
  page.socket.say(pong);
  await page.pass(6_000);
  t.equal(page.sockets.length, 2);
});

t.test('an open connection over which nothing comes is no connection', async (t) => {
  const { page } = bench();
  page.socket.open();
  await page.pass(6_500);
  t.equal(page.sockets.length, 2);
});

t.test('without network nobody tries in vain, but from time to time all the same: browsers may be wrong about it', async (t) => {
  const { page } = bench();
  page.socket.say(pong);
  page.online = false;
  page.socket.drop();
  await page.pass(29_500);
  t.equal(page.sockets.length, 1);
  await page.pass(750);
  t.equal(page.sockets.length, 2);
});

t.test('retryNow is an attempt now, whatever the pause', async (t) => {
  const { page, live } = bench();
  page.socket.say(pong);
  page.socket.drop();
  live.retryNow();
  t.equal(page.sockets.length, 2);
  await page.pass(2_000);
  live.retryNow();
  t.equal(page.sockets.length, 3, 'and one that hangs since before is left');
  t.notOk(page.sockets[1]?.isOpen);
  live.retryNow();
  t.equal(page.sockets.length, 3, 'but not one that has just begun');
});

t.test('losses without network are no reason to give a way up', async (t) => {
  const { page, losses } = bench();
  page.socket.say(pong);
  page.online = false;
  page.socket.drop();
  t.equal(losses.at(-1)?.failures, 0);
  page.online = true;
  await page.pass(30_250);
  page.socket.drop();
  await page.pass(0);
  t.equal(losses.at(-1)?.failures, 1);
});

t.test('who asked to be left alone is left alone for so long, and a server that goes away for longer than a line that broke', async (t) => {
  const full = bench();
  full.refusal = refusalOf('unavailable', '', 10_000);
  full.page.socket.drop();
  await full.page.pass(10_000);
  t.equal(full.page.sockets.length, 1);
  await full.page.pass(4_250);
  t.equal(full.page.sockets.length, 2);

  const gone = bench();
  gone.page.socket.say(pong);
  gone.page.socket.drop(1001);
  await gone.page.pass(3_750);
  t.equal(gone.page.sockets.length, 1);
  await gone.page.pass(500);
  t.equal(gone.page.sockets.length, 2);

  const broken = bench();
  broken.page.socket.say(pong);
  broken.page.socket.drop();
  await broken.page.pass(1_250);
  t.equal(broken.page.sockets.length, 2);
});

t.test('a connection that is doubted has a moment to answer, and one that is not asked has longer', async (t) => {
  const { page, live } = bench();
  page.socket.say(pong);
  live.prove();
  t.same(page.socket.sent, ['ping']);
  await page.pass(1_000);
  page.socket.say(pong);
  await page.pass(4_500);
  t.equal(page.sockets.length, 1, 'it answered');
  t.equal(page.socket.sent.length, 2, 'and is asked from time to time');
  await page.pass(10_000);
  t.ok(page.socket.isOpen, 'for a while silence is silence');
  await page.pass(3_000);
  t.notOk(page.sockets[0]?.isOpen, 'then it is death');
});

t.test('any word is a sign of life, not the answer alone', async (t) => {
  const { page } = bench();
  for (let second = 0; second < 60; second += 1) {
    page.socket.sayBytes(new Uint8Array(10));
    await page.pass(1_000);
  }
  t.equal(page.sockets.length, 1);
});

t.test('a machine that slept asks at once whether the line still holds', async (t) => {
  const { page } = bench();
  page.socket.say(pong);
  await page.pass(1_000);
  page.sleep(3_600_000);
  await page.pass(250);
  t.same(page.socket.sent, ['ping']);
  await page.pass(3_500);
  t.equal(page.sockets.length, 2);
});

t.test('connections that hold for a moment only are failures in a row; one that held is forgiven', async (t) => {
  const { page, losses } = bench({ stableAfterMs: 5_000 });
  for (const pauseMs of [1_250, 2_250, 4_250]) {
    page.socket.say(pong);
    page.socket.drop();
    await page.pass(pauseMs);
  }
  t.same(losses.map((loss) => loss.failures), [1, 2, 3]);
  page.socket.say(pong);
  await page.pass(5_000);
  page.socket.drop();
  t.equal(losses.at(-1)?.failures, 1);
});

t.test('the owner’s verdict and the policy’s end are final, and say what was last', async (t) => {
  const judged = bench({ judge: ({ refusal }) => (refusal === undefined ? 'retry' : 'over') });
  judged.page.socket.say(pong);
  judged.page.socket.drop(4401, 'no');
  t.match(await judged.live.closed, { closeCode: 4401, proven: true, givenUp: false, refusal: { code: 'unauthorized' } });

  const policy = new ReconnectPolicy({ giveUpAfterMs: 3_000, random: () => 1 });
  const patient = bench({ policy });
  patient.page.socket.say(pong);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    patient.page.socket.drop();
    await patient.page.pass(1_000);
  }
  t.match(await patient.live.closed, { givenUp: true, everProven: true });
});

t.test('closed, it is over for good, whatever was under way', async (t) => {
  for (const stage of ['connecting', 'proven', 'explaining', 'waiting'] as const) {
    const { page, live } = bench();
    if (stage === 'proven' || stage === 'waiting') page.socket.say(pong);
    if (stage === 'explaining' || stage === 'waiting') page.socket.drop();
    live.close();
    live.close();
    await page.pass(60_000);
    live.retryNow();
    live.drop();
    t.equal(page.sockets.length, 1, stage);
    t.equal(page.left.sockets, 0, stage);
    t.equal(await live.closed, undefined, stage);
    t.notOk(live.send('anything'), stage);
  }
});

function severalServers(options: Partial<LiveSocketOptions> = {}): Bench & { readonly hosts: () => string[] } {
  const servers = new ServerList(['a', 'b', 'c']);
  const made = bench({ url: () => `wss://${servers.current}/`, servers, ...options });
  return Object.assign(made, { hosts: () => made.page.sockets.map(({ url }) => new URL(url).host) });
}

t.test('of several servers the next one is tried when one does not take the connection, and after the last the first', async (t) => {
  const { page, losses, hosts } = severalServers();
  for (const _ of [1, 2, 3]) {
    page.socket.drop();
    await page.pass(4_250);
  }
  t.same(hosts(), ['a', 'b', 'c', 'a']);
  t.same(losses.map(({ untriedServer }) => untriedServer), [true, true, false], 'it is told whether there is one left that was not tried');
  page.socket.say(pong);
  page.socket.drop(1001);
  await page.pass(0);
  t.equal(losses.at(-1)?.untriedServer, true, 'counted anew from one that answered');
});

t.test('a connection that broke is tried once more where it was; a server that goes away is left at once', async (t) => {
  const broken = severalServers();
  broken.page.socket.say(pong);
  broken.page.socket.drop();
  await broken.page.pass(1_250);
  broken.page.socket.drop();
  await broken.page.pass(2_250);
  t.same(broken.hosts(), ['a', 'a', 'b']);

  const leaving = severalServers();
  leaving.page.socket.say(pong);
  leaving.page.socket.drop(1001);
  await leaving.page.pass(4_250);
  t.same(leaving.hosts(), ['a', 'b'], 'after the pause of a crowd');
});

t.test('losses without network say nothing of a server', async (t) => {
  const { page, hosts } = severalServers();
  page.online = false;
  page.socket.drop();
  await page.pass(30_250);
  t.same(hosts(), ['a', 'a']);
});

t.test('what one full server wishes is not waited for at the next, but is when all were tried', async (t) => {
  const made = severalServers();
  made.refusal = refusalOf('unavailable', '', 30_000);
  for (const _ of [1, 2]) {
    made.page.socket.drop();
    await made.page.pass(4_250);
  }
  t.same(made.hosts(), ['a', 'b', 'c']);
  made.page.socket.drop();
  await made.page.pass(29_750);
  t.equal(made.page.sockets.length, 3);
  await made.page.pass(4_500);
  t.same(made.hosts(), ['a', 'b', 'c', 'a']);
});

t.test('a server that does not answer at all is not asked why before the next one is tried', async (t) => {
  const asked: string[] = [];
  const page = new FakePage();
  const servers = new ServerList(['a', 'b']);
  const live = new LiveSocket({
    url: () => `wss://${servers.current}/`,
    servers,
    policy: new ReconnectPolicy({ firstDelayMs: 1000, random: () => 1 }),
    judge: () => 'retry',
    connectTimeoutMs: () => 5_000,
    ping: () => 'ping',
    proveWithinMs: 2_000,
    seams: { openSocket: (url) => page.openSocket(url), nowMs: () => page.nowMs(), isOnline: () => true, explainRefusal: (url) => new Promise(() => asked.push(url)) },
  });
  page.every(250, () => live.tick());
  await page.pass(6_500);
  t.same(asked, []);
  t.same(page.sockets.map(({ url }) => url), ['wss://a/', 'wss://b/']);
});
