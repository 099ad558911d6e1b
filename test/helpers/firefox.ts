import puppeteer, { type Browser } from 'puppeteer-core';

import { findProgram, temporaryDirectory, type Teardown } from './programs.js';

export const firefoxProgram = findProgram(process.env.FIREFOX_PATH ?? '', 'firefox-esr', 'firefox');

/** Firefox over WebDriver BiDi, headless, with a camera and a microphone that need no permission. */
export async function launchFirefox(t: Teardown): Promise<Browser> {
  const home = await temporaryDirectory(t, 'onair-firefox');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxProgram ?? 'firefox-esr',
    headless: true,
    userDataDir: `${home}/profile`,
    env: { ...process.env, HOME: home },
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'app.update.enabled': false,
      'datareporting.policy.dataSubmissionEnabled': false,
    },
  });
  t.teardown(() => browser.close());
  return browser;
}
