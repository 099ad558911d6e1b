import t from 'tap';
import { AppendQueue } from '../../../src/web/sdk/playback/append-queue.js';

/** A SourceBuffer that is done with each thing when the test says so. */
class SlowBuffer extends EventTarget {
  updating = false;
  readonly appended: number[][] = [];
  /** What the next append throws. */
  refusal: Error | undefined;

  appendBuffer(bytes: Uint8Array): void {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) throw refusal;
    this.appended.push([...bytes]);
    this.updating = true;
  }

  done(): void {
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
}

function bench(canFree = true) {
  const buffer = new SlowBuffer();
  const news: string[] = [];
  const queue = new AppendQueue({
    buffer: buffer as unknown as SourceBuffer,
    onError: (why) => news.push(why),
    onFull: () => (news.push('full'), canFree),
    onSettled: () => news.push('settled'),
  });
  const append = (...bytes: number[]): void => queue.append(Uint8Array.from(bytes));
  return { buffer, news, queue, append };
}

t.test('one thing at a time, in order; what piled up meanwhile goes in at once', (t) => {
  const { buffer, queue, append } = bench();
  append(1);
  append(2);
  append(3);
  queue.run(() => buffer.appended.push([]));
  append(4);
  t.same(buffer.appended, [[1]]);
  buffer.done();
  t.same(buffer.appended, [[1], [2, 3]], 'not beyond a step in between');
  buffer.done();
  t.same(buffer.appended, [[1], [2, 3], [], [4]]);
  t.end();
});

t.test('a quota that is used up: what is freed makes room for the same bytes, and where nothing can be freed it says so', (t) => {
  const { buffer, news, append } = bench();
  buffer.refusal = new DOMException('no room', 'QuotaExceededError');
  append(1);
  t.same(news, ['full']);
  t.same(buffer.appended, [[1]], 'lost is nothing');
  const hopeless = bench(false);
  hopeless.buffer.refusal = new DOMException('no room', 'QuotaExceededError');
  hopeless.append(1);
  t.same(hopeless.news, ['full', 'no room']);
  t.end();
});

t.test('what the browser can not read is told; closed, it does nothing any more', (t) => {
  const { buffer, news, queue, append } = bench();
  buffer.dispatchEvent(new Event('error'));
  t.same(news, ['the browser could not read the media']);
  append(1);
  append(2);
  queue.close();
  buffer.done();
  buffer.dispatchEvent(new Event('error'));
  t.same(news.length, 1);
  t.same(buffer.appended, [[1]]);
  t.end();
});
