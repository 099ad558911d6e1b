import t from 'tap';
import { MemoryDirectory } from '../../src/live/memory-directory.js';
import { openStudio, Publishing, until } from './fake-studio.js';

t.test('of two who claim a name at the same moment one gets it, and the other one after it is released', async (t) => {
  const directory = new MemoryDirectory();
  const claims = await Promise.allSettled([directory.claim('cam'), directory.claim('cam'), directory.claim('other')]);
  t.strictSame(claims.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
  await t.rejects(directory.claim('cam'), { code: 'already-live', message: /"cam" is live already/ });
  const [first] = claims;
  if (first.status !== 'fulfilled') throw new Error('expected a lease');
  await first.value.release();
  const second = await directory.claim('cam');
  t.ok(second.epoch > first.value.epoch, 'a later lease has a higher epoch');
  await first.value.release();
  await t.rejects(directory.claim('cam'), { code: 'already-live' }, 'who has lost the name can not free it');
});

t.test('servers that share a directory watch and end each other\'s broadcasts, and no name begins at two of them', async (t) => {
  const directory = new MemoryDirectory();
  const one = await openStudio(t, { directory, endedRetentionSeconds: 0.05 });
  const other = await openStudio(t, { directory });
  const broadcast = await one.publish('cam');
  new Publishing(broadcast);
  t.equal(await directory.locate('cam'), broadcast);
  t.strictSame(await directory.list(), [broadcast]);
  await t.rejects(other.publish('cam'), { code: 'already-live' });
  const beginnings = await Promise.allSettled([one.publish('dog'), other.publish('dog'), one.publish('dog')]);
  t.equal(beginnings.filter(({ status }) => status === 'fulfilled').length, 1);
  await (await directory.locate('cam'))?.end();
  t.equal(broadcast.state, 'ended');
  t.equal(await directory.locate('cam'), broadcast, 'it can be watched for a while');
  const next = await other.publish('cam');
  t.equal(await directory.locate('cam'), next);
  t.equal(await directory.locate('cam', broadcast.id), broadcast);
  await until(async () => (await directory.locate('cam', broadcast.id)) === undefined);
  t.equal(await directory.locate('cam'), next, 'the later one stays');
});
