import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { faultOf, folderFault } from '../../src/storage/folder-fault.js';

const errno = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: something`), { code });

t.test('a folder that can be written is made, and nothing stays in it', async (t) => {
  const path = join(t.testdir(), 'a', 'b');
  t.equal(folderFault(path, 0o700), undefined);
  t.equal(statSync(path).mode & 0o777, 0o700);
  t.strictSame(readdirSync(path), []);
});

t.test('a folder that can not be one is told by its path, with what to do', async (t) => {
  const file = join(t.testdir(), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const fault = folderFault(path);
    t.match(fault, { isWrong: true, words: /^".*file.*" \(E[A-Z]+\): a part of that path is a file; name another folder$/ }, path);
  }
  t.ok(existsSync(file));
});

t.test('who may not write is named, and how to give the folder to that user', async (t) => {
  const { words, isWrong } = faultOf('/srv/data', errno('EACCES'));
  t.ok(isWrong);
  t.match(words, /^"\/srv\/data" \(EACCES\): user .+ may not write there; give the folder to that user \(chown -R \d+ \/srv\/data\), or name another one$/);
  t.match(words, String(process.getuid?.()));
});

t.test('a full or failing disk is no wrong setting: it may be well again', async (t) => {
  t.match(faultOf('/x', errno('ENOSPC')), { isWrong: false, words: /no space left/ });
  t.match(faultOf('/x', errno('EIO')), { isWrong: false, words: '"/x" (EIO): EIO: something' });
});
