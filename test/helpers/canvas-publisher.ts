import type { Page } from 'playwright-core';

import { waitUntil } from './programs.js';
import type { TestServer } from './server.js';

/** Pictures a second. */
export const canvasRate = 20;

/** Two canvases that show the same number at the same time, whichever is on air, until `stands` is true; and a `Publisher` of the SDK that sends one. */
export const canvasSources = `
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
      const side = Math.min(width, height) / 2;
      context.fillStyle = '#fff';
      context.fillRect((width - side) / 2, (height - side) / 2, side, side);
    };
    const audio = new AudioContext();
    const [oscillator, out] = [audio.createOscillator(), audio.createMediaStreamDestination()];
    oscillator.connect(out);
    oscillator.start();
    draw();
    return { canvas, draw, media: new MediaStream([canvas.captureStream(${String(canvasRate)}).getVideoTracks()[0], out.stream.getAudioTracks()[0]]) };
  };
  window.sources = [makeSource(20), makeSource(200)];
  setInterval(() => { if (window.stands) return; window.number += 1; for (const { draw } of window.sources) draw(); }, ${String(1000 / canvasRate)});
  window.stands = false;
  window.news = [];
  window.begin = async (server, options) => {
    const { Publisher, qualities } = await import(server + '/sdk/onair.js');
    window.qualities = qualities;
    const publisher = window.publisher = new Publisher({ ...options, media: window.sources[0].media });
    publisher.on('state', (state) => window.news.push(state));
    publisher.on('warning', ({ code }) => window.news.push(code));
    publisher.on('recovered', ({ code }) => window.news.push(code + ' recovered'));
    publisher.on('encoder', (facts) => { window.encoder = facts; });
    await publisher.start();
  };`;


export interface CanvasPublish {
  readonly stream: string;
  readonly encoder?: string;
  /** Where it publishes to; the server unless told otherwise. */
  readonly url?: string;
}

/**
 * Publishes the first of the two from this page, and waits until it is live. An encoder's trial that a busy machine does not pass ends with the other one, by
 * rights: it is begun again, a few times.
 */
export async function publishCanvas(page: Pick<Page, 'evaluate'>, server: Pick<TestServer, 'origin' | 'key'>, { stream, encoder, url = server.origin }: CanvasPublish): Promise<void> {
  await page.evaluate(canvasSources);
  for (let trial = 1; ; trial++) {
    await page.evaluate(`window.begin(${JSON.stringify(server.origin)}, ${JSON.stringify({ url, key: server.key, stream, encoder })})`);
    await waitUntil('it to be live', () => page.evaluate<boolean>('window.news.includes("live")'), 30_000);
    if (encoder === undefined || trial === 5 || (await page.evaluate<string>('window.encoder.encoder')) === encoder) return;
    await page.evaluate('window.publisher.end()');
    await page.evaluate('{ window.news = []; }');
  }
}
