import t from 'tap';
import { Compositor, type ComposedPicture, type Drawing } from '../../../src/web/sdk/publishing/composition/compositor.js';
import type { PictureName, Scene } from '../../../src/web/sdk/publishing/composition/scene.js';
import { defaultSettings } from '../../../src/web/sdk/publishing/composition/settings.js';

const drawing: Drawing = { ...defaultSettings, quality: { width: 1280, height: 720, frameRate: 30 }, pause: undefined, version: 1 };

/** A surface that keeps what it was told, and a clock that the test moves. */
function bench() {
  const drawn: { readonly scene: Scene; readonly images: Readonly<Partial<Record<PictureName, string>>> }[] = [];
  const told: number[] = [];
  const open = new Set<string>();
  let repeated = 0;
  let nowMs = 0;
  const compositor = new Compositor<string>({
    surface: { draw: (scene, images) => drawn.push({ scene, images: { ...images } }), repeat: () => (repeated += 1) },
    onDrawn: (version) => told.push(version),
    nowMs: () => nowMs,
  });
  let pictures = 0;
  const picture = (name: PictureName, width = 1280, height = 720): ComposedPicture<string> => {
    const image = `${name} ${String((pictures += 1))}`;
    open.add(image);
    return { image, size: { width, height }, release: () => open.delete(image) };
  };
  return {
    compositor,
    drawn,
    told,
    open,
    repeated: () => repeated,
    picture,
    see: (name: PictureName, width?: number, height?: number) => compositor.see(name, picture(name, width, height)),
    passMs: (durationMs: number) => (nowMs += durationMs),
    last: () => drawn.at(-1),
  };
}

t.test('nothing is drawn before every picture that is to come has come: viewers see no half of it', async (t) => {
  const { compositor, drawn, told, see } = bench();
  compositor.announce('screen', true);
  compositor.announce('camera', true);
  compositor.show(drawing);
  see('screen');
  compositor.tick();
  t.equal(drawn.length, 0);
  see('camera');
  t.equal(drawn.length, 1);
  t.strictSame(told, [1]);
});

t.test('a camera that gives nothing is not waited for without end', async (t) => {
  const { compositor, drawn, see } = bench();
  compositor.announce('screen', true);
  compositor.announce('camera', true);
  compositor.show(drawing);
  see('screen');
  for (let tick = 0; tick < 10; tick += 1) compositor.tick();
  t.ok(drawn.length > 0);
  t.strictSame(drawn[0]?.images, { screen: 'screen 1' });
});

t.test('while nothing changes nothing is drawn, and the last picture is given again at every tick', async (t) => {
  const { compositor, drawn, repeated, see, passMs } = bench();
  compositor.announce('screen', true);
  compositor.show(drawing);
  see('screen');
  compositor.tick();
  for (let tick = 0; tick < 50; tick += 1) {
    passMs(100);
    compositor.tick();
  }
  t.equal(drawn.length, 1);
  t.equal(repeated(), 50);
});

t.test('the pace is that of the faster picture, not of both together, and the last change is drawn in any case', async (t) => {
  const { compositor, drawn, see, passMs, last } = bench();
  compositor.announce('screen', true);
  compositor.announce('camera', true);
  compositor.show(drawing);
  see('screen');
  see('camera');
  const before = drawn.length;
  for (let picture = 0; picture < 30; picture += 1) {
    passMs(10);
    see('screen');
    passMs(23);
    see('camera');
    if (picture % 3 === 0) compositor.tick();
  }
  const drawnNow = drawn.length - before;
  t.ok(drawnNow >= 30 && drawnNow <= 45, `${String(drawnNow)} drawn of 60 pictures that came in a second`);
  passMs(1);
  see('screen');
  compositor.tick();
  t.equal(last()?.images.screen, 'screen 63', 'the newest one');
});

t.test('a faster source than the quality’s pace is drawn at that pace', async (t) => {
  const { compositor, drawn, see, passMs } = bench();
  compositor.announce('screen', true);
  compositor.show(drawing);
  for (let picture = 0; picture < 120; picture += 1) {
    see('screen');
    passMs(1000 / 120);
  }
  t.ok(drawn.length <= 45, `${String(drawn.length)} in a second`);
});

t.test('in a pause nothing that comes is drawn, and afterwards the newest is', async (t) => {
  const { compositor, drawn, see, passMs, last, told } = bench();
  compositor.announce('screen', true);
  compositor.show(drawing);
  see('screen');
  compositor.show({ ...drawing, pause: {}, version: 2 });
  t.strictSame(last()?.scene.layers.map(({ kind }) => kind), ['card']);
  const before = drawn.length;
  for (let picture = 0; picture < 10; picture += 1) {
    passMs(50);
    see('screen');
    compositor.tick();
  }
  t.equal(drawn.length, before);
  compositor.show({ ...drawing, version: 3 });
  t.strictSame(last()?.images, { screen: 'screen 11' });
  t.strictSame(told, [1, 2, 3]);
});

t.test('every picture is given back once another one is there, is not wanted any more, or all is over', async (t) => {
  const { compositor, open, see, picture } = bench();
  compositor.announce('screen', true);
  compositor.announce('camera', true);
  compositor.show(drawing);
  for (let each = 0; each < 5; each += 1) {
    see('screen');
    see('camera');
  }
  t.equal(open.size, 2);
  compositor.announce('camera', false);
  t.equal(open.size, 1);
  compositor.see('camera', picture('camera'));
  t.equal(open.size, 1, 'one that comes late');
  compositor.close();
  t.equal(open.size, 0);
});

t.test('a camera that is gone leaves the screen, at once and in its size', async (t) => {
  const { compositor, see, last } = bench();
  compositor.announce('screen', true);
  compositor.announce('camera', true);
  compositor.show(drawing);
  see('screen', 1200, 800);
  see('camera', 640, 480);
  const before = last()?.scene.size;
  compositor.announce('camera', false);
  t.strictSame(last()?.images, { screen: 'screen 1' });
  t.strictSame(last()?.scene.size, before);
});
