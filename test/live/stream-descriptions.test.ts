import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { JsonFile } from '../../src/storage/json-file.js';
import { temporaryDirectory } from '../helpers/programs.js';

function openDescriptions(directory: string) {
  const failures: string[] = [];
  const file = new JsonFile(join(directory, 'stream-descriptions.json'));
  return { failures, descriptions: new StreamDescriptions({ file, onFailure: (error) => failures.push((error as NodeJS.ErrnoException).code ?? error.message) }) };
}

t.test('what a stream is about outlives the broadcast and the server', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const { descriptions } = openDescriptions(directory);
  t.strictSame(descriptions.get('cam'), {});
  descriptions.change('cam', { title: 'Harbour' });
  descriptions.change('cam', { description: 'Two cameras' });
  descriptions.change('other', { title: 'Gone again' });
  descriptions.change('other', { title: '' });
  await descriptions.close();
  const again = openDescriptions(directory).descriptions;
  t.strictSame(again.get('cam'), { title: 'Harbour', description: 'Two cameras' });
  t.strictSame(again.get('other'), {});
});

t.test('many changes at once are few writes', async (t) => {
  const written: unknown[] = [];
  const file = { path: '', read: () => undefined, write: async (value: unknown) => void written.push(value) } as unknown as JsonFile;
  const descriptions = new StreamDescriptions({ file, onFailure: () => undefined });
  for (let number = 0; number < 1000; number++) descriptions.change('cam', { title: `Number ${number}` });
  await descriptions.close();
  t.ok(written.length <= 2, `${written.length} writes`);
  t.strictSame(written.at(-1), { streams: { cam: { title: 'Number 999' } } });
});

t.test('a disk that takes nothing costs one warning, and what was said holds', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const { descriptions, failures } = openDescriptions(directory);
  writeFileSync(directory, 'a file where a folder is wanted');
  descriptions.change('cam', { title: 'Harbour' });
  await descriptions.close();
  descriptions.change('cam', { title: 'Harbour II' });
  await descriptions.close();
  t.equal(failures.length, 1);
  t.strictSame(descriptions.get('cam'), { title: 'Harbour II' });
  rmSync(directory);
  descriptions.change('cam', { description: 'back' });
  await descriptions.close();
  t.equal(failures.length, 1);
  t.strictSame(openDescriptions(directory).descriptions.get('cam'), { title: 'Harbour II', description: 'back' });
});

t.test('a file that is not what was written stops the start in one line that says what to do', async (t) => {
  for (const text of ['{"half', 'null', '[]', '{"streams":{"a b":{}}}', '{"streams":{"cam":{"title":7}}}']) {
    const directory = await temporaryDirectory(t);
    writeFileSync(join(directory, 'stream-descriptions.json'), text);
    t.throws(() => openDescriptions(directory), { message: /stream-descriptions\.json: expected the descriptions .* delete it/ }, text);
  }
});
