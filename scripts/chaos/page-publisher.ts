import { publishCanvas } from '../../test/helpers/canvas-publisher.js';
import { launchChromium } from '../../test/helpers/chromium.js';
import type { Teardown } from '../../test/helpers/programs.js';
import { serveWebSite } from '../../test/helpers/web-site.js';

/** A numbered canvas, sent by the SDK's Publisher from a page in Chromium. */
export class PagePublisher {
  readonly connectedAtMs: number[] = [];
  /** Why it is over; undefined while it goes on. */
  ended: string | undefined;
  readonly #end: () => Promise<void>;
  /** What was drawn when: its page's timers are late on a busy machine. */
  readonly #drawn: { readonly number: number; readonly atMs: number }[] = [];

  private constructor(end: () => Promise<void>) {
    this.#end = end;
  }

  /** @param base the nodes' address, of the SDK too */
  static async open(t: Teardown, base: string, { key, stream, encoder }: { readonly key: string; readonly stream: string; readonly encoder: string }): Promise<PagePublisher> {
    const site = await serveWebSite(t, { '/': '<!doctype html><title>A publisher</title>' });
    const page = await (await launchChromium(t)).newPage();
    await page.goto(`${site}/`);
    await publishCanvas(page, { origin: base, key }, { stream, encoder });
    console.log(`published by ${JSON.stringify(await page.evaluate('window.encoder'))}`);
    const publisher = new PagePublisher(() => page.evaluate('window.publisher.end()'));
    await page.exposeFunction('drawn', (number: number, atMs: number) => publisher.#drawn.push({ number, atMs }));
    await page.exposeFunction('told', (state: string, atMs: number) => {
      if (state === 'live' || state === 'connected') publisher.connectedAtMs.push(atMs);
      if (state === 'ended') publisher.ended = 'its page says so';
    });
    await page.evaluate(`window.publisher.on('state', (state) => window.told(state, performance.timeOrigin + performance.now()));
      setInterval(() => window.drawn(window.number, performance.timeOrigin + performance.now()), 200);`);
    return publisher;
  }

  /** When a picture was drawn, on `epochMs`, to a fifth of a second. */
  drawnAtMs(picture: number): number {
    return this.#drawn.find(({ number }) => number >= picture)?.atMs ?? Infinity;
  }

  end(): Promise<void> {
    return this.#end();
  }
}
