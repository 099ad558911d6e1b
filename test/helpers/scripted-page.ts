import type { Page as ChromiumPage } from 'playwright-core';
import type { Page as FirefoxPage } from 'puppeteer-core';

import { waitUntil } from './programs.js';

/** What the scenarios need of a page, whichever browser shows it. Controls are found by their role and name. */
export interface ScriptedPage {
  goto(url: string): Promise<void>;
  /** Brings its tab to the front: browsers give a camera only to a page that can be seen. */
  show(): Promise<void>;
  url(): string;
  /** Presses a button as a person would. */
  press(name: string): Promise<void>;
  fill(label: string, text: string): Promise<void>;
  choose(label: string, option: string): Promise<void>;
  evaluate<T>(expression: string): Promise<T>;
}

export function chromiumPage(page: ChromiumPage): ScriptedPage {
  return {
    goto: async (url) => {
      await page.goto(url);
    },
    show: () => page.bringToFront(),
    url: () => page.url(),
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    fill: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
    choose: async (label, option) => {
      await page.getByLabel(label, { exact: true }).selectOption({ label: option });
    },
    evaluate: (expression) => page.evaluate(expression),
  };
}

export function firefoxPage(page: FirefoxPage): ScriptedPage {
  return {
    goto: async (url) => {
      await page.goto(url);
    },
    show: () => page.bringToFront(),
    url: () => page.url(),
    press: (name) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click(),
    fill: (label, text) => page.locator(`::-p-aria([name="${label}"][role="textbox"])`).fill(text),
    choose: async (label, option) => {
      const select = await page.waitForSelector(`::-p-aria([name="${label}"][role="combobox"])`);
      const value = await select?.evaluate((element, text) => [...(element as unknown as { options: Iterable<{ label: string; value: string }> }).options].find((entry) => entry.label === text)?.value, option);
      if (value !== undefined) await select?.select(value);
    },
    evaluate: (expression) => page.evaluate(expression) as Promise<never>,
  };
}

/** What a person sees of a page: the visible words. */
export async function wordsOf(page: Pick<ScriptedPage, 'evaluate'>): Promise<string> {
  return page.evaluate<string>('document.body.innerText');
}

export async function waitForWords(page: ScriptedPage, words: RegExp, timeoutMs = 30_000): Promise<void> {
  let last = '';
  await waitUntil(`the words ${String(words)}`, async () => words.test((last = await wordsOf(page))), timeoutMs, 200).catch((error: unknown) => {
    throw new Error(`${String(error)}; the page says: ${last}`);
  });
}

const videoFacts = `(() => {
  const find = (root) => root.querySelector('video') ?? [...root.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
  const video = find(document);
  const quality = video?.getVideoPlaybackQuality?.();
  return video && { timeSeconds: video.currentTime, width: video.videoWidth, shown: quality ? quality.totalVideoFrames - quality.droppedVideoFrames : 0 };
})()`;

export interface VideoFacts {
  readonly timeSeconds: number;
  readonly width: number;
  /** Pictures shown so far. */
  readonly shown: number;
}

/** Waits until the page's video shows pictures and then goes on for some seconds of media. */
export async function waitForPlayback(page: Pick<ScriptedPage, 'evaluate'>, seconds: number, timeoutMs = 30_000): Promise<{ first: VideoFacts; last: VideoFacts }> {
  const look = (): Promise<VideoFacts | null> => page.evaluate<VideoFacts | null>(videoFacts);
  let seen: VideoFacts | null = null;
  const tell = async (error: unknown): Promise<never> => {
    throw new Error(`${String(error)}; the video: ${JSON.stringify(seen)}; the page says: ${await wordsOf(page)}`);
  };
  const isShowing = async (): Promise<VideoFacts | false> => {
    seen = await look();
    return seen !== null && seen.width > 0 && seen.timeSeconds > 0 && seen.shown > 0 && seen;
  };
  const first = await waitUntil('a picture', isShowing, timeoutMs, 100).catch(tell);
  const goesOn = async (): Promise<VideoFacts | false> => {
    const facts = await isShowing();
    return facts !== false && facts.timeSeconds >= first.timeSeconds + seconds && facts;
  };
  return { first, last: await waitUntil(`${String(seconds)} s of moving picture`, goesOn, timeoutMs, 100).catch(tell) };
}
