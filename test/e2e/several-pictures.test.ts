import { readFile } from 'node:fs/promises';
import t from 'tap';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { findProgram, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { recordSeveralPictures } from '../helpers/several-pictures.js';
import { startServer } from '../helpers/server.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { longestGapMs, watchSmoothness, type Smoothness } from '../helpers/smoothness.js';

t.setTimeout(120_000);
const missing = skipWithout(findProgram('ffmpeg'), 'ffmpeg');

interface Played {
  readonly seen: Smoothness;
  readonly levels: readonly number[];
  readonly errors: readonly string[];
}

/** Plays with hls.js, and tells it to change over to another level every two seconds. */
const switchLevels = (url: string): string => `(() => {
  const levels = [], errors = [];
  window.played = { levels, errors };
  const hls = new Hls({ enableWorker: false, lowLatencyMode: true });
  hls.on('hlsLevelSwitched', (_, { level }) => levels.push(level));
  hls.on('hlsError', (_, { details, fatal }) => errors.push(details + (fatal ? '!' : '')));
  hls.loadSource(${JSON.stringify(url)});
  hls.attachMedia(document.querySelector('video'));
  hls.on('hlsManifestParsed', () => {
    hls.nextLevel = 0;
    let next = 0;
    setInterval(() => { hls.nextLevel = ++next % hls.levels.length; }, 2000);
  });
})()`;

t.test('hls.js changes over between all levels of a ladder that its publisher made, without a stall and without a picture twice', { skip: missing || skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const recording = await recordSeveralPictures({ seconds: 24, heights: [120, 90] });
  const publisher = new TestPublisher(t, server.publishUrl('ladder'));
  await publisher.message('ready');
  const page = await (await launchChromium(t)).newPage();
  await page.addInitScript(watchSmoothness);
  await page.goto(`${server.origin}/healthz`);
  await page.setContent('<video autoplay muted></video>');
  await page.evaluate(await readFile(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url), 'utf8'));
  const sending = (async () => {
    for (let at = 0; at < recording.length; at += 8192) await publisher.send(recording.subarray(at, at + 8192));
    return publisher.end();
  })();
  await publisher.message('live');
  const url = server.hlsUrl('ladder');
  await page.evaluate(switchLevels(url));
  const read = (): Promise<Played> => page.evaluate<Played>('({ seen: window.smoothness, ...window.played })');
  await waitUntil('several changes of level', async () => (await read()).levels.length >= 6, 60_000);
  const { seen, levels, errors } = await read();
  t.strictSame([...new Set(levels)].sort(), [0, 1, 2], `levels: ${levels.join(' ')}`);
  t.strictSame(errors.filter((error) => /stall|append|!|gap/i.test(error)), [], errors.join(' '));
  t.strictSame(seen.errors, []);
  const numbers = seen.frames.map(({ number }) => number);
  t.ok(numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0)), `no picture comes again: ${numbers.join(' ')}`);
  t.strictSame([...new Set(seen.frames.map(({ width }) => width))].sort(), [160, 214, 320], 'all of them were seen');
  t.ok(longestGapMs(seen, (seen.frames[0]?.atMs ?? 0) + 1000) < 1500, `no picture for ${longestGapMs(seen).toFixed(0)} ms at the longest`);
  t.equal((await sending).code, 1000);
});

t.test('a viewer chooses a quality by keys under the gear, sees it, and has it again after a reload', { skip: missing || skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const server = await startServer(t);
  const recording = await recordSeveralPictures({ seconds: 90, heights: [120, 90] });
  const publisher = new TestPublisher(t, server.publishUrl('gear'));
  await publisher.message('ready');
  const sending = (async () => {
    for (let at = 0; at < recording.length; at += 8192) await publisher.send(recording.subarray(at, at + 8192));
  })();
  sending.catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
  const page = await (await launchChromium(t)).newPage();
  await page.goto(`${server.origin}/watch/gear`);
  const gear = page.getByRole('button', { name: 'Settings' });
  const untilSmaller = (): Promise<boolean> => waitUntil('120 lines', () => page.evaluate<boolean>('document.querySelector("video").videoHeight === 120'), 30_000);
  await page.locator('.player-stage[data-state=playing]').waitFor();
  await gear.press('Enter');
  const qualities = page.getByRole('dialog').getByRole('group', { name: 'Quality' });
  await qualities.getByRole('radio', { name: 'Auto (180p)', checked: true }).waitFor();
  t.strictSame(await qualities.getByRole('radio').count(), 5, 'with the sound alone');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await qualities.getByRole('radio', { name: '120p', checked: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  t.equal(await gear.evaluate((button: unknown) => button === (globalThis as unknown as { document: { activeElement: unknown } }).document.activeElement), true, 'the focus is where it came from');
  await untilSmaller();
  await page.getByRole('button', { name: 'Statistics' }).click();
  await page.locator('.stats-row', { hasText: /^Quality\s*120p$/ }).waitFor();
  const { renditions = [] } = (await (await fetch(`${server.origin}/api/streams/gear`)).json()) as LiveStreamInfo;
  t.match(renditions.map(({ height, viewers, changes }) => ({ height, viewers, changes: changes > 0 })), [{ height: 180, viewers: 0 }, { height: 120, viewers: 1, changes: true }, { height: 90, viewers: 0 }, { viewers: 0 }]);
  await page.reload();
  await untilSmaller();
  await gear.click();
  await qualities.getByRole('radio', { name: '120p', checked: true }).waitFor();
  publisher.terminate();
});
