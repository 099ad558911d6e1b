import t from 'tap';
import { FactsDesk } from '../../../src/web/sdk/playback/facts-poll.js';
import { Ending, type PathStats, type Playback, type PlaybackEnd, type PlaybackOptions, type PlayerPlace } from '../../../src/web/sdk/playback/playback.js';
import { Player } from '../../../src/web/sdk/player.js';
import { FakePage, settle } from './fake-page.js';
import { FakeVideo, fakeBrowser } from './fake-video.js';

fakeBrowser(t);

/** The server's clock is so far ahead of the page's, which begins at 0. */
const serverSeconds = 1_000_000;

class EdgePath implements Playback {
  readonly path = 'websocket';
  readonly unstick = 'own';
  readonly #ending = new Ending();
  latencySeconds = 0.5;
  isOver = false;

  constructor({ clock, page }: PlaybackOptions) {
    clock.add({ sentAtMs: page.nowMs(), serverTimeMs: serverSeconds * 1000 + page.nowMs(), receivedAtMs: page.nowMs() });
  }

  get closed(): Promise<PlaybackEnd> {
    return this.#ending.promise;
  }

  stats(): PathStats {
    return { latencySeconds: this.latencySeconds, bitsPerSecond: 1, codecs: undefined };
  }

  suspend(): void {
    return;
  }

  resume(): void {
    return;
  }

  close(): void {
    this.over({ reason: 'closed' });
  }

  over(end: PlaybackEnd): void {
    this.isOver = true;
    this.#ending.resolve(end);
  }
}

class PlacePath extends EdgePath {
  readonly fromSeconds: number | undefined;
  sought: number | undefined;
  at: PlayerPlace | undefined;

  constructor(options: PlaybackOptions) {
    super(options);
    this.fromSeconds = options.fromSeconds;
  }

  place(): PlayerPlace | undefined {
    return this.at;
  }

  seek(toSeconds: number): void {
    this.sought = toSeconds;
  }
}

function bench(url: string, facts: object = {}) {
  const page = new FakePage();
  const video = new FakeVideo();
  const edges: EdgePath[] = [];
  const places: PlacePath[] = [];
  const states: string[] = [];
  const startedAt = new Date((serverSeconds - 100) * 1000).toISOString();
  page.answers.set('/api/streams/', () => new Response(JSON.stringify({ broadcast: 'a', state: 'live', startedAt, rewindSeconds: 60, rendition: { targetDurationSeconds: 2 }, ...facts })));
  const Edge = class extends EdgePath {
    constructor(options: PlaybackOptions) {
      super(options);
      edges.push(this);
    }
  };
  const Place = class extends PlacePath {
    constructor(options: PlaybackOptions) {
      super(options);
      places.push(this);
    }
  };
  const seams = { page, facts: new FactsDesk(page), paths: { websocket: Edge, hls: Edge, native: Edge }, seekable: { hls: Place, native: Place }, baseUrl: 'https://site.example/' };
  const player = new Player({ url, video: video as unknown as HTMLVideoElement }, seams);
  player.on('state', ({ state }) => states.push(state));
  t.teardown(() => player.close());
  const plays = async (): Promise<void> => {
    video.readyState = 4;
    video.say('playing');
    await page.pass(250);
  };
  return { page, video, player, edges, places, states, plays };
}

const live = async (facts: object = {}) => {
  const made = bench('https://live.example/live/s', facts);
  made.player.play();
  await settle();
  await made.plays();
  return made;
};

t.test('live, places are dates by the server’s clock, as far back as the server goes and the broadcast lasts', async (t) => {
  const { player, page } = await live();
  const now = serverSeconds + page.nowMs() / 1000;
  t.strictSame(player.place, { positionSeconds: now - 0.5, startSeconds: now - 60, endSeconds: now });
  t.equal((await live({ rewindSeconds: 500 })).player.place?.startSeconds, serverSeconds - 100);
  const told: unknown[] = [];
  const none = await live({ rewindSeconds: undefined });
  none.player.on('place', (place) => told.push(place));
  await none.page.pass(1000);
  t.strictSame([none.player.place, told], [undefined, []], 'where the server does not go back there is nothing to say');
  none.player.seek(serverSeconds - 30);
  t.equal(none.places.length, 0);
});

t.test('going back leaves the edge for the longer playlist without a curtain, and going live returns to the path of before', async (t) => {
  const { player, edges, places, states, plays } = await live();
  player.seek(serverSeconds - 30);
  t.strictSame([edges[0]?.isOver, places.length, places[0]?.fromSeconds, player.atLive], [true, 1, serverSeconds - 30, false]);
  await plays();
  t.strictSame(states, ['playing', 'stalled', 'playing'], 'the picture is never curtained off');
  if (places[0]) places[0].at = { positionSeconds: serverSeconds - 30, startSeconds: serverSeconds - 60, endSeconds: serverSeconds };
  player.seek(serverSeconds - 40);
  t.strictSame([places.length, places[0]?.sought], [1, serverSeconds - 40], 'another place of the same playlist');
  player.seek(0);
  t.equal(places[0]?.sought, serverSeconds - 60, 'the nearest there is');
  player.goLive();
  t.strictSame([places[0]?.isOver, edges.length, player.atLive], [true, 2, true]);
  await plays();
  player.seek(serverSeconds + 9);
  t.strictSame([edges.length, places.length], [2, 1], 'the newest is the edge');
});

t.test('who paused goes on where it was, if the server still has it, and at the edge after a moment', async (t) => {
  for (const [pausedSeconds, expected] of [[0.8, undefined], [20, serverSeconds], [90, undefined]] as const) {
    const { player, video, edges, places, page } = await live();
    player.pause();
    video.say('pause');
    await page.pass(pausedSeconds * 1000);
    const [edge] = edges;
    if (edge) edge.latencySeconds = 0.5 + pausedSeconds;
    player.play();
    video.say('play');
    const from = places[0]?.fromSeconds;
    t.ok(expected === undefined ? from === undefined : from !== undefined && Math.abs(from - expected) < 2, `${pausedSeconds} s: ${String(from)}`);
  }
  const { player, video, edges, places, page } = await live();
  player.pause();
  video.say('pause');
  await page.pass(20_000);
  if (edges[0]) edges[0].latencySeconds = 20.5;
  player.goLive();
  video.say('play');
  t.equal(places.length, 0, 'who asks for live gets it');
});

t.test('a playlist that goes back and fails leads to the edge, and no path is blamed', async (t) => {
  const { player, edges, places, page, plays } = await live();
  player.seek(serverSeconds - 30);
  places[0]?.over({ reason: 'failed', failure: { code: 'hls-error' } });
  await page.pass(3000);
  await plays();
  t.strictSame([edges.length, player.atLive, player.state], [2, true, 'playing']);
});

t.test('a recording is played by what can be sought in, asks for no facts, and can be gone back in at its end', async (t) => {
  const { player, page, video, edges, places, states, plays } = bench('https://live.example/recordings/cam-1');
  player.play();
  await settle();
  t.strictSame([edges.length, places.length, places[0]?.fromSeconds], [0, 1, undefined]);
  await plays();
  if (places[0]) places[0].at = { positionSeconds: 3, startSeconds: 0, endSeconds: 60 };
  t.strictSame([player.place, player.atLive], [places[0]?.at, false]);
  player.seek(59.9);
  t.equal(places[0]?.sought, 59.9, 'its end is a place like all others');
  video.say('ended');
  player.seek(10);
  video.say('playing');
  t.strictSame(states, ['playing', 'ended', 'playing']);
  player.mode = 'lowest-delay';
  player.goLive();
  t.strictSame([places.length, places[0]?.isOver], [1, false], 'there is no live edge, and one way to play');
  t.notMatch(page.asked.join(' '), /api\/streams/);
});
