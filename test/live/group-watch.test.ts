import t from 'tap';
import { GroupWatch } from '../../src/live/group-watch.js';

/** Pictures ten a second, with keyframes at these times. */
function watch(seconds: number, keyframes: readonly number[]): GroupWatch {
  const groups = new GroupWatch();
  for (let picture = 0; picture <= seconds * 10; picture++) groups.add({ timeSeconds: picture / 10, keyframe: keyframes.includes(picture / 10) });
  return groups;
}

t.test('a first group of four seconds can be copied, a longer one can not', async (t) => {
  t.equal(await watch(4, [0, 4]).firstCopyRefusal(), undefined);
  t.match(await watch(4.2, [0]).firstCopyRefusal(), /more than 4 s apart/);
});

t.test('where the target duration is settled, the first group has to fit it, and is not waited for longer', async (t) => {
  t.equal(await watch(2.4, [0, 2.4]).firstCopyRefusal(2.5), undefined);
  t.match(await watch(2.7, [0]).firstCopyRefusal(2.5), /more than 2.5 s apart/);
});

t.test('what was copied and could not be cut is unfit from then on, and says why; what never was copied is not', async (t) => {
  const groups = watch(2, [0, 2]);
  t.equal(await groups.firstCopyRefusal(2.5), undefined);
  t.notOk(groups.isUnfitByNow);
  groups.refuse('it could not be cut');
  t.ok(groups.isUnfitByNow);
  t.equal(groups.copyRefusal, 'it could not be cut');
  t.equal(await new GroupWatch(groups.copyRefusal).firstCopyRefusal(), 'it could not be cut');
  t.notOk(new GroupWatch(groups.copyRefusal).isUnfitByNow);
});

t.test('pictures may be as far out of the order of their times as the bitstream says, and no further', async (t) => {
  // I P B B, as they are decoded.
  const times = [0, 0.3, 0.1, 0.2, 0.6, 0.4, 0.5, 0.7];
  const copyRefusalFor = (reorderedPictures: number | undefined): Promise<string | undefined> => {
    const groups = new GroupWatch(undefined, reorderedPictures);
    for (const timeSeconds of times) groups.add({ timeSeconds, keyframe: timeSeconds === 0 || timeSeconds === 0.7 });
    return groups.firstCopyRefusal();
  };
  t.match(await copyRefusalFor(undefined), /out of the order of their times than it says/);
  t.match(await copyRefusalFor(0), /out of the order/);
  t.equal(await copyRefusalFor(1), undefined);
  t.equal(await copyRefusalFor(2), undefined);
});

t.test('a clock that is set back within a group puts no picture out of order', async (t) => {
  const groups = new GroupWatch(undefined, 0);
  const times = [0, 0.2, 0.4, 0.6, 0.8, 0.3, 0.5, 0.7, 0.9, 1.1];
  for (const timeSeconds of times) groups.add({ timeSeconds, keyframe: timeSeconds === 0 || timeSeconds === 1.1 });
  t.equal(await groups.firstCopyRefusal(), undefined);
});
