import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';

import { waitUntil } from './programs.js';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

t.test('what a test file started is gone when the file is ended by a signal, or ends without a teardown', async (t) => {
  for (const end of ['SIGTERM', 'SIGINT', 'exit'] as const) {
    const file = `import { startOwned } from ${JSON.stringify(join(import.meta.dirname, 'programs.ts'))};
      const { pid } = startOwned({ teardown: () => undefined }, process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
      process.stdout.write(String(pid) + '\\n');
      process.stdin.once('data', () => process.exit());`;
    const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const [pid] = (await once(child.stdout, 'data')).map((said: Buffer) => Number(said.toString()));
    t.ok(pid !== undefined && isAlive(pid), 'it runs');
    if (end === 'exit') child.stdin.write('go');
    else child.kill(end);
    const [code, signal] = (await ended) as [number | null, string | null];
    t.equal(end === 'exit' ? code : signal, end === 'exit' ? 0 : end, 'the file ended as it was told');
    await waitUntil(`the end of what it started, after ${end}`, () => pid !== undefined && !isAlive(pid));
  }
});
