import t from 'tap';
import { BuildWatch } from '../../src/web/dev/build-watch.js';

t.test('a page is loaded anew by another build, and when the server has started again; never at first', async (t) => {
  let answer: string | Error = 'one';
  let reloads = 0;
  const watch = new BuildWatch({
    newestBuild: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
    reload: () => reloads++,
  });
  const after = async (now: string | Error): Promise<number> => {
    answer = now;
    await watch.look();
    return reloads;
  };
  t.equal(await after('one'), 0);
  t.equal(await after('one'), 0);
  t.equal(await after('two'), 1);
  t.equal(await after('two'), 1);
  t.equal(await after(new Error('away')), 1);
  t.equal(await after('two'), 2);
  t.equal(await after('two'), 2);
});
