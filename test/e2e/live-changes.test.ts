import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';

import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { startServer, type TestServer } from '../helpers/server.js';

t.setTimeout(200_000);
const skip = skipWithout(chromiumProgram, 'Chromium');
const rate = 20;
/** Of a joint: half a second. */
const maxLost = rate / 2;

/** Two canvases that show the same number at the same time, whichever is on air; and a `Publisher` of the SDK that sends one. */
const sources = `
  window.number = 0;
  const makeSource = (hue) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const context = canvas.getContext('2d');
    const draw = () => {
      const { width, height } = canvas;
      context.fillStyle = 'hsl(' + hue + ' 60% ' + (30 + (window.number % 20)) + '%)';
      context.fillRect(0, 0, width, height);
      for (let bit = 0; bit < 16; bit++) {
        context.fillStyle = (window.number >> bit) & 1 ? '#fff' : '#000';
        context.fillRect((bit * width) / 16, 0, width / 16, width / 16);
      }
    };
    const audio = new AudioContext();
    const [oscillator, out] = [audio.createOscillator(), audio.createMediaStreamDestination()];
    oscillator.connect(out);
    oscillator.start();
    draw();
    return { canvas, draw, media: new MediaStream([canvas.captureStream(${String(rate)}).getVideoTracks()[0], out.stream.getAudioTracks()[0]]) };
  };
  window.sources = [makeSource(20), makeSource(200)];
  setInterval(() => { window.number += 1; for (const { draw } of window.sources) draw(); }, ${String(1000 / rate)});
  window.news = [];
  window.begin = async (server, options) => {
    const { Publisher, qualities } = await import(server + '/sdk/onair.js');
    window.qualities = qualities;
    const publisher = window.publisher = new Publisher({ ...options, media: window.sources[0].media });
    publisher.on('state', (state) => window.news.push(state));
    publisher.on('warning', ({ code }) => window.news.push(code));
    publisher.on('recovered', ({ code }) => window.news.push(code + ' recovered'));
    await publisher.start();
  };`;

async function publish(t: Test, page: Page, server: TestServer, stream: string): Promise<void> {
  await page.goto(`${server.origin}/embed/nothing-here`);
  await page.evaluate(sources);
  await page.evaluate(`window.begin(${JSON.stringify(server.origin)}, ${JSON.stringify({ url: server.origin, key: server.key, stream })})`);
  await waitUntil('it to be live', () => page.evaluate<boolean>('window.news.includes("live")'), 30_000);
  t.pass('it is live');
}

t.test('source, quality and size change while live: a joint of less than half a second for viewers, every picture once, in its shape', { skip }, async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  await publish(t, page, server, 'changes');
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
  const numbers = await Promise.all(timelines.map(async ({ bytes }) => (await decode(t, bytes)).pictures.map(({ number }) => number)));
  const all = numbers.flat();
  t.ok(all.every((number, index) => index === 0 || number >= (all[index - 1] ?? 0)), 'none comes twice, or late');
  for (const [index, timeline] of numbers.entries()) {
    const before = numbers[index - 1]?.at(-1);
    if (before === undefined) continue;
    const lost = (timeline[0] ?? Infinity) - before - 1;
    t.ok(lost < maxLost, `change ${String(index)}: ${String(lost)} pictures of ${String(rate)} a second were lost`);
  }
});
