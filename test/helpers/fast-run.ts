import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

const tests = join(import.meta.dirname, '..');

/** Which files one process runs, of about as much work each: the first process that wants a file has it. */
const processes: Readonly<Record<string, (file: string) => boolean>> = {
  routes: (file) => /^http\/.*-routes\.test/.test(file),
  http: (file) => file.startsWith('http/'),
  live: (file) => file.startsWith('live/'),
  pure: (file) => /^(access|flv|fmp4|hls|isobmff|protocol|source|storage)\//.test(file),
  web: (file) => file.startsWith('web/'),
  rest: () => true,
};

/** What `.taprc` has run in processes of their own: files, and folders as globs. Paths are those below `test`. */
const slow = (parse(readFileSync(join(tests, '../.taprc'), 'utf8')) as { readonly include: readonly string[] }).include.map((entry) => entry.replace(/^test\//, '').replace(/\*.*$/, ''));

/** Each process with its files: every test that `.taprc` has not run by itself, in exactly one of them. */
export function fastRun(): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && !slow.some((entry) => file.startsWith(entry)));
  const wanted = new Map(Object.keys(processes).map((name) => [name, [] as string[]]));
  for (const file of files.sort()) wanted.get(Object.entries(processes).find(([, wants]) => wants(file))?.[0] ?? 'rest')?.push(file);
  return wanted;
}

/**
 * Runs the files of one process in this one: to start a process takes most of a second of a core, which is longer than most of these
 * files take. So no test may leave behind what it changed for all.
 */
export async function runTogether(name: string): Promise<void> {
  const reading = readAll(fastRun().get(name) ?? []);
  // To read hundreds of modules keeps a busy machine from all else for seconds, for which no test allows.
  void t.test('all of them are read before the first is run', () => reading);
  await reading;
}

async function readAll(files: readonly string[]): Promise<void> {
  for (const file of files) await import(`../${file}`);
}
