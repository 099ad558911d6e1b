import t, { type Test } from 'tap';

import { canvasRate, canvasSources, publishCanvas } from '../helpers/canvas-publisher.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { firefoxProgram, launchFirefox } from '../helpers/firefox.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, type Decoded } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer } from '../helpers/server.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(200_000);
const skip = skipWithout(chromiumProgram, 'Chromium');

const secondsOf = ({ segments }: HlsViewer): number => segments.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0);

/** What a viewer saw of a broadcast of one recording, once it is over. */
async function seen(t: Test, viewer: HlsViewer): Promise<Decoded> {
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await viewer.timelines();
  t.equal(timelines.length, 1, 'one recording, without a joint');
  return decode(t, timelines[0]?.bytes ?? Buffer.alloc(0));
}

t.test('a canvas by WebCodecs: every picture once and in order, also over an uplink that is cut twice', { skip }, async (t) => {
  const server = await startServer(t);
  const cut = { direction: 'up', afterBytes: Infinity, afterMs: 5_000 } as const;
  const proxy = await CuttingProxy.listen(t, server.origin, [
    { ...cut, manner: 'reset' },
    { ...cut, manner: 'fin' },
  ]);
  const site = await serveWebSite(t, { '/': '<!doctype html><title>Somebody’s site</title>' });
  const page = await (await launchChromium(t)).newPage();
  await page.goto(`${site}/`);
  await publishCanvas(page, server, { stream: 'cut', encoder: 'webcodecs', url: new URL(proxy.through(server.origin)).origin });
  t.match(await page.evaluate('window.encoder'), { encoder: 'webcodecs', renditions: 1 });
  t.match(await (await fetch(`${server.origin}/api/streams/cut`)).json(), { recording: { tracks: [{ sourceCodec: 'h264', action: 'copy' }, { sourceCodec: 'opus' }] } });
  const viewer = new HlsViewer(server.hlsUrl('cut'));
  await waitUntil('two cuts', () => proxy.made.length === 2, 60_000);
  const atCut = secondsOf(viewer);
  await waitUntil('6 s more', () => secondsOf(viewer) > atCut + 6, 60_000, 200);
  const drawn = await page.evaluate<number>('window.number');
  await page.evaluate('window.publisher.end()');
  const { pictures } = await seen(t, viewer);
  const steps = pictures.slice(1).map(({ number, timeSeconds }, index) => ({ step: number - (pictures[index]?.number ?? 0), seconds: timeSeconds - (pictures[index]?.timeSeconds ?? 0) }));
  // One that stands still is repeated.
  t.ok(steps.every(({ step, seconds }) => step >= 1 || (step === 0 && seconds > 0.09)), `none twice, none late: ${JSON.stringify(steps)}`);
  // A loaded machine does not capture every picture that is drawn.
  const missing = steps.reduce((sum, { step }) => sum + Math.max(0, step - 1), 0);
  t.ok(missing < pictures.length / 10, `${String(missing)} of ${String(pictures.length)} were not captured`);
  t.ok((pictures.at(-1)?.number ?? 0) > drawn - canvasRate, 'to the last one');
  const news = await page.evaluate<string[]>('window.news');
  t.equal(news.filter((each) => each === 'reconnecting').length, 2, news.join(' '));
});

t.test('a picture that stands still, sound that is muted and a picture that is hidden go on in the same recording', { skip }, async (t) => {
  const server = await startServer(t);
  const page = await (await launchChromium(t)).newPage();
  await page.goto(`${server.origin}/embed/nothing-here`);
  await publishCanvas(page, server, { stream: 'still', encoder: 'webcodecs' });
  const viewer = new HlsViewer(server.hlsUrl('still'));
  const more = async (seconds: number): Promise<void> => {
    const before = secondsOf(viewer);
    await waitUntil(`${String(seconds)} s more`, () => secondsOf(viewer) >= before + seconds, 60_000, 200);
  };
  await page.evaluate('window.stands = true');
  await more(8);
  const stood = await page.evaluate<number>('window.number');
  await page.evaluate('window.publisher.mute("audio"), window.stands = false');
  await more(5);
  await page.evaluate('window.publisher.unmute("audio"), window.publisher.mute("video")');
  await more(5);
  await page.evaluate('window.publisher.unmute("video")');
  await more(4);
  t.strictSame(await page.evaluate<string[]>('window.news'), ['connecting', 'connected', 'live']);
  await page.evaluate('window.publisher.end()');
  const { pictures, loudness } = await seen(t, viewer);
  const still = pictures.filter(({ number }) => number === stood);
  t.ok(still.length > 40, `the picture that stood still came ${String(still.length)} times`);
  const hidden = pictures.filter(({ number }) => number === 0);
  t.ok(hidden.length > 20, `black came ${String(hidden.length)} times`);
  const silentMs = loudness.filter((level) => level < 1).length;
  t.ok(silentMs > 3_000 && silentMs < loudness.length / 2, `${String(silentMs)} of ${String(loudness.length)} ms are silent`);
});

t.test('Firefox, which gives pages no frames, records as before and says why', { skip: skipWithout(firefoxProgram, 'Firefox') }, async (t) => {
  const server = await startServer(t);
  const page = await (await launchFirefox(t)).newPage();
  await page.goto(`${server.origin}/embed/nothing-here`);
  await page.evaluate(canvasSources);
  await page.evaluate(`window.begin(${JSON.stringify(server.origin)}, ${JSON.stringify({ url: server.origin, key: server.key, stream: 'fox', encoder: 'auto' })})`);
  await waitUntil('it to be live', async () => (await page.evaluate('window.news.includes("live")')) as boolean, 60_000);
  t.match(await page.evaluate('window.encoder'), { encoder: 'mediarecorder', why: /MediaStreamTrackProcessor/, renditions: 1 });
});
