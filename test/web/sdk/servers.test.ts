import t from 'tap';
import { Chat } from '../../../src/web/sdk/chat.js';
import { addressesAt } from '../../../src/web/sdk/playback/addresses.js';
import { ClockOffset } from '../../../src/web/sdk/playback/clock-offset.js';
import { FactsDesk } from '../../../src/web/sdk/playback/facts-poll.js';
import type { PathProgram } from '../../../src/web/sdk/playback/lazy-path.js';
import { Ending, type PlaybackEnd, type PlaybackOptions } from '../../../src/web/sdk/playback/playback.js';
import { WebSocketMse } from '../../../src/web/sdk/playback/web-socket-mse.js';
import { Player } from '../../../src/web/sdk/player.js';
import { FakePage } from './fake-page.js';
import { FakeVideo, fakeBrowser } from './fake-video.js';

fakeBrowser(t);

const urls = ['https://a.example/live/s', 'https://b.example/live/s', 'https://c.example/live/s'];
const hostsOf = (asked: readonly string[]): string[] => asked.map((url) => new URL(url).host);
const live = (): Response => new Response(JSON.stringify({ state: 'live', broadcast: 'first' }));

t.test('addresses are those of the first server until it is gone on to the next, and after the last of the first again', (t) => {
  const addresses = addressesAt(urls, undefined);
  const { facts } = addresses;
  const hosts = (): string[] => hostsOf([addresses.origin, addresses.play, addresses.hls, addresses.chat, typeof facts === 'string' ? facts : facts()]);
  for (const host of ['a.example', 'b.example', 'c.example', 'a.example']) {
    t.same(new Set(hosts()), new Set([host]));
    addresses.servers?.next();
  }
  t.equal(addressesAt('https://a.example/live/s', undefined).servers, undefined, 'one server is one');
  t.equal(addressesAt(['https://a.example', 'https://b.example'], 's').hls, 'https://a.example/live/s/index.m3u8');
  t.throws(() => addressesAt([], 's'), /expected the address of a server, or several/);
  t.end();
});

t.test('a player asks the next server when one does not answer, plays there, and leaves a server alone that it plays from', async (t) => {
  const page = new FakePage();
  page.answers.set('https://b.example/api/', live);
  const begun: string[] = [];
  class FakePath {
    static load(): void {}
    readonly unstick = 'own';
    readonly #ending = new Ending();
    constructor({ addresses }: PlaybackOptions) {
      begun.push(addresses.hls);
    }
    get closed(): Promise<PlaybackEnd> {
      return this.#ending.promise;
    }
    stats(): { latencySeconds: number; bitsPerSecond: number; codecs: undefined } {
      return { latencySeconds: 1, bitsPerSecond: 1, codecs: undefined };
    }
    suspend(): void {}
    resume(): void {}
    close(): void {
      this.#ending.resolve({ reason: 'closed' });
    }
  }
  const path = FakePath as unknown as PathProgram;
  const video = new FakeVideo();
  const player = new Player({ url: urls, video: video as unknown as HTMLVideoElement }, { page, facts: new FactsDesk(page), paths: { websocket: path, hls: path, native: path }, baseUrl: 'https://site.example/' });
  player.play();
  await page.pass(3_000);
  t.same(hostsOf(page.asked), ['a.example', 'b.example']);
  t.same(begun, ['https://b.example/live/s/index.m3u8']);
  page.answers.clear();
  video.readyState = 4;
  video.say('playing');
  for (let quarters = 0; quarters < 48; quarters += 1) {
    video.currentTime += 0.25;
    await page.pass(250);
  }
  t.ok(page.asked.length > 3);
  t.same(new Set(hostsOf(page.asked).slice(1)), new Set(['b.example']), 'what plays says more of a server than an answer that does not come');
  player.close();
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});

t.test('a viewer’s socket tries every server before it calls sockets blocked, and comes back to the next one after a loss', async (t) => {
  const bench = async () => {
    const page = new FakePage();
    const ends: PlaybackEnd[] = [];
    const options = { video: new FakeVideo() as unknown as HTMLVideoElement, mode: 'lowest-delay', addresses: addressesAt(urls, undefined), clock: new ClockOffset(), page, wishedRendition: () => 'auto', onRenditions: () => undefined } as const;
    const path = new WebSocketMse(options);
    void path.closed.then((end) => ends.push(end));
    await page.pass(0);
    return { page, ends, path, hosts: () => hostsOf(page.sockets.map(({ url }) => url)) };
  };
  const blocked = await bench();
  for (const _ of [1, 2, 3]) {
    blocked.page.socket.drop();
    await blocked.page.pass(4_000);
  }
  t.same(blocked.hosts(), ['a.example', 'b.example', 'c.example']);
  t.match(blocked.ends, [{ reason: 'failed', failure: { code: 'socket-blocked' } }]);

  const lost = await bench();
  lost.page.socket.say({ type: 'pong', sentAtMs: 0, serverTimeMs: 0 });
  lost.page.socket.drop();
  await lost.page.pass(1_000);
  lost.page.socket.drop();
  await lost.page.pass(2_000);
  t.same(lost.hosts(), ['a.example', 'a.example', 'b.example']);
  lost.path.close();
});

t.test('a chat opens at the server that answers', async (t) => {
  const page = new FakePage();
  page.answers.set('https://c.example/api/', live);
  const chat = new Chat({ url: urls }, { page, facts: new FactsDesk(page), baseUrl: 'https://site.example/' });
  await page.pass(6_000);
  t.same(hostsOf(page.asked), ['a.example', 'b.example', 'c.example']);
  t.same(hostsOf(page.sockets.map(({ url }) => url)), ['c.example']);
  chat.close();
  t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
});
