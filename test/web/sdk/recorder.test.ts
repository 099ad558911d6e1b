import t from 'tap';
import { deliverInOrder } from '../../../src/web/sdk/recorder.js';

t.test('chunks leave in the order they were recorded, whatever order their reads end in', async (t) => {
  const delivered: number[] = [];
  const inOrder = deliverInOrder((bytes) => delivered.push(bytes[0] ?? -1));
  const finishRead: (() => void)[] = [];
  const deliveries = [0, 1, 2, 3].map((value) =>
    inOrder(
      new Promise((resolve) => {
        finishRead[value] = () => resolve(new Uint8Array([value]).buffer);
      }),
    ),
  );
  for (const value of [2, 0, 3]) finishRead[value]?.();
  await deliveries[0];
  t.same(delivered, [0], 'the third and fourth wait for the second');
  finishRead[1]?.();
  await Promise.all(deliveries);
  t.same(delivered, [0, 1, 2, 3]);
});
