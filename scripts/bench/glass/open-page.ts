import { randomUUID } from 'node:crypto';

import type { Browser, Page } from 'playwright-core';

import { launchChromium } from '../../../test/helpers/chromium.js';
import { serveWebSite } from '../../../test/helpers/web-site.js';
import type { Scope } from '../scope.js';

/**
 * Opens a page of our own, on an origin that is not the server's, as any site would use the SDK.
 * @param running undefined: the page has a browser of its own
 */
export async function openPage(scope: Scope, html: string, running?: Browser): Promise<Page> {
  const path = `/${randomUUID()}`;
  const origin = await serveWebSite(scope, { [path]: html });
  const browser = running ?? (await launchChromium(scope));
  const page = await browser.newPage();
  if (running) scope.teardown(() => page.context().close());
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
  await page.goto(origin + path);
  return page;
}
