import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { JsonFile } from '../../src/storage/json-file.js';
import { temporaryDirectory } from '../helpers/programs.js';

t.test('a value is there again after a restart, for its owner only, and no draft is left', async (t) => {
  const directory = join(await temporaryDirectory(t), 'data');
  const path = join(directory, 'value.json');
  t.equal(new JsonFile(path).read(), undefined, 'none was written yet');
  await new JsonFile(path).write({ a: [1, 'two'] });
  t.strictSame(new JsonFile(path).read(), { a: [1, 'two'] });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.strictSame(readdirSync(directory), ['value.json']);
});

t.test('a crash while a value is written leaves the one of before', async (t) => {
  const path = join(await temporaryDirectory(t), 'value.json');
  await new JsonFile(path).write('before');
  writeFileSync(`${path}.new`, '{"half');
  t.equal(new JsonFile(path).read(), 'before');
});

t.test('what can not be read or written is told, not taken for an empty file', async (t) => {
  const directory = await temporaryDirectory(t);
  writeFileSync(join(directory, 'broken.json'), '{"half');
  t.throws(() => new JsonFile(join(directory, 'broken.json')).read(), SyntaxError);
  const below = new JsonFile(join(directory, 'broken.json', 'value.json'));
  t.throws(() => below.read(), { code: 'ENOTDIR' });
  await t.rejects(below.write(1), { code: /ENOTDIR|EEXIST/ });
});
