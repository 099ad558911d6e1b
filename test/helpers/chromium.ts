import { chromium, type Browser, type Page } from 'playwright-core';

import { findProgram, temporaryDirectory, type Teardown } from './programs.js';

export const chromiumProgram = findProgram(process.env.CHROMIUM_PATH ?? '', 'chromium', 'chromium-browser', 'google-chrome');

/** Debian's Chromium, headless, with a camera, a microphone and a screen that need no permission. */
export async function launchChromium(t: Teardown, { autoplay = 'no-user-gesture-required' }: { readonly autoplay?: 'no-user-gesture-required' | 'user-gesture-required' } = {}): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumProgram ?? 'chromium',
    headless: true,
    env: { ...process.env, HOME: await temporaryDirectory(t, 'onair-chromium') },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--auto-select-desktop-capture-source=Entire screen',
      `--autoplay-policy=${autoplay}`,
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** What the page complained of: uncaught errors and console errors, gathered as they come. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}
