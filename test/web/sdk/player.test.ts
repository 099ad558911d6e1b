import t from 'tap';
import { FactsDesk } from '../../../src/web/sdk/playback/facts-poll.js';
import type { PathName } from '../../../src/web/sdk/playback/path-choice.js';
import { Ending, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions } from '../../../src/web/sdk/playback/playback.js';
import { Player } from '../../../src/web/sdk/player.js';
import { FakeVideo, fakeBrowser } from './fake-video.js';
import { FakePage } from './fake-page.js';

fakeBrowser(t);

/** A path that does as the test says. */
class FakePath implements Playback {
  readonly unstick = 'own';
  readonly #ending = new Ending();
  readonly path: PathName;
  readonly mode: string;
  readonly done: string[] = [];
  isOver = false;

  constructor(path: PathName, { mode }: PlaybackOptions) {
    this.path = path;
    this.mode = mode;
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  end(end: PlaybackEnd): void {
    this.isOver = true;
    this.#ending.resolve(end);
  }

  stats(): PathStats {
    return { latencySeconds: 1, bitsPerSecond: 1, codecs: undefined };
  }

  suspend(): void {
    this.done.push('suspend');
  }

  resume(): void {
    this.done.push('resume');
  }

  close(): void {
    this.end({ reason: 'closed' });
  }
}

interface Server {
  broadcast: string;
  state: 'live' | 'waiting' | 'ended' | 'gone' | 'down';
}

function bench(options: { readonly mode?: 'smooth'; readonly path?: PathName; readonly server?: Server; readonly page?: FakePage; readonly video?: FakeVideo } = {}) {
  const page = options.page ?? new FakePage();
  const video = options.video ?? new FakeVideo();
  const server: Server = options.server ?? { broadcast: 'first', state: 'live' };
  const news: string[] = [];
  const runs: FakePath[] = [];
  const loaded: PathName[] = [];
  page.answers.set('/api/streams/', () => {
    if (server.state === 'down') throw new TypeError('no network');
    return server.state === 'gone' ? new Response('{}', { status: 404 }) : new Response(JSON.stringify(server));
  });
  const pathOf = (path: PathName) =>
    class extends FakePath {
      static load(): void {
        loaded.push(path);
      }

      constructor(given: PlaybackOptions) {
        super(path, given);
        runs.push(this);
      }
    };
  const player = new Player(
    { url: 'https://live.example/live/s', video: video as unknown as HTMLVideoElement, mode: options.mode, path: options.path },
    { page, facts: new FactsDesk(page), paths: { websocket: pathOf('websocket'), hls: pathOf('hls'), native: pathOf('native') }, baseUrl: 'https://site.example/' },
  );
  player.on('state', ({ state, notice }) => news.push(notice === undefined ? state : `${state}: ${notice.code}`));
  player.on('autoplay', (what) => news.push(`autoplay ${what}`));
  player.on('warning', ({ code }) => news.push(`warning ${code}`));
  player.on('recovered', ({ code }) => news.push(`recovered ${code}`));
  return {
    ...{ page, video, server, player, news, runs, loaded },
    get run(): FakePath {
      const last = runs.at(-1);
      if (last === undefined) throw new Error('expected a path, none was begun');
      return last;
    },
    /** Plays for so long: the picture moves as it should. */
    plays: async (seconds: number): Promise<void> => {
      video.readyState = 4;
      video.say('playing');
      for (let count = 0; count < seconds * 4; count += 1) {
        if (!video.paused) video.currentTime += 0.25;
        await page.pass(250);
      }
    },
  };
}

t.test('while the server is asked, the program of the likely path is loaded, and of no other', (t) => {
  for (const [options, expected] of [[{}, 'websocket'], [{ mode: 'smooth' }, 'hls'], [{ path: 'native' }, 'native']] as const) {
    const { player, loaded } = bench(options);
    t.same(loaded, [], 'not before it is to play');
    player.play();
    t.same(loaded, [expected]);
    player.close();
  }
  t.end();
});

t.test('the second broadcast after the first is played on every path, however late the first one’s last picture was', async (t) => {
  for (const path of ['websocket', 'hls', 'native'] as const) {
    const { page, server, player, runs, plays, news } = bench({ path });
    player.play();
    await page.pass(0);
    await plays(3);
    Object.assign(server, { broadcast: 'second' });
    await plays(8);
    runs[0]?.end({ reason: 'ended' });
    await page.pass(3_000);
    t.equal(runs.length, 2, path);
    t.equal(player.state, 'connecting', path);
    t.ok(news.includes('ended'));
    player.close();
  }
});

t.test('a broadcast that has ended is not begun again while the server still calls it live', async (t) => {
  const { page, server, player, runs, plays } = bench();
  player.play();
  await page.pass(0);
  await plays(1);
  runs[0]?.end({ reason: 'ended' });
  await page.pass(20_000);
  t.equal(runs.length, 1);
  t.equal(player.state, 'ended');
  server.state = 'ended';
  await page.pass(20_000);
  Object.assign(server, { broadcast: 'second', state: 'live' });
  await page.pass(10_000);
  t.equal(runs.length, 2);
});

t.test('a page that nobody has seen yet opens nothing; shown, it begins at once', async (t) => {
  const { page, player, runs, news } = bench();
  page.hidden = true;
  player.play();
  await page.pass(60_000);
  t.equal(runs.length, 0);
  t.same(news, ['waiting: page-hidden']);
  page.tell('shown');
  await page.pass(0);
  t.equal(runs.length, 1);
});

t.test('a waiting room that was seen and used begins behind another tab too; one that was never touched waits to be shown', async (t) => {
  for (const touched of [true, false]) {
    const { page, server, player, runs } = bench({ server: { broadcast: 'first', state: 'gone' } });
    page.touched = touched;
    player.play();
    await page.pass(5_000);
    page.hidden = true;
    server.state = 'live';
    await page.pass(20_000);
    t.equal(runs.length, touched ? 1 : 0);
    page.tell('shown');
    await page.pass(0);
    t.equal(runs.length, 1);
  }
});

t.test('a page’s own pause is a pause: nothing is muted or started against it, in whatever browser', async (t) => {
  const cases = [
    { webKit: false, touched: false, seconds: 0.25 },
    { webKit: true, touched: false, seconds: 2 },
    { webKit: true, touched: true, seconds: 0.25 },
  ];
  for (const { seconds, ...browser } of cases) {
    const { page, video, player, run, plays, news } = await playing(browser);
    await plays(seconds);
    video.pause();
    await page.pass(5_000);
    t.equal(video.paused, true);
    t.equal(video.muted, false);
    t.same(news, ['playing', 'paused']);
    t.equal(player.state, 'paused');
    t.same(run.done, []);
  }
});

t.test('WebKit, which pauses sound that nobody asked for, is begun again without it', async (t) => {
  const { page, video, news } = await playing({ webKit: true });
  await page.pass(250);
  video.pause();
  await page.pass(0);
  t.equal(video.paused, false);
  t.equal(video.muted, true);
  t.same(news, ['playing', 'autoplay muted']);
});

t.test('the same with the source of a later broadcast, and where WebKitGTK makes the element loud again as it opens an output for it', async (t) => {
  for (const isLoudFirst of [true, false]) {
    const { page, video, player, run, runs, server, news, plays } = await playing({ webKit: true });
    await plays(2);
    server.broadcast = 'later';
    run.end({ reason: 'ended' });
    await page.pass(3_000);
    t.equal(runs.length, 2);
    video.load();
    video.say('emptied');
    await page.pass(0);
    video.muted = !isLoudFirst;
    Object.assign(video, { paused: false, readyState: 4 });
    video.say('playing');
    await page.pass(50);
    if (!isLoudFirst) {
      video.muted = false;
      video.say('volumechange');
    }
    await page.pass(700);
    video.pause();
    await page.pass(0);
    t.equal(video.paused, false, 'it plays on');
    t.equal(video.muted, true);
    t.equal(player.state, 'playing');
    t.same(news.slice(news.lastIndexOf('connecting')), ['connecting', 'playing', 'autoplay muted']);
  }
});

t.test('WebKit’s own pauses, as a source goes and another comes, are nobody’s wish: it plays on', async (t) => {
  const { page, video, player, runs, run, news, plays } = await playing({ webKit: true, touched: true });
  await plays(2);
  run.end({ reason: 'failed', failure: { code: 'socket-blocked' } });
  video.load();
  video.say('emptied');
  await page.pass(0);
  t.equal(runs.at(-1)?.path, 'hls');
  for (const readyState of [0, 1]) {
    Object.assign(video, { paused: true, readyState });
    video.say('pause');
  }
  t.equal(player.state, 'connecting');
  video.readyState = 3;
  video.say('canplay');
  await plays(1);
  t.equal(video.paused, false);
  t.equal(player.state, 'playing');
  video.say('pause');
  t.equal(player.state, 'playing', 'told late: it has gone on already');
  video.pause();
  t.equal(player.state, 'paused');
  video.say('canplay');
  t.equal(video.paused, true, 'the viewer’s own stands');
  t.same(news, ['playing', 'connecting', 'playing', 'paused']);
});

t.test('WebKit, which on a busy machine takes its own halts for pauses, is played on; a person’s pause stands, and so does one that comes again and again', async (t) => {
  const halts = ['waiting', 'canplay', 'seeked', 'ratechange', 'durationchange'] as const;
  for (const halt of halts) {
    const { page, video, news, plays } = await playing({ webKit: true });
    await plays(2);
    video.say(halt);
    await page.pass(100);
    video.pause();
    t.equal(video.paused, false, `after ${halt}`);
    video.say('playing');
    await page.pass(2_000);
    t.same(news, ['playing'], 'nothing is told of it');
  }
  const paused = async (act: (made: Awaited<ReturnType<typeof playing>>) => Promise<void> | void, webKit = true): Promise<void> => {
    const made = await playing({ webKit });
    await made.plays(2);
    made.video.say('canplay');
    await act(made);
    t.equal(made.video.paused, true);
    t.same(made.news, ['playing', 'paused']);
  };
  await paused(({ player }) => player.pause());
  await paused(({ page, video }) => {
    page.isBeingTouched = true;
    video.pause();
  });
  await paused(async ({ page, video }) => {
    await page.pass(1_000);
    video.pause();
  });
  await paused(({ video }) => video.pause(), false);
  await paused(({ video }) => {
    for (let again = 0; again < 10; again += 1) video.pause();
  });
});

t.test('a source that a path exchanges while it plays is played on, unless the viewer had paused', async (t) => {
  for (const webKit of [true, false]) {
    for (const paused of [true, false]) {
      const { video, player, plays } = await playing({ webKit, touched: true });
      await plays(2);
      if (paused) video.pause();
      video.load();
      video.say('emptied');
      if (webKit && !paused) video.say('pause');
      video.readyState = 4;
      video.say('canplay');
      t.equal(video.paused, paused);
      t.equal(player.state, paused ? 'paused' : 'playing');
    }
  }
});

t.test('a viewer who pauses for long is let go of, and comes back at the live edge', async (t) => {
  const { page, video, player, run, plays } = await playing({});
  player.pause();
  t.equal(video.paused, true);
  await page.pass(9_500);
  t.same(run.done, []);
  await page.pass(1_000);
  t.same(run.done, ['suspend']);
  page.tell('online');
  page.tell('shown');
  t.same(run.done, ['suspend'], 'nothing else wakes it up');
  player.play();
  await plays(1);
  t.same(run.done, ['suspend', 'resume']);
  t.equal(player.state, 'playing');
  t.equal(run.isOver, false);
});

t.test('who paused is not played to by a path that failed, nor by the next broadcast', async (t) => {
  const { page, video, player, runs, run } = await playing({});
  video.pause();
  run.end({ reason: 'failed', failure: { code: 'connection-lost' } });
  await page.pass(20_000);
  t.equal(runs.length, 1);
  t.equal(video.paused, true);
  await video.play();
  await page.pass(0);
  t.equal(runs.length, 2, 'but by their own wish');
  t.equal(player.state, 'connecting');
});

t.test('a refused sound plays muted; a refused picture says so and lets the line go', async (t) => {
  const sound = bench();
  sound.video.refuses = 'sound';
  sound.player.play();
  await sound.page.pass(0);
  t.same(sound.news, ['autoplay muted']);
  t.equal(sound.video.paused, false);

  const all = bench();
  all.video.refuses = 'all';
  all.player.play();
  await all.page.pass(0);
  t.same(all.news, ['autoplay muted', 'autoplay blocked']);
  await all.page.pass(11_000);
  t.same(all.run.done, ['suspend']);
  all.video.refuses = 'nothing';
  await all.video.play();
  await all.plays(1);
  t.same(all.run.done, ['suspend', 'resume']);
});

t.test('one broken frame is no reason to leave a path; many are, and even those are forgiven after a while', async (t) => {
  const { page, runs, player, plays } = await playing({});
  for (let count = 0; count < 3; count += 1) {
    runs.at(-1)?.end({ reason: 'failed', failure: { code: 'media-error', detail: 'broken' } });
    await page.pass(0);
  }
  t.same(runs.map((run) => run.path), ['websocket', 'websocket', 'websocket', 'hls']);
  await plays(130);
  player.mode = 'lowest-delay';
  runs.at(-1)?.end({ reason: 'failed', failure: { code: 'hls-error', detail: 'broken too' } });
  await page.pass(0);
  t.equal(runs.at(-1)?.path, 'websocket');
});

t.test('each path that fails is followed by the next; when none is left all are tried again, ever less often', async (t) => {
  const { page, runs, news } = await playing({});
  for (let count = 0; count < 2; count += 1) {
    runs.at(-1)?.end({ reason: 'failed', failure: { code: 'socket-blocked' } });
    await page.pass(0);
  }
  t.same(runs.map((run) => run.path), ['websocket', 'hls']);
  t.equal(news.at(-1), 'failed: no-path-worked');
  await page.pass(2_000);
  t.equal(runs.length, 3);
});

t.test('on a line slower than the stream the player changes to seconds in hand, and says so', async (t) => {
  const { page, runs, run, news, player, plays } = await playing({});
  run.end({ reason: 'failed', failure: { code: 'line-too-slow' } });
  await page.pass(0);
  t.match(runs.at(-1), { path: 'hls', mode: 'smooth' });
  t.equal(news.filter((each) => each === 'warning line-too-slow').length, 1);
  t.equal(player.mode, 'lowest-delay', 'what the viewer wished for is kept');
  await plays(1);
  player.mode = 'smooth';
  t.ok(news.includes('recovered line-too-slow'));

  const bound = await playing({ path: 'websocket' });
  bound.run.end({ reason: 'failed', failure: { code: 'line-too-slow' } });
  await bound.page.pass(0);
  t.match(bound.runs.at(-1), { path: 'websocket', mode: 'smooth' }, 'where the page wants one path alone, that one');
});

t.test('a slow line stays known while the server cannot be asked over it, and until another broadcast or wish', async (t) => {
  const { page, server, runs, run, news, plays } = await playing({});
  server.state = 'down';
  await plays(6);
  run.end({ reason: 'failed', failure: { code: 'line-too-slow' } });
  await page.pass(0);
  t.match(runs.at(-1), { path: 'hls', mode: 'smooth' }, 'nothing need be asked to go on');
  runs.at(-1)?.end({ reason: 'failed', failure: { code: 'hls-error', detail: 'no answer' } });
  await page.pass(20_000);
  t.equal(news.at(-1), 'waiting: server-unreachable');
  server.state = 'live';
  await page.pass(6_000);
  t.match(runs.slice(2), [{ path: 'hls', mode: 'smooth' }]);
  t.notOk(news.includes('recovered line-too-slow'));
  await plays(1);
  runs.at(-1)?.end({ reason: 'ended' });
  server.broadcast = 'second';
  await page.pass(6_000);
  t.match(runs.at(-1), { path: 'websocket', mode: 'lowest-delay' }, 'another broadcast may fit');
  t.equal(news.filter((each) => each === 'recovered line-too-slow').length, 1);
});

t.test('a server that was gone is found again by the best path', async (t) => {
  const { page, server, runs, run } = await playing({});
  server.state = 'down';
  run.end({ reason: 'failed', failure: { code: 'connection-lost' } });
  await page.pass(20_000);
  server.state = 'live';
  await page.pass(6_000);
  t.same(runs.map(({ path }) => path), ['websocket', 'websocket']);
});

t.test('a mode is changed at once', async (t) => {
  const { page, runs, player } = await playing({});
  player.mode = 'smooth';
  await page.pass(0);
  t.match(runs.map(({ path, mode }) => [path, mode]), [['websocket', 'lowest-delay'], ['hls', 'smooth']]);
  player.mode = 'smooth';
  await page.pass(0);
  t.equal(runs.length, 2);
});

t.test('a page whose listener throws is played to all the same', async (t) => {
  const reported: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => reported.push(error) });
  t.teardown(() => void Reflect.deleteProperty(globalThis, 'reportError'));
  const { page, player, runs } = bench();
  for (const name of ['info', 'path'] as const) {
    player.on(name, () => {
      throw new Error(`a mistake at ${name}`);
    });
  }
  player.play();
  await page.pass(0);
  t.equal(runs.length, 1);
  t.equal(reported.length, 2);
});

t.test('a server that does not answer is told in code and words, and asked again', async (t) => {
  const { page, server, player, runs, news } = bench({ server: { broadcast: 'first', state: 'down' } });
  player.play();
  await page.pass(0);
  t.same(news, ['waiting: server-unreachable']);
  server.state = 'live';
  await page.pass(3_000);
  t.equal(runs.length, 1);
});

t.test('created and closed a hundred times, at whatever stage, it leaves nothing behind', async (t) => {
  const page = new FakePage();
  const video = new FakeVideo();
  for (let round = 0; round < 100; round += 1) {
    const { player, runs, news } = bench({ page, video });
    if (round % 5 > 0) player.play();
    if (round % 5 > 1) await page.pass(0);
    if (round % 5 > 2) video.say('playing');
    if (round % 5 > 3) video.say('waiting');
    player.close();
    player.close();
    player.play();
    await page.pass(0);
    const said = news.length;
    await page.pass(30_000);
    t.equal(news.length, said);
    t.ok(runs.every((run) => run.isOver));
    t.same(page.left, { timers: 0, listeners: 0, sockets: 0 });
  }
});

/** A player that shows its first picture. */
async function playing({ webKit = false, touched = !webKit, path }: { readonly webKit?: boolean; readonly touched?: boolean; readonly path?: PathName }): Promise<ReturnType<typeof bench>> {
  const made = bench(path === undefined ? {} : { path });
  made.page.webKit = webKit;
  made.page.touched = touched;
  made.player.play();
  await made.page.pass(0);
  made.video.readyState = 4;
  made.video.say('playing');
  await made.page.pass(0);
  return made;
}
