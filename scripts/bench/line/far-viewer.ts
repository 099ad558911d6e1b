import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

import { chromiumProgram, launchChromium } from '../../../test/helpers/chromium.js';
import { playerPage } from '../../../test/helpers/player-page.js';
import { temporaryDirectory, waitUntil } from '../../../test/helpers/programs.js';
import { watchSmoothness, type Smoothness } from '../../../test/helpers/smoothness.js';
import type { Scope } from '../scope.js';
import type { ShapedLine } from '../shaped-line.js';

export interface FarViewerOptions {
  readonly line: ShapedLine;
  readonly port: number;
  readonly stream: string;
  readonly path: 'websocket' | 'hls';
}

/** Chromium watching numbered pictures by the SDK, at the far end of a line. */
export class FarViewer {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Resolves with the first picture. */
  static async open(scope: Scope, { line, port, stream, path }: FarViewerOptions): Promise<FarViewer> {
    const browser = await launchChromium(scope, { program: await atFarEnd(scope, line) });
    const page = await browser.newPage({ bypassCSP: true });
    const failures: string[] = [];
    page.on('requestfailed', (request) => failures.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`));
    await page.addInitScript(watchSmoothness);
    const origin = `http://${line.serverAddress}:${String(port)}`;
    // Of the server itself: a page that Playwright makes up may load nothing from a private address.
    await page.goto(`${origin}/healthz?stream=${stream}&path=${path}&muted`);
    await page.setContent(playerPage(origin));
    const viewer = new FarViewer(page);
    await waitUntil(`a picture by ${path}`, async () => (await viewer.seen()).frames.length > 0, 30_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; requests that failed: ${failures.join(', ') || 'none'}`);
    });
    return viewer;
  }

  /** Until pictures as wide as this are shown. */
  async untilWidth(width: number): Promise<void> {
    await waitUntil(`pictures ${String(width)} wide`, async () => (await this.seen()).frames.at(-1)?.width === width, 40_000, 500);
  }

  /** By the page's clock, as `atMs` of pictures are. */
  nowMs(): Promise<number> {
    return this.#page.evaluate<number>('performance.now()');
  }

  seen(): Promise<Smoothness> {
    return this.#page.evaluate<Smoothness>('window.smoothness');
  }
}

/** Playwright starts one program without arguments of ours before it. */
async function atFarEnd(scope: Scope, { farEnd }: ShapedLine): Promise<string> {
  const script = join(await temporaryDirectory(scope, 'onair-bench-far'), 'chromium');
  await writeFile(script, `#!/bin/sh\nexec ${farEnd.join(' ')} ${chromiumProgram ?? 'chromium'} "$@"\n`);
  await chmod(script, 0o755);
  return script;
}
