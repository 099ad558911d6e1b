import type { Page } from 'playwright-core';
import { launchChromium } from '../../../test/helpers/chromium.js';
import { chromiumPage, waitForPlayback, waitForWords } from '../../../test/helpers/scripted-page.js';
import { sleep } from '../clock.js';
import { amountFigure, type Figure } from '../report.js';
import { within, type Scope } from '../scope.js';
import { ServerUnderTest } from '../server-under-test.js';

const measuredMs = 60_000;
/** Until scripts are compiled and the player has found its place. */
const settleMs = 10_000;
/** Of one core: the page must answer a finger at once. */
const atMostPercent = 10;

type Work = Readonly<Record<'TaskDuration' | 'ScriptDuration' | 'LayoutDuration' | 'RecalcStyleDuration', number>>;

/** What the main threads of the studio and the watch page do in a minute: processor time, so that other programs do not count. */
export async function measurePages(): Promise<Figure[]> {
  return within(async (scope) => {
    const server = await ServerUnderTest.start(scope);
    const [studio, watch] = [await openPage(scope), await openPage(scope)];
    await goLive(studio, server);
    await watch.goto(`${server.origin}/watch/pages`);
    await waitForPlayback(chromiumPage(watch), 2, 60_000);
    await sleep(settleMs);
    const readers = [await readerOf(studio), await readerOf(watch)];
    const before = await Promise.all(readers.map((read) => read()));
    await sleep(measuredMs);
    const after = await Promise.all(readers.map((read) => read()));
    return ['the studio, live with camera and microphone', 'the watch page, by WebSocket'].map((name, index) => figureOf(name, before[index]!, after[index]!));
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

function figureOf(name: string, before: Work, after: Work): Figure {
  const percent = (what: keyof Work): number => ((after[what] - before[what]) * 100_000) / measuredMs;
  const [scripts, layout] = [percent('ScriptDuration'), percent('LayoutDuration') + percent('RecalcStyleDuration')];
  return amountFigure({
    what: `Main thread of ${name}, in a minute`,
    measured: { amount: percent('TaskDuration'), unit: '%', note: `scripts ${scripts.toFixed(1)}, layout and styles ${layout.toFixed(1)}` },
    atMost: atMostPercent,
  });
}
