import type { Test } from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { colourAt, sourcesToCompose } from './composed-page.js';
import { waitUntil } from './programs.js';
import type { TestServer } from './server.js';

/** What the scenario needs of a page, in any browser. */
export interface ComposingPage {
  open(url: string): Promise<unknown>;
  /** Of a promise, what it resolves to. */
  evaluate<T>(expression: string): Promise<T>;
}

/**
 * A browser without tracks of frames composes on a canvas, and its broadcast is live: the camera stands in its corner, a pause is
 * its card. What it draws is looked at where it is drawn; the server says that it is live, and with which tracks.
 */
export async function composeAndGoLive(t: Test, server: TestServer, page: ComposingPage, stream: string): Promise<void> {
  await page.open(`${server.origin}/embed/nothing-here`);
  await page.evaluate(`(() => { ${sourcesToCompose} })()`);
  await page.evaluate(`void (async () => {
    window.said = [];
    try {
      const { openComposition, Publisher } = await import('${server.origin}/sdk/onair.js');
      const composition = window.composition = await openComposition({ of: window.makeTracks() });
      const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, srcObject: composition.media });
      document.body.replaceChildren(video);
      await video.play();
      window.said.push('composed');
      const publisher = window.publisher = new Publisher({ url: '${server.origin}', key: '${server.key}', stream: '${stream}', media: composition });
      publisher.on('state', (state) => window.said.push(state));
      await publisher.start();
    } catch (error) {
      window.said.push('failed: ' + error.message + (error.cause ? ': ' + error.cause : ''));
    }
  })()`);
  const said = async (): Promise<string[]> => JSON.parse(await page.evaluate<string>('JSON.stringify(window.said)')) as string[];
  await waitUntil('it to be live', async () => {
    const words = await said();
    const failure = words.find((word) => word.startsWith('failed'));
    if (failure !== undefined) throw new Error(failure);
    return words.includes('live');
  }, 40_000);
  const sees = (what: string, isIt: (red: number, green: number, blue: number) => boolean): Promise<unknown> =>
    waitUntil(what, async () => {
      const [red = 0, green = 0, blue = 0] = JSON.parse(await page.evaluate<string>(`JSON.stringify(${colourAt(0.93, 0.88)})`)) as number[];
      return isIt(red, green, blue);
    }, 20_000);
  await sees('the camera in its corner', (red, green, blue) => green > 110 && red < 90 && blue < 90);
  await page.evaluate('void window.composition.set({ mirrored: true })');
  await sees('the camera mirrored', (red, green) => red > 150 && green < 90);
  await page.evaluate('void window.composition.pause({ title: "A title" })');
  await sees('the card', (...colour) => Math.max(...colour) < 90);
  await page.evaluate('void window.composition.resume()');
  await sees('the camera again', (red, green) => red > 150 && green < 90);
  const info = (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
  t.equal(info.state, 'live');
  t.strictSame([...new Set(info.recording?.tracks.map(({ kind }) => kind))].sort(), ['audio', 'video']);
  await page.evaluate('void window.publisher.end()');
}
