import t from 'tap';
import { RefusalLog } from '../../src/http/refusal-log.js';

t.test('the first connection turned away is told at once, all after it in one line for each while', async (t) => {
  const awake = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(awake));
  const state = { connections: 11, maxConnections: 10 };
  const lines: unknown[] = [];
  let wake = (): void => undefined;
  const line = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const warn = (facts: unknown): void => {
    lines.push(facts);
    wake();
  };
  const log = new RefusalLog({ log: { warn }, state: () => state, everyMs: 20 });
  log.count('refused');
  t.strictSame(lines, [{ refused: 1, cut: 0, ...state }]);
  const second = line();
  for (let index = 0; index < 500; index++) log.count(index % 2 ? 'refused' : 'cut');
  t.equal(lines.length, 1);
  await second;
  t.strictSame(lines[1], { refused: 250, cut: 250, ...state });
  const third = line();
  log.count('cut');
  await third;
  t.strictSame(lines[2], { refused: 0, cut: 1, ...state }, 'counted from the line before');
  log.close();
  log.close();
});
