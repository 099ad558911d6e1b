import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { buildWeb } from '../../scripts/build-web.js';
import { watchWeb } from '../../scripts/dev/watch-web.js';
import { waitUntil } from '../helpers/programs.js';

async function textOf(directory: string): Promise<string> {
  const names = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.js'));
  return (await Promise.all(names.map((name) => readFile(path.join(directory, name), 'utf8')))).join('\n');
}

/** What only the code has that loads pages anew. */
const mark = 'expected the server to have a build';

t.test('what is built to be served has nothing of what loads pages anew; what is watched has, and a change of a page makes it another build', async (t) => {
  const publicDirectory = t.testdir({ 'index.html': '<!doctype html>', assets: {} });
  const outDirectory = path.join(publicDirectory, 'assets');
  await buildWeb({ outDirectory });
  t.notMatch(await textOf(outDirectory), mark);
  const stop = await watchWeb({ publicDirectory, outDirectory });
  t.teardown(stop);
  t.match(await readFile(path.join(outDirectory, 'home.js'), 'utf8') + await textOf(path.join(outDirectory, 'chunks')), mark);
  const list = path.join(outDirectory, 'build.json');
  const builtMs = async (): Promise<number> => (await stat(list)).mtimeMs;
  const before = await builtMs();
  await waitUntil('another build', async () => {
    await writeFile(path.join(publicDirectory, 'index.html'), '<!doctype html><title>changed</title>');
    return (await builtMs()) > before;
  });
});
