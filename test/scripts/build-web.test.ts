import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { ownPathParts } from '../../src/protocol/urls.js';
import { buildWeb } from '../../scripts/build-web.js';

t.test('a bundle is whole', async (t) => {
  const outDirectory = t.testdir({ 'stale.js': '' });
  const { outputs } = await buildWeb({ outDirectory });
  const files = new Set(Object.keys(outputs).map((file) => path.resolve(file)));

  t.test('every page and the SDK has its entry, and nothing stale stays', async (t) => {
    for (const name of ['onair', 'home', 'broadcast', 'watch', 'embed', 'recordings', 'recording']) t.ok(files.has(path.join(outDirectory, `${name}.js`)), name);
    await t.rejects(readFile(path.join(outDirectory, 'stale.js')), { code: 'ENOENT' });
  });

  t.test('every import leads to a file that is there, from where the importing file is served', async (t) => {
    for (const file of files) {
      if (!file.endsWith('.js')) continue;
      const code = await readFile(file, 'utf8');
      for (const [, target = ''] of code.matchAll(/(?:from|import\(?)"(\.[^"]+\.js)"/g)) {
        t.ok(files.has(path.resolve(path.dirname(file), target)), `${path.basename(file)} imports ${target}`);
      }
    }
  });

  t.test('no bundle names an address at the root of its host', async (t) => {
    const atRoot = new RegExp(`["'\`]/(?:${ownPathParts.join('|')})[/?"'\`]`, 'g');
    for (const file of files) {
      if (file.endsWith('.js')) t.strictSame((await readFile(file, 'utf8')).match(atRoot), null, path.basename(file));
    }
    t.match('fetch("/api/streams")', atRoot, 'one would be found');
  });

  t.test('the SDK gives Publisher and Player, and loads hls.js only when it is needed', async (t) => {
    const sdk = Object.entries(outputs).find(([file]) => file.endsWith('/onair.js'))?.[1];
    t.ok(sdk?.exports.includes('Publisher'));
    t.ok(sdk?.exports.includes('Player'));
    const withHls = Object.entries(outputs).filter(([, { inputs }]) => Object.keys(inputs).some((input) => input.includes('node_modules/hls.js')));
    t.equal(withHls.length, 1, 'hls.js stands in one chunk');
    t.match(Object.keys(withHls[0]?.[1].inputs ?? {}).filter((input) => input.includes('node_modules/hls.js')), [/hls\.light\.[a-z.]*js$/], 'and is the light build of it, alone');
    const statically = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ kind }) => kind === 'import-statement').map((imported) => imported.path));
    t.notOk(statically.includes(withHls[0]?.[0] ?? ''), 'that no bundle imports statically');
  });
});

t.test('a page that was opened before an upgrade finds its own chunks after it, but not after two', async (t) => {
  const outDirectory = t.testdir({});
  const chunks = path.join(outDirectory, 'chunks');
  const build = async (): Promise<string[]> => {
    await buildWeb({ outDirectory });
    return readdir(chunks);
  };
  await mkdir(chunks);
  await writeFile(path.join(chunks, 'hls-OLD.js'), '');
  await writeFile(path.join(outDirectory, 'build.json'), JSON.stringify(['onair.js', 'chunks/hls-OLD.js']));
  t.ok((await build()).includes('hls-OLD.js'));
  const after = await build();
  t.notOk(after.includes('hls-OLD.js'));
  t.same((await build()).sort(), after.sort(), 'a build of the same sources leaves one set');
});
