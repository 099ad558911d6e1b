import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const tests = join(import.meta.dirname, '..');

/** They start programs, or try out what takes its time: `npm test` runs them. */
const slow: ReadonlySet<string> = new Set([
  ...['attack', 'connections', 'fuzz', 'nothing-good-is-cut'].map((name) => `http/${name}.test.ts`),
  ...['encode-limits', 'ffmpeg-transcoder', 'work-of-ingest'].map((name) => `live/${name}.test.ts`),
  'source/work-budget.test.ts',
  'main.test.ts',
]);

/**
 * Runs the tests of some folders in this one process: to start a process takes half a second of a core, which is longer than
 * most of these tests take. So no test may leave behind what it changed for all.
 * @param folders below `test`, each with all that is below it; '.' for the files beside them alone
 */
export async function runBelow(...folders: string[]): Promise<void> {
  for (const folder of folders) {
    const names = readdirSync(join(tests, folder), { recursive: folder !== '.', encoding: 'utf8' });
    const files = names.filter((name) => name.endsWith('.test.ts')).map((name) => join(folder, name));
    for (const file of files.sort()) if (!slow.has(file)) await import(`../${file}`);
  }
}
