import t, { type Test } from 'tap';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { firefoxProgram, launchFirefox } from '../helpers/firefox.js';
import { record, remake } from '../helpers/numbered-recording.js';
import { findProgram, skipWithout, waitUntil } from '../helpers/programs.js';
import { chromiumPage, firefoxPage, waitForPlayback, type ScriptedPage } from '../helpers/scripted-page.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { inWebKit, webkitProgram } from '../helpers/webkit.js';

t.setTimeout(240_000);
t.jobs = 3;

/** Long enough for every page to come after the first group of pictures, and to find it live. */
const seconds = 120;
// Minutes of media are encoded before anybody is on air: what costs little is good enough.
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-b:v', '300k'];

/** What only some decoders can begin with in the middle, or play at all, were it copied. */
const recordings: Readonly<Record<string, readonly string[]>> = {
  'intra-refresh': [...x264, '-tune', 'zerolatency', '-g', '40', '-x264-params', 'intra-refresh=1', '-c:a', 'aac', '-f', 'mpegts'],
  'open-groups': [...x264, '-bf', '3', '-x264-params', 'open-gop=1:keyint=50:min-keyint=25', '-c:a', 'aac', '-f', 'matroska'],
  'described-channels': ['-c:v', 'copy', '-af', 'pan=5.1(side)|FL=c0|FR=c0|FC=c0|LFE=0*c0|SL=c0|SR=c0', '-c:a', 'aac', '-f', 'flv'],
};
const named = [...Object.keys(recordings), 'sets-in-pictures'];

/** One server for every browser. */
let onAir: Promise<TestServer> | undefined;
const publishedServer = (): Promise<TestServer> =>
  (onAir ??= startServer(t).then(async (server) => {
    await publishAll(server);
    return server;
  }));

/** Puts all of them on air at their own pace, for as long as the tests need them. */
async function publishAll(server: TestServer): Promise<void> {
  const over = new AbortController();
  t.teardown(() => over.abort());
  const plain = await record({ seconds }, [...x264, '-g', '50', '-c:a', 'aac', '-f', 'matroska']);
  const mp4 = await remake(plain, ['-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof']);
  mp4.write('avc3', mp4.indexOf('avc1', mp4.indexOf('stsd')), 'latin1');
  const made = await Promise.all(Object.entries(recordings).map(async ([stream, output]) => [stream, await remake(plain, output)] as const));
  for (const [stream, body] of [...made, ['sets-in-pictures', mp4] as const]) {
    fetch(`${server.origin}/live/${stream}/publish?key=${server.key}`, { method: 'PUT', body, signal: over.signal }).catch(() => undefined);
  }
  // The first group is over.
  for (const stream of named) await waitUntil(`${stream} has two segments`, async () => (await listed(server, stream)) >= 2);
}

async function listed(server: TestServer, stream: string): Promise<number> {
  const index = await fetch(server.hlsUrl(stream));
  const uri = index.ok ? (await index.text()).split('\n').find((line) => line !== '' && !line.startsWith('#')) : undefined;
  return uri === undefined ? 0 : ((await (await fetch(new URL(uri, server.hlsUrl(stream)))).text()).match(/#EXTINF/g) ?? []).length;
}

/** Each stream by each path: pictures move, and they are as large as they were sent. */
async function watchAll(t: Test, server: TestServer, page: ScriptedPage, streams: readonly string[], paths: readonly string[]): Promise<void> {
  for (const stream of streams) {
    for (const path of paths) {
      await page.goto(`${server.origin}/watch/${stream}?path=${path}`);
      const { first, last } = await waitForPlayback(page, 2);
      t.ok(last.shown > first.shown, `${stream} by ${path} moves`);
      t.equal(last.width, 320, `${stream} by ${path}`);
    }
  }
}

const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');

t.test('who comes after the first group of pictures sees what only some players could begin with: Chromium, by every path', { skip: skip || skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await publishedServer();
  const browser = await launchChromium(t);
  await Promise.all(['websocket', 'hls'].map(async (path) => watchAll(t, server, chromiumPage(await browser.newPage()), named, [path])));
});

t.test('the same in Firefox', { skip: skip || skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await publishedServer();
  const browser = await launchFirefox(t);
  await watchAll(t, server, firefoxPage(await browser.newPage()), ['intra-refresh', 'sets-in-pictures'], ['websocket', 'hls']);
});
t.test("the same in Safari's engine", { skip: skip || skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const server = await publishedServer();
  await inWebKit(t, async (webkit) => {
    for (const stream of ['open-groups', 'described-channels']) {
      await webkit.open(`${server.origin}/watch/${stream}`);
      const seconds = (): Promise<number> => webkit.evaluate<number>("const video = document.querySelector('video'); return video === null || video.paused || video.videoWidth !== 320 ? 0 : video.currentTime;");
      const from = await waitUntil(`a picture of ${stream}`, seconds, 60_000, 200);
      await waitUntil(`${stream} moves`, async () => (await seconds()) > from + 2, 30_000, 200);
      t.pass(`${stream} moves`);
    }
  });
});
