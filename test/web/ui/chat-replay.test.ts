import t from 'tap';
import { ChatReplay, readSaid } from '../../../src/web/ui/chat-replay.js';

const line = (id: number, atSeconds: number): string => JSON.stringify({ id, person: 'p', name: 'Ann', publisher: false, text: `said at ${atSeconds}`, sentAtMs: 0, atSeconds });
const texts = (entries: readonly { readonly text: string }[] | undefined): string[] | undefined => entries?.map(({ text }) => text);

t.test('what was said comes back at its time while it is played, and who goes elsewhere finds what was said until then', async (t) => {
  const replay = new ChatReplay(readSaid([line(3, 61), line(1, 1), line(2, 2.5)].join('\n')));
  const step = (seconds: number) => {
    const { all, added } = replay.goTo(seconds);
    return [texts(all), texts(added)];
  };
  t.strictSame(step(0), [[], []]);
  t.strictSame(step(1), [undefined, ['said at 1']]);
  t.strictSame(step(1), [undefined, []], 'once');
  t.strictSame(step(3), [undefined, ['said at 2.5']]);
  t.strictSame(step(60), [['said at 1', 'said at 2.5'], []], 'gone forward');
  t.strictSame(step(61.2), [undefined, ['said at 61']]);
  t.strictSame(step(2), [['said at 1'], []], 'gone back');
});

t.test('of hours of chat the newest hundred are shown; a line that is none of ours is left out', async (t) => {
  const many = new ChatReplay(readSaid(Array.from({ length: 300 }, (_none, index) => line(index, index)).join('\n')));
  t.equal(many.goTo(250).all?.length, 100);
  t.strictSame(readSaid('\n{"atSeconds":1\nnull\n[]\n{"atSeconds":"1","text":"a"}\n').length, 0);
});
