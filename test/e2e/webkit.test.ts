import t from 'tap';

import { skipWithout, waitUntil, type Teardown } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { serveWebSite } from '../helpers/web-site.js';
import { inWebKit, webkitProgram } from '../helpers/webkit.js';

t.setTimeout(240_000);

interface Look {
  readonly state: string | undefined;
  readonly path: string;
  readonly why: string;
  readonly frames: number;
  readonly seconds: number;
}

const lookAtPage = `
  const video = document.querySelector('video');
  if (video === null) return undefined;
  const row = (name) => [...document.querySelectorAll('.stats-row')].find((each) => each.firstChild.textContent === name).lastChild.textContent;
  return {
    state: document.querySelector('.player-stage').dataset.state, path: row('Path'), why: row('Why'),
    frames: video.getVideoPlaybackQuality().totalVideoFrames, seconds: video.currentTime,
  };`;

/** One server and one broadcast for all that is watched here. */
let begun: Promise<TestServer> | undefined;
const begin = (): Promise<TestServer> =>
  (begun ??= (async () => {
    const server = await startServer(t);
    await goOnAir(t, server);
    return server;
  })());

/** A broadcast that is cut off when the file is done. */
async function goOnAir(t: Teardown, server: TestServer): Promise<void> {
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  sendTestCard(t, publisher, { seconds: 240 }).catch(() => undefined);
  await publisher.message('live');
}

t.test("The watch page plays by itself in Safari's engine, whatever path that takes, and says why", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const server = await begin();
  // Native HLS is not asked for here: GStreamer's old HLS element shows fragments by their own time on a clock that began
  // with the playlist's window, so the picture of a broadcast joined late stands still there.
  await inWebKit(t, async (webkit) => {
    const look = (): Promise<Look | null> => webkit.evaluate<Look | null>(lookAtPage);
    await webkit.open(`${server.origin}/watch/card`);
    // How many pictures a second are drawn is up to the machine: without a graphics card one in twenty was seen under load.
    let first: Look | undefined;
    const end = await waitUntil('5 s of moving picture', async () => {
      const now = await look();
      if (now?.state !== 'playing' || now.frames === 0) return undefined;
      first ??= now;
      return now.frames >= first.frames + 50 && now.seconds >= first.seconds + 5 && now;
    }, 90_000, 200).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)} from ${JSON.stringify(first)}: ${JSON.stringify(await look())}`)));
    t.comment(`${end.path}: ${end.why}`);
    t.not(end.path, '–');
    t.not(end.why, '–');
  });
});

t.test("In Safari's engine a player plays on after each fall of its path, and only what a person does is a pause", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const server = await begin();
  const site = await serveWebSite(t, {
    '/': `<!doctype html><title>Player</title><video playsinline muted></video><button onclick="document.querySelector('video').pause()">Pause</button><script type="module">
      import { Player } from '${server.origin}/sdk/onair.js';
      const video = document.querySelector('video');
      const player = window.player = new Player({ url: '${server.origin}', stream: 'card', video });
      window.said = [];
      player.on('path', ({ path }) => window.said.push(path));
      player.on('state', ({ state }) => window.said.push(state));
      player.play();
    </script>`,
  });
  await inWebKit(t, async (webkit) => {
    await webkit.open(`${site}/`);
    const seen = (): Promise<{ said: string[]; seconds: number; paused: boolean }> =>
      webkit.evaluate('const { currentTime, paused } = document.querySelector("video"); return { said: window.said ?? [], seconds: currentTime, paused };');
    const untilItPlays = async (): Promise<string[]> => {
      const from = await waitUntil('a picture', async () => {
        const now = await seen();
        return now.said.at(-1) === 'playing' && now;
      }, 30_000, 100).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)}: ${JSON.stringify(await seen())}`)));
      await waitUntil('a moving picture', async () => {
        const now = await seen();
        // A jump to the live edge moves a picture that stands, too.
        return !now.paused && now.said.at(-1) === 'playing' && now.seconds > from.seconds + 1;
      }, 30_000, 100).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)} from ${String(from.seconds)}: ${JSON.stringify(await seen())}`)));
      return from.said;
    };
    await untilItPlays();
    // One broken frame is begun anew on the same path, the third changes it.
    for (let fall = 1; fall <= 3; fall += 1) {
      const { length } = (await seen()).said;
      await webkit.evaluate('document.querySelector("video").dispatchEvent(new Event("error"));');
      await waitUntil('the fall', async () => (await seen()).said.length > length, 10_000, 50);
      await untilItPlays();
    }
    const { said } = await seen();
    t.strictSame(said.filter((each) => /websocket|hls|native/.test(each)), ['websocket', 'websocket', 'websocket', 'hls']);
    t.notOk(said.includes('paused'), said.join(' '));
    await webkit.press('button');
    await waitUntil('the pause', async () => (await seen()).said.at(-1) === 'paused', 10_000, 100).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)}: ${JSON.stringify(await seen())}`)));
  });
});

t.test("Safari's engine composes screen and camera; where its recorder gives nothing, that is said in words", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const server = await begin();
  const site = await serveWebSite(t, {
    '/': `<!doctype html><title>Composition</title><video playsinline muted></video><script type="module">
      import { Publisher, openComposition, qualities } from '${server.origin}/sdk/onair.js';
      const source = (width, height, hue) => {
        const canvas = Object.assign(document.createElement('canvas'), { width, height });
        const context = canvas.getContext('2d');
        let count = 0;
        setInterval(() => {
          context.fillStyle = 'hsl(' + hue + ' 100% ' + (40 + (count++ % 20)) + '%)';
          context.fillRect(0, 0, width, height);
        }, 50);
        return canvas.captureStream(20).getVideoTracks()[0];
      };
      window.said = [];
      const composition = await openComposition({ of: { screen: source(640, 360, 0), camera: source(320, 240, 240) }, quality: qualities[0] });
      const video = document.querySelector('video');
      video.srcObject = composition.media;
      await video.play();
      const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
      /** Which of red and blue there is more of, at this place of the picture. */
      const colourAt = (x, y) => {
        context.drawImage(video, 0, 0, 64, 36);
        const [red, , blue] = context.getImageData(x, y, 1, 1).data;
        return Math.max(red, blue) < 60 ? 'none' : red > blue ? 'screen' : 'camera';
      };
      window.look = () => ({ said: window.said, middle: colourAt(20, 12), corner: colourAt(56, 30), seconds: video.currentTime });
      const publisher = new Publisher({ url: '${server.origin}', stream: 'composed', key: ${JSON.stringify(server.key)}, media: composition, quality: qualities[0] });
      publisher.on('state', (state) => window.said.push(state));
      publisher.on('warning', ({ code, message }) => window.said.push(code + ': ' + message));
      await publisher.start();
    </script>`,
  });
  await inWebKit(t, async (webkit) => {
    await webkit.open(`${site}/`);
    interface Composed {
      readonly said: string[];
      readonly middle: string;
      readonly corner: string;
      readonly seconds: number;
    }
    const look = (): Promise<Composed | null> => webkit.evaluate<Composed | null>('return window.look?.() ?? null;');
    const composed = await waitUntil('a composed picture that moves', async () => {
      const now = await look();
      return now !== null && now.middle === 'screen' && now.corner === 'camera' && now.seconds > 1 && now;
    }, 30_000, 200).catch(async (error: unknown) => Promise.reject(new Error(`${String(error)}: ${JSON.stringify(await look())}`)));
    t.match(composed, { middle: 'screen', corner: 'camera' });
    const outcome = await waitUntil('to be live, or to hear why not', async () => (await look())?.said.find((each) => each === 'live' || each.startsWith('recorder-silent')), 30_000, 200);
    t.comment(outcome);
    if (outcome !== 'live') t.match(outcome, /nothing since it began.*use a current/);
  });
});
