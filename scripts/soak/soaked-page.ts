import type { CDPSession, Page } from 'puppeteer-core';
import { launchTabbedChromium } from '../../test/helpers/chromium.js';
import { serveWebSite } from '../../test/helpers/web-site.js';
import type { Scope } from '../bench/scope.js';

export interface PageSize {
  /** What the page's scripts hold after a garbage collection, their buffers included. */
  readonly heapMiB: number;
  readonly listeners: number;
  readonly nodes: number;
}

/** A page of somebody's own site in a browser of its own, that can be put behind another tab and weighed. */
export class SoakedPage {
  readonly #page: Page;
  readonly #other: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, other: Page, session: CDPSession) {
    this.#page = page;
    this.#other = other;
    this.#session = session;
  }

  static async open(scope: Scope, html: string): Promise<SoakedPage> {
    const site = await serveWebSite(scope, { '/': html });
    const browser = await launchTabbedChromium(scope, { keepsRequests: false });
    const [other = await browser.newPage()] = await browser.pages();
    const page = await browser.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${String(error)}\n`));
    await page.goto(`${site}/`);
    const session = await page.createCDPSession();
    await session.send('HeapProfiler.enable');
    return new SoakedPage(page, other, session);
  }

  async show(): Promise<void> {
    await this.#page.bringToFront();
  }

  async hide(): Promise<void> {
    await this.#other.bringToFront();
    if (!(await this.ask<boolean>('document.hidden'))) throw new Error('expected a page behind another tab to be hidden, it is not');
  }

  ask<T>(expression: string): Promise<T> {
    return this.#page.evaluate(expression) as Promise<T>;
  }

  async size(): Promise<PageSize> {
    // What the first collection lets go of may hold more.
    for (let round = 0; round < 2; round += 1) await this.#session.send('HeapProfiler.collectGarbage');
    const heap = (await this.#session.send('Runtime.getHeapUsage')) as { usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number };
    const { jsEventListeners, nodes } = await this.#session.send('Memory.getDOMCounters');
    const bytes = heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0);
    return { heapMiB: bytes / 2 ** 20, listeners: jsEventListeners, nodes };
  }
}
