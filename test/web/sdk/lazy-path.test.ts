import t from 'tap';
import { lazyPath } from '../../../src/web/sdk/playback/lazy-path.js';
import { Ending, type Playback, type PlaybackEnd, type PlaybackOptions } from '../../../src/web/sdk/playback/playback.js';

const done: string[] = [];
const ending = new Ending();

class RealPath implements Playback {
  readonly path = 'hls';
  readonly unstick = 'own';
  readonly closed = ending.promise;

  stats(): { latencySeconds: number; bitsPerSecond: undefined; codecs: undefined } {
    return { latencySeconds: 2, bitsPerSecond: undefined, codecs: undefined };
  }
  suspend(): void {
    done.push('suspend');
  }
  resume(): void {
    done.push('resume');
  }
  close(): void {
    done.push('close');
    ending.resolve({ reason: 'closed' });
  }
}

/** A path whose program comes, or does not, when the test says so. */
function bench(): { path: Playback; loaded: () => Promise<void>; failed: () => Promise<void>; ends: PlaybackEnd[] } {
  let settle: { resolve: (path: typeof RealPath) => void; reject: (error: Error) => void } | undefined;
  const Path = lazyPath('hls', 'own', () => new Promise((resolve, reject) => (settle = { resolve, reject })));
  const path = new Path({} as PlaybackOptions);
  const ends: PlaybackEnd[] = [];
  void path.closed.then((end) => ends.push(end));
  done.length = 0;
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ path, ends },
    loaded: () => (settle?.resolve(RealPath), settled()),
    failed: () => (settle?.reject(new Error('404')), settled()),
  };
}

t.test('a path whose program does not come has failed, in words', async (t) => {
  const { path, failed, ends } = bench();
  t.match(path, { path: 'hls', unstick: 'own' });
  await failed();
  t.same(ends, [{ reason: 'failed', failure: { code: 'player-not-loaded', detail: '404' } }]);
});

t.test('what is closed before its program came is never begun', async (t) => {
  const { path, loaded, ends } = bench();
  path.close();
  await loaded();
  path.resume();
  t.same(done, []);
  t.same(ends, [{ reason: 'closed' }]);
});

t.test('what was asked of it meanwhile holds when its program has come, and its end is the real one’s', async (t) => {
  const { path, loaded, ends } = bench();
  t.equal(path.stats().latencySeconds, undefined);
  path.suspend();
  await loaded();
  t.equal(path.stats().latencySeconds, 2);
  path.resume();
  path.close();
  await loaded();
  t.same(done, ['suspend', 'resume', 'close']);
  t.same(ends, [{ reason: 'closed' }]);
});

t.test('a program that was loaded ahead is begun at once, and one that did not come is asked for again', async (t) => {
  const asked: ((how: 'comes' | 'fails') => void)[] = [];
  const Path = lazyPath('hls', 'own', () => new Promise((resolve, reject) => asked.push((how) => (how === 'comes' ? resolve(RealPath) : reject(new Error('404'))))));
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  Path.load?.();
  asked[0]?.('fails');
  await settled();
  Path.load?.();
  Path.load?.();
  t.equal(asked.length, 2, 'once more, and once for all who ask meanwhile');
  asked[1]?.('comes');
  await settled();
  t.equal(new Path({} as PlaybackOptions).stats().latencySeconds, 2);
  t.equal(asked.length, 2);
});
