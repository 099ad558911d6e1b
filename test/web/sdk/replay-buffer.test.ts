import t from 'tap';
import { ReplayBuffer } from '../../../src/web/sdk/replay-buffer.js';

function filled(): ReplayBuffer {
  const buffer = new ReplayBuffer();
  buffer.append(new Uint8Array([0, 1, 2]), 10);
  buffer.append(new Uint8Array([3, 4]), 20);
  buffer.append(new Uint8Array([5, 6, 7, 8]), 30);
  return buffer;
}

t.test('bytes are addressed by their offset in the whole broadcast', async (t) => {
  const buffer = filled();
  t.same([...(buffer.read(0) ?? [])], [0, 1, 2]);
  t.same([...(buffer.read(4) ?? [])], [4]);
  t.equal(buffer.read(9), undefined);
});

t.test('what is acknowledged is forgotten, to the byte', async (t) => {
  const buffer = filled();
  buffer.discardBefore(4);
  t.equal(buffer.startOffset, 4);
  t.equal(buffer.size, 5);
  t.equal(buffer.oldestMs, 20);
  t.equal(buffer.read(3), undefined);
  t.same([...(buffer.read(4) ?? [])], [4]);
  buffer.discardBefore(9);
  t.equal(buffer.size, 0);
  t.equal(buffer.startOffset, 9);
});

t.test('a truncated buffer goes on at the offset where it was cut', async (t) => {
  const buffer = filled();
  buffer.truncateAt(4);
  buffer.append(new Uint8Array([99]), 40);
  t.same([...(buffer.read(3) ?? [])], [3]);
  t.same([...(buffer.read(4) ?? [])], [99]);
  t.equal(buffer.endOffset, 5);
});
