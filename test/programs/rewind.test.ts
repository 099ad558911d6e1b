import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { record } from '../helpers/numbered-recording.js';
import { findProgram, run, skipWithout, waitUntil } from '../helpers/programs.js';
import { pushBody } from '../helpers/pushed.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(240_000);

const output = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-b:v', '300k', '-g', '25', '-c:a', 'aac', '-f', 'matroska'];

let onAir: Promise<TestServer> | undefined;

/** One for all: on air with half a minute of history, four times as much as the ordinary playlist lists. */
function broadcast(): Promise<TestServer> {
  return (onAir ??= begin());
}

async function begin(): Promise<TestServer> {
  const server = await startServer(t, { DVR_SECONDS: '120', WINDOW_SEGMENTS: '6', SEGMENT_SECONDS: '1' });
  const over = new AbortController();
  t.teardown(() => over.abort());
  const body = await record({ seconds: 120 }, output);
  fetch(`${server.origin}/live/cam/publish?key=${server.key}`, { method: 'PUT', body, signal: over.signal }).catch(() => undefined);
  await waitUntil('half a minute of history', async () => (await keyframes(server)).length >= 30, 90_000, 500);
  return server;
}

/** The ranges of the keyframe playlist. */
async function keyframes(server: TestServer): Promise<{ url: string; range: string }[]> {
  const index = await fetch(`${server.origin}/live/cam/dvr.m3u8`);
  const uri = /I-FRAME-STREAM-INF:.*URI="([^"]+)"/.exec(index.ok ? await index.text() : '')?.[1];
  if (uri === undefined) return [];
  const playlist = new URL(uri, index.url).href;
  const text = await (await fetch(playlist)).text();
  return [...text.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.*)\n/g)].map(([, length, from, segment = '']) => ({
    url: new URL(segment, playlist).href,
    range: `bytes=${from}-${Number(from) + Number(length) - 1}`,
  }));
}

const script = await readFile(fileURLToPath(import.meta.resolve('hls.js').replace(/dist\/.*$/, 'dist/hls.min.js')), 'utf8');
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg');

t.test('ffmpeg begins near the end of the longer playlist, and at its beginning when told to; each keyframe range is a picture', { skip: skip || skipWithout(findProgram('ffprobe'), 'ffmpeg') }, async (t) => {
  const server = await broadcast();
  const firstPicture = async (input: readonly string[]): Promise<number> => {
    const { stdout } = await run('ffprobe', ['-v', 'error', ...input, '-select_streams', 'v', '-read_intervals', '%+#1', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', `${server.origin}/live/cam/dvr.m3u8`]);
    return Number.parseFloat(String(stdout));
  };
  const [atEdge, atBeginning] = [await firstPicture([]), await firstPicture(['-live_start_index', '0'])];
  t.ok(atEdge - atBeginning > 20, `it begins at ${atEdge} s, and at ${atBeginning} s when told to`);
  const init = Buffer.from(await (await fetch(new URL('init-0.mp4', (await keyframes(server))[0]?.url))).arrayBuffer());
  for (const { url, range } of (await keyframes(server)).slice(0, 5)) {
    const answer = await fetch(url, { headers: { range } });
    t.equal(answer.status, 206);
    const picture = Buffer.concat([init, Buffer.from(await answer.arrayBuffer())]);
    const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-select_streams', 'v', '-show_entries', 'stream=nb_read_frames,width', '-of', 'csv=p=0', '-'], { input: picture });
    t.equal(String(stdout).trim(), '320,1', url);
  }
});

t.test('hls.js in Chromium goes back to the beginning, to the middle, and to live again', { skip: skip || skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await broadcast();
  const page = `<!doctype html><video muted playsinline></video><script>${script}</script><script>
    const video = document.querySelector('video');
    window.faults = [];
    const hls = window.hls = new Hls({ liveDurationInfinity: true, backBufferLength: 10 });
    hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => { if (fatal) window.faults.push(details); });
    hls.loadSource('${server.origin}/live/cam/dvr.m3u8');
    hls.attachMedia(video);
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    const place = () => {
      const details = hls.levels[0]?.details;
      return { now: video.currentTime, behind: (Date.now() - Number(hls.playingDate ?? 0)) / 1000, from: details?.fragments[0]?.start ?? 0, to: details?.edge ?? 0 };
    };
  </script>`;
  const site = await serveWebSite(t, { '/': page });
  const browser = await launchChromium(t);
  const tab = await browser.newPage();
  await tab.goto(site);
  interface Place {
    readonly now: number;
    readonly behind: number;
    readonly from: number;
    readonly to: number;
  }
  const place = (): Promise<Place> => tab.evaluate<Place>('place()');
  const plays = async (what: string): Promise<Place> => {
    const first = await waitUntil(what, async () => {
      const { now } = await place();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const later = await place();
      return later.now > now + 0.2 ? later : undefined;
    }, 30_000, 100);
    return first;
  };
  const seek = (seconds: number): Promise<void> => tab.evaluate(`void (video.currentTime = ${seconds})`);
  const atFirst = await plays('it to play near live');
  t.ok(atFirst.to - atFirst.now < 15, `${atFirst.to - atFirst.now} s before the end at first`);
  t.ok(atFirst.to - atFirst.from > 25, `${atFirst.to - atFirst.from} s can be sought in`);
  await seek(atFirst.from + 1);
  const back = await plays('it to play the beginning');
  t.ok(back.behind > atFirst.behind + 15, `${back.behind} s behind`);
  await seek((back.from + back.to) / 2);
  const middle = await plays('it to play the middle');
  t.ok(middle.behind < back.behind && middle.behind > atFirst.behind, `${middle.behind} s behind`);
  await seek((await place()).to - 4);
  const live = await plays('it to play near live again');
  t.ok(live.to - live.now < 15, `${live.to - live.now} s before the end`);
  t.strictSame(await tab.evaluate('window.faults'), []);
});

t.test('a recording is played, sought in and downloaded by Chromium: hls.js and <video> show its length and its places', { skip: skip || skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t, { RECORD: 'on' });
  const first = await record({ seconds: 8 }, output);
  const second = await record({ seconds: 6, width: 640, height: 360 }, output);
  t.equal((await pushBody(server, 'cam', Buffer.concat([first, second]))).status, 200);
  const list = (await (await fetch(`${server.origin}/api/recordings`)).json()) as { recordings: { urls: { hls: string; download: string } }[] };
  const { hls = '', download = '' } = list.recordings[0]?.urls ?? {};
  const page = (load: string): string => `<!doctype html><video muted playsinline></video><script>${script}</script><script>
    const video = document.querySelector('video');
    ${load}
    video.play();
    const seen = () => ({ now: video.currentTime, duration: video.duration, width: video.videoWidth, ended: video.ended, error: video.error?.message });
  </script>`;
  const site = await serveWebSite(t, {
    '/hls': page(`const hls = new Hls(); hls.loadSource('${hls}'); hls.attachMedia(video);`),
    '/download': page(`video.src = '${download}';`),
  });
  const browser = await launchChromium(t);
  interface Seen {
    readonly now: number;
    readonly duration: number;
    readonly width: number;
    readonly ended: boolean;
    readonly error?: string;
  }
  for (const way of ['hls', 'download']) {
    const tab = await browser.newPage();
    await tab.goto(`${site}/${way}`);
    const seen = (): Promise<Seen> => tab.evaluate<Seen>('seen()');
    const begun = await waitUntil(`${way} to play`, async () => ((await seen()).now > 0.5 ? seen() : undefined), 30_000, 100);
    t.ok(Math.abs(begun.duration - 14) < 0.5, `${way} lasts ${begun.duration} s`);
    t.equal(begun.width, 320, way);
    await tab.evaluate('void (video.currentTime = 10)');
    const later = await waitUntil(`${way} to play behind the joint`, async () => ((await seen()).now > 10.5 ? seen() : undefined), 30_000, 100);
    t.equal(later.width, 640, `${way}: the other size behind the joint`);
    await waitUntil(`${way} to end`, async () => (await seen()).ended, 30_000, 100);
    t.equal((await seen()).error, undefined, way);
  }
});
