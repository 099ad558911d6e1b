import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';

const root = join(import.meta.dirname, '../..');

/** A checkout of its own, so that one run does not clear away what another keeps. */
async function checkout(t: Test, linked: readonly string[]): Promise<string> {
  const directory = t.testdir({});
  for (const name of linked) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await symlink(join(root, name), join(directory, name));
  }
  return directory;
}

async function runTests(directory: string, files: readonly string[], environment: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  const env = { PATH: '', HOME: directory, ...environment };
  const child = spawn(process.execPath, [join(root, 'node_modules/tap/dist/esm/run.mjs'), 'run', ...files], { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  return { code, output };
}

t.test('with nothing on PATH the tests run: by the ffmpeg of the install, and with a list of what was not tried and what it takes', async (t) => {
  const directory = await checkout(t, ['src', 'test', 'scripts', 'public', 'node_modules', 'package.json', '.taprc', 'tsconfig.json']);
  const { code, output } = await runTests(directory, ['test/fmp4/init-segment.test.ts', 'test/e2e/firefox.test.ts'], {});
  t.equal(code, 0, output);
  t.match(output, /✓ test\/fmp4\/init-segment\.test\.ts \([1-9]\d* passed/);
  t.match(output, /Firefox is not installed \(apt install firefox-esr\):\n {4}skipped: test\/e2e\/firefox\.test\.ts > /);
  t.match(output, /\n[1-9]\d* passed, 0 failed\n$/);
});

t.test('what is skipped fails the run where all is to be tried, and only there', async (t) => {
  const directory = await checkout(t, ['test/reporter.js', 'node_modules', 'package.json', '.taprc', 'tsconfig.json']);
  await writeFile(join(directory, 'test/skips.test.ts'), "import t from 'tap';\nt.test('tried', async (t) => void t.pass());\nt.test('not tried', { skip: 'something is missing' }, async () => undefined);\n");
  const partly = await runTests(directory, ['test/skips.test.ts'], {});
  t.match(partly, { code: 0, output: /skipped: test\/skips\.test\.ts > not tried\n\n1 passed, 0 failed\n$/ });
  const whole = await runTests(directory, ['test/skips.test.ts'], { ONAIR_TEST_ALL: '1' });
  t.match(whole, { code: 1, output: /\n1 passed, 1 failed\n$/ });
});
