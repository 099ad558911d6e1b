import type { CDPSession, Page } from 'puppeteer-core';
import { launchTabbedChromium } from '../../test/helpers/chromium.js';
import { launchFirefox } from '../../test/helpers/firefox.js';
import { serveWebSite } from '../../test/helpers/web-site.js';
import { WebKit } from '../../test/helpers/webkit.js';
import type { Scope } from '../bench/scope.js';

export const browsers = ['chromium', 'firefox', 'webkit'] as const;
export type BrowserName = (typeof browsers)[number];

/** One look at the page: when, in ms since the epoch, the number of the picture, the player's place, and how often it had stalled by then. */
export type Look = readonly [atMs: number, number: number, positionSeconds: number, stalls: number];

/** Plays by the SDK, and keeps what is seen four times a second. */
const html = (origin: string, stream: string): string => `<!doctype html><meta charset="utf-8"><title>rewind</title>
<video muted playsinline style="width: 640px"></video>
<script type="module">
import { Player } from '${origin}/sdk/onair.js';
const video = document.querySelector('video');
const context = Object.assign(document.createElement('canvas'), { width: 16, height: 1 }).getContext('2d', { willReadFrequently: true });
const player = window.player = new Player({ url: '${origin}', stream: '${stream}', video });
window.looks = [];
window.said = [];
let stalls = 0;
player.on('state', ({ state, message }) => { said.push(message ? state + ': ' + message : state); if (state === 'stalled') stalls++; });
player.on('path', ({ path }) => said.push('by ' + path));
setInterval(() => {
  if (!player.place || video.readyState < 2) return;
  const unit = video.videoWidth / 64;
  context.drawImage(video, 0, unit, video.videoWidth, unit, 0, 0, 16, 1);
  const { data } = context.getImageData(0, 0, 16, 1);
  let number = 0;
  for (let bit = 0; bit < 16; bit++) if (data[bit * 4 + 1] > 127) number |= 1 << bit;
  looks.push([Date.now(), number, player.place.positionSeconds, stalls]);
}, 250);
player.play();
</script>`;

/** Somebody's own page with a player, in one of three browsers. */
export class RewoundPage {
  readonly ask: <T>(expression: string) => Promise<T>;
  readonly #session: CDPSession | undefined;

  private constructor(ask: RewoundPage['ask'], session?: CDPSession) {
    this.ask = ask;
    this.#session = session;
  }

  static async open(scope: Scope, { browser, origin, stream }: { browser: BrowserName; origin: string; stream: string }): Promise<RewoundPage> {
    const site = await serveWebSite(scope, { '/': html(origin, stream) });
    if (browser === 'webkit') {
      const webkit = await WebKit.launch(scope);
      await webkit.open(site);
      return new RewoundPage((expression) => webkit.evaluate(`return ${expression};`));
    }
    const launched = browser === 'firefox' ? await launchFirefox(scope) : await launchTabbedChromium(scope);
    const page: Page = await launched.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${String(error)}\n`));
    await page.goto(`${site}/`);
    await page.bringToFront();
    return new RewoundPage(<T>(expression: string) => page.evaluate(expression) as Promise<T>, browser === 'chromium' ? await page.createCDPSession() : undefined);
  }

  /** What it saw since it was last asked. */
  takeLooks(): Promise<Look[]> {
    return this.ask('window.looks?.splice(0) ?? []');
  }

  /** What its scripts hold after a garbage collection, their buffers included; undefined where the browser does not tell. */
  async heapMiB(): Promise<number | undefined> {
    if (!this.#session) return undefined;
    // What the first collection lets go of may hold more.
    for (let round = 0; round < 2; round += 1) await this.#session.send('HeapProfiler.collectGarbage');
    const heap = (await this.#session.send('Runtime.getHeapUsage')) as { usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number };
    return (heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0)) / 2 ** 20;
  }
}
