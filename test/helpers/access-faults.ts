import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import type { Test } from 'tap';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Colours on their way from one scheme to the other are nobody's fault: what is looked at is where they arrive. */
const transitionsDone = `(() => {
  const rootsIn = (root) => [root, ...[...root.querySelectorAll('*')].flatMap((element) => (element.shadowRoot ? rootsIn(element.shadowRoot) : []))];
  const transitions = rootsIn(document).flatMap((root) => root.getAnimations()).filter((animation) => animation instanceof CSSTransition);
  return Promise.allSettled(transitions.map(({ finished }) => finished)).then(() => transitions.length);
})()`;

/** Faults that keep people out; in both colour schemes, for contrast. */
export async function checkAccess(t: Test, page: Page, what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(transitionsDone);
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, failureSummary = '' }) => `${html} (${failureSummary.replace(/\s+/g, ' ')})`).join('; ')}`);
    t.strictSame(told, [], `${what}, ${colorScheme}`);
  }
}
