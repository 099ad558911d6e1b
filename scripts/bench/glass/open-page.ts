import { randomUUID } from 'node:crypto';

import type { Page } from 'playwright-core';

import { launchChromium } from '../../../test/helpers/chromium.js';
import { serveWebSite } from '../../../test/helpers/web-site.js';
import type { Scope } from '../scope.js';

/** Opens a page of our own in a browser of its own, on an origin that is not the server's, as any site would use the SDK. */
export async function openPage(scope: Scope, html: string): Promise<Page> {
  const path = `/${randomUUID()}`;
  const origin = await serveWebSite(scope, { [path]: html });
  const browser = await launchChromium(scope);
  const page = await browser.newPage();
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
  await page.goto(origin + path);
  return page;
}
