import { mock } from 'node:test';
import t from 'tap';
import { UploadQueue } from '../../src/live/upload-queue.js';

t.test('a store that is back is found out within five seconds, however long it was away; what it asks to be waited for is waited for', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  let retryAfterSeconds = 0;
  let seconds = 0;
  const tries: number[] = [];
  const queue = new UploadQueue({ onState: () => undefined });
  const pass = async (some: number): Promise<void> => {
    for (const until = seconds + some; seconds < until; seconds++) {
      mock.timers.tick(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  queue.add({
    ...{ group: 'show', byteLength: 1 },
    run: async () => {
      tries.push(seconds);
      throw Object.assign(new Error('away'), { retryAfterSeconds });
    },
  });
  await pass(300);
  t.ok(tries.every((second, index) => second - (tries[index - 1] ?? 0) <= 5), tries.join(', '));
  t.ok(tries.length < 70, `${tries.length} tries in five minutes`);
  retryAfterSeconds = 20;
  await pass(6);
  tries.length = 0;
  await pass(60);
  t.ok(tries.length <= 3 && tries.length > 0, `${tries.length} tries in a minute`);
  await queue.close();
});
