import type { Page } from 'playwright-core';
import { launchChromium } from '../../../test/helpers/chromium.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../../../test/helpers/scripted-page.js';
import { sleep } from '../clock.js';
import { amountFigure, differenceFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';
import { beforeBounds, type SectionOptions } from './section.js';

const measuredMs = 60_000;
/** Until scripts are compiled and the player has found its place. */
const settleMs = 10_000;
/** Of one core: the page must answer a finger at once. */
const atMostPercent = 10;

type Work = Readonly<Record<'TaskDuration' | 'ScriptDuration' | 'LayoutDuration' | 'RecalcStyleDuration', number>>;

const pageNames = ['the studio, live with camera and microphone', 'the watch page, by WebSocket'] as const;

/**
 * What the main threads of the studio and the watch page do in a minute: processor time, so that other programs do not count. With
 * `before`, the pages of that checkout first: at the same moment four browsers would wait for each other.
 */
export async function measurePages({ before }: SectionOptions): Promise<Figure[]> {
  const theirs = before === undefined ? undefined : await workOfPages(before);
  const ours = await workOfPages();
  return pageNames.flatMap((name, index) => {
    const measured = amountOf(ours[index]!);
    const what = `Main thread of ${name}, in a minute`;
    const figure = amountFigure({ what, measured, atMost: atMostPercent });
    if (theirs === undefined) return [figure];
    const earlier = amountOf(theirs[index]!);
    return [figure, differenceFigure({ what: 'the same, beside before', measured, beside: { ...earlier, note: `the pages of before: ${earlier.note}` }, atMost: beforeBounds.mainThreadPercent })];
  });
}

/** @returns of each page the work of a minute, in seconds */
async function workOfPages(checkout?: string): Promise<Work[]> {
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope, { checkout });
    const [studio, watch] = [await openPage(scope), await openPage(scope)];
    await goLive(studio, server);
    await watch.goto(`${server.origin}/watch/pages`);
    await waitForPlayback(chromiumPage(watch), 2, 60_000);
    await sleep(settleMs);
    const readers = [await readerOf(studio), await readerOf(watch)];
    const from = await Promise.all(readers.map((read) => read()));
    await sleep(measuredMs);
    const until = await Promise.all(readers.map((read) => read()));
    return from.map((work, index) => subtract(until[index]!, work));
  });
}

async function openPage(scope: Scope): Promise<Page> {
  return (await launchChromium(scope)).newPage();
}

async function goLive(page: Page, server: ServerUnderTest): Promise<void> {
  const studio = chromiumPage(page);
  await studio.goto(`${server.origin}/broadcast?key=${encodeURIComponent(server.key)}`);
  await studio.fill('Stream name', 'pages');
  await studio.choose('Quality', await studio.evaluate<string>(`document.querySelector('#quality option').label`));
  await studio.press('Go live');
  await waitForWords(studio, /\bLIVE\b/, 60_000);
}

async function readerOf(page: Page): Promise<() => Promise<Work>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value])) as Work;
  };
}

function subtract(until: Work, from: Work): Work {
  return Object.fromEntries(Object.entries(until).map(([name, seconds]) => [name, seconds - from[name as keyof Work]])) as Work;
}

/** In per cent of a core. */
function amountOf(work: Work): { readonly amount: number; readonly unit: string; readonly note: string } {
  const percent = (seconds: number): number => (seconds * 100_000) / measuredMs;
  const [scripts, layout] = [percent(work.ScriptDuration), percent(work.LayoutDuration + work.RecalcStyleDuration)];
  return { amount: percent(work.TaskDuration), unit: '%', note: `scripts ${scripts.toFixed(1)}, layout and styles ${layout.toFixed(1)}` };
}
