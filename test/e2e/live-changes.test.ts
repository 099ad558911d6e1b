import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment, TrackRun } from '../../src/fmp4/fragment.js';
import { leadOf, type Track } from '../../src/fmp4/init-segment.js';
import { canvasRate, publishCanvas } from '../helpers/canvas-publisher.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';

t.setTimeout(200_000);
const skip = skipWithout(chromiumProgram, 'Chromium');
/** Of a joint: half a second. */
const maxLost = canvasRate / 2;
/** Matroska's times are whole milliseconds, so a picture's and its sound's are half of one off each, at most; and both are rounded to ticks. */
const roundedSeconds = 0.001 + 2 / 90_000;
const encoders = ['mediarecorder', 'webcodecs'] as const;

async function publish(t: Test, page: Page, server: TestServer, stream: string, encoder: string): Promise<void> {
  await page.goto(`${server.origin}/embed/nothing-here`);
  await publishCanvas(page, server, { stream, encoder });
  t.equal(await page.evaluate<string>('window.encoder.encoder'), encoder, 'it is live');
}

for (const encoder of encoders) t.test(`source, quality and size change while live by ${encoder}: a joint of less than half a second for viewers, every picture once, in its shape`, { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  await publish(t, page, server, 'changes', encoder);
  const viewer = new HlsViewer(server.hlsUrl('changes'));
  const changes = [
    'window.publisher.replaceMedia(window.sources[1].media)',
    'window.publisher.setQuality(window.qualities[0])',
    'Object.assign(window.sources[1].canvas, { width: 180, height: 320 }) && undefined',
    // A microphone that is unplugged: the browser stops its track and says so.
    '{ const [track] = window.sources[1].media.getAudioTracks(); track.stop(); track.dispatchEvent(new Event("ended")); }',
  ];
  for (const change of changes) {
    await page.waitForTimeout(3_000);
    await page.evaluate(change);
  }
  await page.waitForTimeout(3_000);
  t.match(await page.evaluate<string[]>('window.news'), ['connecting', 'connected', 'live', 'sound-lost'], 'nothing else was told');
  await page.evaluate('Promise.all([window.publisher.end(), window.publisher.end()])');
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), []);
  const timelines = await viewer.timelines();
  t.equal(timelines.length, changes.length + 1, 'a recording each');
  for (const { bytes } of timelines) t.strictSame([...timesBroken(bytes)], [], 'no player is misled about when a recording begins');
  const numbers = await Promise.all(timelines.map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  const all = numbers.flat();
  t.ok(all.every((number, index) => index === 0 || number >= (all[index - 1] ?? 0)), 'none comes twice, or late');
  for (const [index, timeline] of numbers.entries()) {
    const before = numbers[index - 1]?.at(-1);
    if (before === undefined) continue;
    const lost = (timeline[0] ?? Infinity) - before - 1;
    t.ok(lost < maxLost, `change ${String(index)}: ${String(lost)} pictures of ${String(canvasRate)} a second were lost`);
  }
});

/** Whatever of a recording's media makes players show its first pictures later, or none up to its second keyframe. */
function* timesBroken(media: Buffer): Generator<string> {
  let tracks: readonly Track[] = [];
  const fragments: Fragment[] = [];
  for (const event of new FragmentReader().push(media)) {
    if (event.type === 'init') ({ tracks } = event.init);
    else fragments.push(event.fragment);
  }
  const secondsOf = ({ trackId }: TrackRun, ticks: number): number => ticks / (tracks.find((track) => track.trackId === trackId)?.timescale ?? 1);
  const isPicture = (run: TrackRun): boolean => run.trackId === leadOf(tracks)?.trackId;
  const runs = fragments.flatMap((fragment) => fragment.runs.filter(({ sampleCount }) => sampleCount > 0));
  for (const { runs } of fragments) if (runs.length > 1 && runs.some((run) => isPicture(run) && run.startsWithSync)) yield 'a keyframe has others in its fragment';
  const first = runs.find(isPicture);
  let soundFrom = first ? secondsOf(first, first.baseMediaDecodeTime) : -Infinity;
  for (const run of runs.filter((run) => !isPicture(run))) {
    const seconds = secondsOf(run, run.baseMediaDecodeTime);
    if (seconds < soundFrom - roundedSeconds) yield `sound comes at ${seconds} s, expected none before ${soundFrom} s`;
    soundFrom = seconds + secondsOf(run, run.duration);
  }
}

interface Shape {
  readonly width: number;
  readonly height: number;
  /** White pixels of the row and of the column through the middle. */
  readonly across: number;
  readonly down: number;
}

const shapeSeen = `(() => {
  const video = document.querySelector('video');
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0) return { width, height, across: 0, down: 0 };
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(video, 0, 0);
  const white = (...area) => Array.from(context.getImageData(...area).data).filter((value, index) => index % 4 === 1 && value > 200).length;
  return { width, height, across: white(0, height >> 1, width, 1), down: white(width >> 1, height >> 1, 1, height - (height >> 1)) * 2 };
})()`;

for (const encoder of encoders) t.test(`who watches by WebSocket sees a square as a square, also after the picture was turned while live by ${encoder}`, { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const [page, watch] = [await browser.newPage(), await browser.newPage()];
  await publish(t, page, server, 'shape', encoder);
  await watch.goto(`${server.origin}/watch/shape`);
  const turns = [
    { width: 320, height: 180 },
    { width: 180, height: 320 },
    { width: 320, height: 180 },
  ];
  for (const { width, height } of turns) {
    await page.evaluate(`Object.assign(window.sources[0].canvas, { width: ${String(width)}, height: ${String(height)} }) && undefined`);
    let last: Shape | undefined;
    const shape = await waitUntil(`a picture of ${String(width)} by ${String(height)}`, async () => {
      last = await watch.evaluate<Shape>(shapeSeen);
      return last.width === width && last.height === height && last.across > 0 && last;
    }, 40_000, 100).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
    });
    t.ok(Math.abs(shape.across - 90) < 8 && Math.abs(shape.down - 90) < 8, `90 by 90: ${JSON.stringify(shape)}`);
  }
});
