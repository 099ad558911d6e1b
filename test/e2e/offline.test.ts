import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';

import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { LineProxy } from '../helpers/line-proxy.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(240_000);
const skip = skipWithout(chromiumProgram, 'Chromium');
const hourMs = 3_600_000;
/** Without the browser's word the next attempt would come half a minute after the loss. */
const atOnceMs = 15_000;

interface Seen {
  /** Of player or publisher, and of the chat. */
  readonly states: readonly string[];
  readonly chat: readonly string[];
  /** How far behind live, once a second; of a publisher null. */
  readonly ticks: readonly (number | null)[];
  /** Sockets that were asked for. */
  readonly attempts: number;
  readonly broadcasts: readonly string[];
  readonly wallClockMs: number;
}

const notes = `
  const said = window.said = { states: [], chat: [], ticks: [], attempts: 0, broadcasts: [] };
  window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); said.attempts += 1; } };
  window.seen = () => ({ ...said, wallClockMs: Date.now() });`;

const viewerPage = (origin: string): string => `<!doctype html><title>Viewer</title><video playsinline muted></video><script>${notes}</script>
  <script type="module">
    import { Chat, Player } from '${origin}/sdk/onair.js';
    const player = new Player({ url: '${origin}', stream: 'show', video: document.querySelector('video') });
    player.on('state', ({ state }) => said.states.push(state));
    player.on('stats', ({ latencySeconds }) => said.ticks.push(latencySeconds ?? null));
    player.on('info', (info) => info !== undefined && !said.broadcasts.includes(info.broadcast) && said.broadcasts.push(info.broadcast));
    player.play();
    const chat = new Chat({ url: '${origin}', stream: 'show', name: 'Ann' });
    chat.on('state', (state) => said.chat.push(state.state ?? state));
    chat.on('message', ({ text }) => said.chat.push(text));
    window.chat = chat;
  </script>`;

const publisherPage = (origin: string, key: string): string => `<!doctype html><title>Publisher</title><script>${notes}</script>
  <script type="module">
    import { Publisher, qualities } from '${origin}/sdk/onair.js';
    const publisher = new Publisher({ url: '${origin}', stream: 'show', key: ${JSON.stringify(key)}, quality: qualities[0] });
    publisher.on('state', (state) => said.states.push(state));
    publisher.on('stats', () => said.ticks.push(null));
    publisher.start().catch((error) => said.states.push(String(error)));
  </script>`;

const seen = (page: Page): Promise<Seen> => page.evaluate<Seen>('seen()');

async function until(page: Page, what: string, holds: (now: Seen) => boolean, timeoutMs = 40_000): Promise<Seen> {
  let last: Seen | undefined;
  return waitUntil(what, async () => holds((last = await seen(page))) && last, timeoutMs, 100).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

/** A page that can lose its network: the browser says so, and what was connected hangs, as when a cable is pulled. */
class Person {
  readonly page: Page;
  readonly #line: LineProxy;

  private constructor(page: Page, line: LineProxy) {
    this.page = page;
    this.#line = line;
  }

  static async open(t: Test, server: TestServer, html: (origin: string) => string, clockAheadMs = 0): Promise<Person> {
    const line = await LineProxy.listen(t, server.origin);
    const site = await serveWebSite(t, { '/': html(line.origin) });
    const browser = await launchChromium(t);
    const page = await browser.newPage();
    await page.addInitScript(`{
      const Right = Date;
      window.Date = class extends Right {
        constructor(...given) { super(...(given.length === 0 ? [Right.now() + ${String(clockAheadMs)}] : given)); }
        static now() { return Right.now() + ${String(clockAheadMs)}; }
      };
    }`);
    await page.goto(`${site}/`);
    return new Person(page, line);
  }

  async loseNetwork(): Promise<void> {
    this.#line.up.bytesPerSecond = this.#line.down.bytesPerSecond = 0;
    await this.page.context().setOffline(true);
  }

  async findNetwork(): Promise<void> {
    this.#line.up.bytesPerSecond = this.#line.down.bytesPerSecond = Infinity;
    await this.page.context().setOffline(false);
  }

  /** So many more seconds of its page, in which it asked for no socket. */
  async waitsFor(t: Test, seconds: number): Promise<void> {
    const before = await seen(this.page);
    const after = await until(this.page, 'some seconds without network', ({ ticks }) => ticks.length >= before.ticks.length + seconds);
    t.equal(after.attempts, before.attempts, `in ${String(seconds)} s without network no socket is asked for`);
  }
}

t.test('without network everybody waits, and is back as soon as there is one; a broadcaster’s clock that is an hour ahead changes nothing', { skip }, async (t) => {
  const server = await startServer(t);
  const broadcaster = await Person.open(t, server, (origin) => publisherPage(origin, server.key), hourMs);
  const { wallClockMs } = await until(broadcaster.page, 'the broadcast', ({ states }) => states.at(-1) === 'live');
  t.ok(wallClockMs - Date.now() > hourMs / 2, 'the broadcaster’s clock is wrong');
  const viewer = await Person.open(t, server, viewerPage);
  const isTrue = (now: Seen): boolean => {
    const behind = now.ticks.at(-1) ?? Infinity;
    return now.states.at(-1) === 'playing' && behind > 0 && behind < 20;
  };
  await until(viewer.page, 'a picture, and how far behind it is', isTrue);
  await until(viewer.page, 'the chat', ({ chat }) => chat.at(-1) === 'open');

  await t.test('a viewer and their chat', async (t) => {
    const before = await seen(viewer.page);
    await viewer.loseNetwork();
    await until(viewer.page, 'the loss to be noticed', ({ states, chat }) => states.at(-1) === 'stalled' && chat.at(-1) === 'connecting');
    await viewer.waitsFor(t, 4);
    await viewer.findNetwork();
    const after = await until(viewer.page, 'the picture and the chat', (now) => isTrue(now) && now.chat.at(-1) === 'open', atOnceMs);
    t.notOk(after.states.slice(before.states.length).some((state) => state === 'ended' || state === 'failed'));
    await viewer.page.evaluate('chat.send("I am back")');
    await until(viewer.page, 'the message', ({ chat }) => chat.includes('I am back'));
  });

  await t.test('a broadcaster', async (t) => {
    const { states } = await seen(broadcaster.page);
    await broadcaster.loseNetwork();
    await until(broadcaster.page, 'the loss to be noticed', (now) => now.states.at(-1) === 'reconnecting');
    await broadcaster.waitsFor(t, 4);
    await broadcaster.findNetwork();
    const after = await until(broadcaster.page, 'the broadcast', (now) => now.states.at(-1) === 'live', atOnceMs);
    t.notOk(after.states.slice(states.length).includes('ended'));
    const { broadcasts } = await until(viewer.page, 'the picture', isTrue);
    t.equal(broadcasts.length, 1, 'it is the same broadcast');
  });
});
