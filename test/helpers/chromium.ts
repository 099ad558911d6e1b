import { mkdir, writeFile } from 'node:fs/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import puppeteer, { type Browser as TabbedBrowser } from 'puppeteer-core';

import { findProgram, temporaryDirectory, type Teardown } from './programs.js';

export const chromiumProgram = findProgram(process.env.CHROMIUM_PATH ?? '', 'chromium', 'chromium-browser', 'google-chrome');

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const fakeDevices = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen'];

export interface ChromiumOptions {
  readonly autoplay?: 'no-user-gesture-required' | 'user-gesture-required';
  /** The title of the tab that is shared, for real, when a page asks for a screen. There is no camera and no microphone then. */
  readonly sharedTab?: string;
  /** What is started in Chromium's place: itself, in a network of its own. */
  readonly program?: string;
}

/** Debian's Chromium, headless, with a camera, a microphone and a screen that need no permission. */
export async function launchChromium(t: Teardown, { autoplay = 'no-user-gesture-required', sharedTab, program = chromiumProgram ?? 'chromium' }: ChromiumOptions = {}): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: program,
    headless: true,
    env: { ...process.env, HOME: await temporaryDirectory(t, 'onair-chromium') },
    args: [...switches, ...(sharedTab === undefined ? fakeDevices : [`--auto-select-tab-capture-source-by-title=${sharedTab}`]), `--autoplay-policy=${autoplay}`],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** The same, driven by puppeteer: a tab behind another is hidden as for a person. Playwright keeps every page visible. */
export async function launchTabbedChromium(t: Teardown, { siteData = true, keepsRequests = true }: { readonly siteData?: boolean; readonly keepsRequests?: boolean } = {}): Promise<TabbedBrowser> {
  const home = await temporaryDirectory(t, 'onair-chromium');
  if (!siteData) {
    // As *Block all cookies* in its settings does it: storage of every kind throws.
    await mkdir(`${home}/profile/Default`, { recursive: true });
    await writeFile(`${home}/profile/Default/Preferences`, JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  }
  const browser = await puppeteer.launch({
    browser: 'chrome',
    executablePath: chromiumProgram ?? 'chromium',
    headless: true,
    // The tools keep a record of each request in the page's own memory: whoever weighs the page must do without.
    networkEnabled: keepsRequests,
    userDataDir: `${home}/profile`,
    env: { ...process.env, HOME: home },
    args: [...switches, ...fakeDevices, '--autoplay-policy=no-user-gesture-required'],
    // Puppeteer's own switches keep hidden tabs as quick as visible ones.
    ignoreDefaultArgs: ['--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding'],
  });
  t.teardown(() => browser.close());
  return browser;
}

/**
 * What the page complained of: uncaught errors and console errors, gathered as they come; of what the server refused, which Chromium
 * tells by itself, status and path: `404 /favicon.ico`.
 */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const [, status] = /^Failed to load resource: the server responded with a status of (\d+)/.exec(message.text()) ?? [];
    complaints.push(status === undefined ? message.text() : `${status} ${new URL(message.location().url).pathname}`);
  });
  return complaints;
}

/** Those that are not of these: what is expected is named whole. */
export function complaintsBeside(complaints: readonly string[], ...expected: readonly string[]): string[] {
  return complaints.filter((text) => !expected.includes(text));
}
