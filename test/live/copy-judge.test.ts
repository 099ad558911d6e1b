import t from 'tap';
import { CopyJudge } from '../../src/live/copy-judge.js';
import { Take } from '../../src/live/take.js';
import type { Container } from '../../src/source/source-events.js';
import { turns } from './fake-studio.js';

/** A take of ten pictures a second. */
function takeOf({ container = 'webm', codec = 'h264' }: { readonly container?: Container; readonly codec?: string } = {}) {
  const take = new Take({ startedAtMs: 0, header: { container, tracks: [{ id: 1, kind: 'video', codec }] } });
  const pictures = (from: number, to: number, keyframeEvery: number): void => {
    for (let index = from; index <= to; index++) {
      const timeSeconds = index / 10;
      void take.write([{ track: 1, kind: 'video', timeSeconds, decodeSeconds: timeSeconds, keyframe: index % keyframeEvery === 0, bytes: Buffer.from('picture') }]);
    }
  };
  return { take, pictures };
}

/** What is said of it by now; `waits`: nothing yet. */
async function saidBy(judge: CopyJudge, take: Take): Promise<string | undefined> {
  let said: string | undefined = 'waits';
  void judge.refusalOf(take).then((refusal) => (said = refusal));
  await turns();
  return said;
}

t.test('the first take is waited for to its second keyframe; one that is as a fit one before begins with its first picture', async (t) => {
  const judge = new CopyJudge();
  const [first, second, third] = [takeOf(), takeOf(), takeOf()];
  first.pictures(0, 5, 20);
  t.equal(await saidBy(judge, first.take), 'waits');
  first.pictures(6, 20, 20);
  await turns();
  second.pictures(0, 0, 20);
  t.equal(await saidBy(judge, second.take), undefined);
  t.equal(await saidBy(judge, third.take), undefined, 'and so on');
  for (const { take } of [first, second, third]) take.close();
});

t.test('of another container or codec, or after one that was unfit, nothing is expected', async (t) => {
  for (const other of [takeOf({ container: 'mp4' }), takeOf({ codec: 'hevc' })]) {
    const judge = new CopyJudge();
    const first = takeOf();
    first.pictures(0, 20, 20);
    t.equal(await saidBy(judge, first.take), undefined);
    other.pictures(0, 5, 20);
    t.equal(await saidBy(judge, other.take), 'waits');
    for (const { take } of [first, other]) take.close();
  }
  const judge = new CopyJudge();
  const [first, wrong, next] = [takeOf(), takeOf(), takeOf()];
  first.pictures(0, 20, 20);
  t.equal(await saidBy(judge, first.take), undefined);
  wrong.pictures(0, 0, 100);
  t.equal(await saidBy(judge, wrong.take), undefined);
  wrong.pictures(1, 50, 100);
  t.ok(wrong.take.mustBeContinued, 'its keyframes are too far apart after all: it goes on encoded');
  next.pictures(0, 5, 20);
  t.equal(await saidBy(judge, next.take), 'waits');
  for (const { take } of [first, wrong, next]) take.close();
});
