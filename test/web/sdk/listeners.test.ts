import t from 'tap';
import { Listeners } from '../../../src/web/sdk/listeners.js';

interface News {
  number: number;
}

/** What the page was told of as uncaught. */
function reportedErrors(t: { teardown(restore: () => void): void }): unknown[] {
  const reported: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => reported.push(error) });
  t.teardown(() => void Reflect.deleteProperty(globalThis, 'reportError'));
  return reported;
}

t.test('a listener that throws stops neither the others nor whoever told the news, and is reported', async (t) => {
  const reported = reportedErrors(t);
  const heard: number[] = [];
  const listeners = new Listeners<News>();
  const mistake = new Error('a mistake of the page');
  listeners.on('number', () => {
    throw mistake;
  });
  listeners.on('number', (number) => heard.push(number));
  listeners.emit('number', 1);
  t.same(heard, [1]);
  t.same(reported, [mistake]);
});

t.test('once is once, also when it throws', async (t) => {
  const reported = reportedErrors(t);
  const listeners = new Listeners<News>();
  let calls = 0;
  listeners.once('number', () => {
    calls += 1;
    throw new Error('a mistake of the page');
  });
  listeners.emit('number', 1);
  listeners.emit('number', 2);
  t.equal(calls, 1);
  t.equal(reported.length, 1);
});

t.test('each removal takes away the listener it was given for, and no other', async (t) => {
  const heard: number[] = [];
  const listeners = new Listeners<News>();
  const listen = (number: number): void => void heard.push(number);
  const removeFirst = listeners.on('number', listen);
  const removeSecond = listeners.on('number', listen);
  const removeOnce = listeners.once('number', listen);
  removeFirst();
  removeFirst();
  removeOnce();
  listeners.emit('number', 1);
  t.same(heard, [1]);
  removeSecond();
  listeners.emit('number', 2);
  t.same(heard, [1]);
});

t.test('who is taken away while news is told is not told; who comes is told the next time', async (t) => {
  const heard: string[] = [];
  const listeners = new Listeners<News>();
  listeners.on('number', () => {
    removeSecond();
    listeners.once('number', () => heard.push('newcomer'));
  });
  const removeSecond = listeners.on('number', () => heard.push('second'));
  listeners.emit('number', 1);
  t.same(heard, []);
  listeners.emit('number', 2);
  t.same(heard, ['newcomer']);
});
