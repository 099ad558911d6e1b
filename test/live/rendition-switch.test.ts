import t from 'tap';
import { KeepingViewer, RenditionBench, withoutGap } from './rendition-bench.js';

const behinds = [0, 1, 3, 12];

t.test('a viewer that selects is sent each picture and each sound once, whichever rendition is behind, there and back', async (t) => {
  for (const behind of behinds) {
    const bench = new RenditionBench({ others: [{ id: '480p', width: 854, behind }] });
    const viewer = new KeepingViewer();
    bench.start();
    bench.play(23);
    bench.viewers.join(viewer);
    bench.play(4);
    bench.viewers.select(viewer, '480p');
    bench.play(40);
    bench.viewers.select(viewer, 'source');
    bench.play(40);
    t.strictSame(viewer.widths, [1280, 854, 1280], `${behind} behind`);
    t.ok(withoutGap(viewer.numbers()), `${behind} behind: ${viewer.numbers().join(' ')}`);
    const heard = viewer.numbers('audio').toSorted((one, other) => one - other);
    t.ok(withoutGap(heard), `${behind} behind, sound: ${viewer.numbers('audio').join(' ')}`);
    t.equal(viewer.numbers().at(-1), 106);
    const firsts = viewer.sent.filter(({ width }, index, all) => width !== all[index - 1]?.width);
    t.ok(firsts.every(({ kind, number }) => kind === 'video' && number % 10 === 0), 'each change begins with a keyframe');
    t.equal(viewer.ofType('gap').length, 0);
    t.strictSame(bench.changes, ['480p: selected', 'source: selected']);
  }
});

t.test('what is asked for and taken back, asked for twice, or asked for without end changes nothing else', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }, { id: '360p', width: 640 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(12);
  for (const rendition of ['480p', 'source', '480p', '480p', '360p', 'source']) bench.viewers.select(viewer, rendition);
  bench.play(20);
  t.strictSame(viewer.widths, [1280]);
  for (let time = 0; time < 30; time++) {
    for (let again = 0; again < 100; again++) bench.viewers.select(viewer, again % 2 === 0 ? '480p' : '360p');
    bench.play(1);
  }
  t.ok(withoutGap(viewer.numbers()), viewer.numbers().join(' '));
  t.equal(viewer.widths.at(-1), 640);
});

t.test('a rendition that is too far behind is not waited for for ever, and one without keyframes there not at all', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854, behind: 3 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(15);
  bench.viewers.select(viewer, '480p');
  const other = bench.others[0];
  if (other) other.behind = 1e6;
  bench.play(40);
  t.strictSame(viewer.widths, [1280]);
  t.ok(withoutGap(viewer.numbers()), viewer.numbers().join(' '));
  t.equal(viewer.numbers().at(-1), 54, 'it is not held back any more');
});

t.test('who is sent a rendition that is gone goes on with the next one there is, and back when it is', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }, { id: '360p', width: 640 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer, '480p');
  bench.play(20);
  t.strictSame(viewer.widths, [854]);
  bench.on.delete('480p');
  bench.start();
  t.match(viewer.ofType('renditions').at(-1), { renditions: [{ id: 'source' }, { id: '360p' }], current: '360p' });
  bench.play(15);
  bench.on.add('480p');
  bench.start();
  t.match(viewer.ofType('renditions').at(-1)?.renditions.map(({ id }) => id), ['source', '480p', '360p']);
  bench.play(25);
  t.strictSame(viewer.widths, [854, 640, 854]);
  t.match(viewer.ofType('renditions').at(-1), { current: '480p' });
});

t.test('sound alone can be selected and left again, and is chosen for nobody', async (t) => {
  const bench = new RenditionBench({ others: [] });
  const [viewer, slow] = [new KeepingViewer(), new KeepingViewer()];
  slow.answersAtOnce = false;
  bench.start();
  bench.viewers.join(viewer);
  bench.viewers.join(slow);
  bench.play(13);
  slow.marks.shift()?.();
  bench.viewers.select(viewer, 'audio');
  bench.play(23);
  t.strictSame(viewer.widths, [1280, 0]);
  t.match(viewer.ofType('renditions').at(-1), { renditions: [{ id: 'source', height: 720 }, { id: 'audio', height: undefined }], current: 'audio' });
  bench.viewers.select(viewer, 'source');
  bench.play(20);
  t.strictSame(viewer.widths, [1280, 0, 1280]);
  t.ok(withoutGap(viewer.numbers('audio').toSorted((one, other) => one - other)), viewer.numbers('audio').join(' '));
  t.strictSame(slow.widths, [1280]);
});

t.test('by auto a viewer is moved down at a keyframe before it is skipped, each picture once, and up again when its line is free', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(20);
  t.match(viewer.ofType('renditions').at(-1), { renditions: [{ id: 'source', height: 720 }, { id: '480p', height: 480 }], current: 'source' });
  viewer.answersAtOnce = false;
  // Answers take a tenth longer and longer.
  const due: { readonly at: number; readonly arrived: () => void }[] = [];
  bench.play(32, (time) => {
    due.push(...viewer.marks.splice(0).map((arrived) => ({ at: time + Math.min(7, Math.floor((time - 20) / 3)), arrived })));
    while (due[0] && due[0].at <= time) due.shift()?.arrived();
  });
  t.strictSame(bench.changes, ['480p: line-slow']);
  due.forEach(({ arrived }) => arrived());
  viewer.answersAtOnce = true;
  bench.play(100);
  t.strictSame(bench.changes, ['480p: line-slow', 'source: line-free']);
  t.ok(withoutGap(viewer.numbers()), viewer.numbers().join(' '));
  t.equal(viewer.ofType('gap').length, 0);
  t.equal(bench.source.bus.gaps, 0);
});

t.test('where far too much is on its way, the rest of the group is left out and told, and the smaller picture begins with its next keyframe', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854, behind: 2 }], payloadBytes: 20_000 });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(23);
  viewer.answersAtOnce = false;
  bench.play(30, () => {
    // One of three pictures gets through.
    if (bench.time % 8 === 0) viewer.marks.shift()?.();
  });
  t.match(bench.changes, ['480p: line-slow']);
  t.ok(viewer.numbers().every((number, index, all) => index === 0 || number > (all[index - 1] ?? 0)), `none twice: ${viewer.numbers().join(' ')}`);
  t.equal(viewer.ofType('gap').length, 1);
  const from = viewer.sent.findIndex(({ width }) => width === 854);
  t.equal((viewer.sent[from]?.number ?? 1) % 10, 0);
});

t.test('where the rest of a group was left out for a smaller picture that is gone before it came, what is sent goes on from a keyframe', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }], payloadBytes: 20_000 });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(23);
  viewer.answersAtOnce = false;
  const other = bench.others[0];
  // Its next keyframe never comes.
  if (other) other.behind = 1e6;
  bench.play(12);
  bench.on.delete('480p');
  bench.viewers.renditionsChanged();
  viewer.answersAtOnce = true;
  viewer.marks.splice(0).forEach((arrived) => arrived());
  bench.play(20);
  const numbers = viewer.numbers();
  const jumps = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
  t.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)), `none twice: ${numbers.join(' ')}`);
  t.ok(jumps.every((number) => number % 10 === 0), `a jump ends at a keyframe: ${numbers.join(' ')}`);
  t.strictSame(viewer.widths, [1280]);
});

t.test('sound does not wait for a full line, and comes once', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(20);
  viewer.answersAtOnce = false;
  bench.play(6);
  t.equal(viewer.numbers('audio').at(-1), 25);
  t.ok((viewer.numbers().at(-1) ?? 0) < 25, 'pictures do');
  viewer.answersAtOnce = true;
  viewer.marks.splice(0).forEach((arrived) => arrived());
  bench.play(40);
  t.ok(withoutGap(viewer.numbers('audio')), viewer.numbers('audio').join(' '));
});

t.test('who asks for what there is not is told what there is', async (t) => {
  const bench = new RenditionBench({ others: [{ id: '480p', width: 854 }] });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  t.throws(() => bench.viewers.select(viewer, '1080p'), { code: 'not-found', message: 'expected one of the renditions "source", "480p", "audio", "auto", got "1080p"' });
  t.throws(() => bench.viewers.join(new KeepingViewer(), '1080p'), { code: 'not-found' });
  bench.play(20);
  t.strictSame(viewer.widths, [1280]);
  t.equal(bench.viewers.count, 1);
  t.strictSame([...bench.viewers.countByRendition], [['source', 1]]);
});

t.test('where there is one rendition nobody is told of any', async (t) => {
  const bench = new RenditionBench({ others: [], hasSound: false });
  const viewer = new KeepingViewer();
  bench.start();
  bench.viewers.join(viewer);
  bench.play(30);
  t.strictSame(viewer.messages.map(({ type }) => type), ['init']);
});
