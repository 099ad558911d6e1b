import t from 'tap';
import type { PictureSize } from '../../../src/web/sdk/publishing/filler.js';
import { boundedSize, cornerRectangle, fitInside, nameTagBox, nextFrame, type Corner, type Rectangle } from '../../../src/web/sdk/publishing/composition/layout.js';
import { mutedIn, needsDrawing, sceneOf, type Look } from '../../../src/web/sdk/publishing/composition/scene.js';
import { checkSettings, defaultSettings } from '../../../src/web/sdk/publishing/composition/settings.js';

const frames: readonly PictureSize[] = [{ width: 1920, height: 1080 }, { width: 1280, height: 800 }, { width: 608, height: 1080 }, { width: 3440, height: 1440 }];
const cameras: readonly PictureSize[] = [{ width: 1280, height: 720 }, { width: 640, height: 480 }, { width: 720, height: 1280 }, { width: 500, height: 500 }];
const corners: readonly Corner[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];
const shares = [0.1, 0.25, 0.5];
const fullHd = { width: 1920, height: 1080 };

const overlap = (one: Rectangle, other: Rectangle): boolean =>
  one.left < other.left + other.width && other.left < one.left + one.width && one.top < other.top + other.height && other.top < one.top + one.height;

const isWithin = (one: Rectangle, { width, height }: PictureSize): boolean => one.left >= 0 && one.top >= 0 && one.left + one.width <= width && one.top + one.height <= height;

t.test('a camera in any corner keeps its shape, lies within the picture and in its own half, and covers no name', async (t) => {
  const faults: string[] = [];
  for (const frame of frames) for (const camera of cameras) for (const corner of corners) for (const share of shares) {
    const at = cornerRectangle(frame, camera, corner, share);
    const tag = nameTagBox(frame, at);
    const what = JSON.stringify({ frame, camera, corner, share, at, tag });
    // A pixel of rounding.
    if (Math.abs(at.width / at.height - camera.width / camera.height) > 2 / at.height) faults.push(`shape: ${what}`);
    if (!isWithin(at, frame)) faults.push(`within: ${what}`);
    const [middle, half] = [at.left + at.width / 2, frame.width / 2];
    if (corner.endsWith('left') ? middle > half : middle < half) faults.push(`side: ${what}`);
    if (corner.startsWith('top') ? at.top > frame.height / 4 : at.top + at.height < (frame.height * 3) / 4) faults.push(`edge: ${what}`);
    if (at.width > frame.width * share + 1) faults.push(`size: ${what}`);
    if (overlap(at, tag) || !isWithin(tag, frame) || tag.width < frame.width * 0.3) faults.push(`tag: ${what}`);
  }
  t.strictSame(faults, []);
});

t.test('a picture in a box of another shape keeps its own, in the middle', async (t) => {
  t.strictSame(fitInside({ width: 640, height: 480 }, { left: 0, top: 0, width: 1920, height: 1080 }), { left: 240, top: 0, width: 1440, height: 1080 });
  t.strictSame(fitInside({ width: 1920, height: 800 }, { left: 0, top: 0, width: 960, height: 540 }), { left: 0, top: 70, width: 960, height: 400 });
});

t.test('the composed picture has the screen’s size, even, within 1080p and the quality, whichever way round', async (t) => {
  t.strictSame(boundedSize({ width: 1366, height: 768 }, fullHd), { width: 1366, height: 768 });
  t.strictSame(boundedSize({ width: 3840, height: 2160 }, { width: 7680, height: 4320 }), fullHd);
  t.strictSame(boundedSize({ width: 1440, height: 2560 }, fullHd), { width: 1080, height: 1920 });
  t.strictSame(boundedSize({ width: 2560, height: 1600 }, { width: 1280, height: 720 }), { width: 1152, height: 720 });
  t.strictSame(boundedSize({ width: 401, height: 301 }, fullHd), { width: 402, height: 302 });
});

t.test('the size stays while it runs, unless the screen’s shape or the quality changes', async (t) => {
  const first = nextFrame(undefined, 'screen', { width: 1920, height: 1080 }, fullHd);
  t.strictSame(first.size, fullHd);
  const larger = nextFrame(first, 'screen', { width: 1280, height: 720 }, fullHd);
  t.strictSame(larger.size, fullHd, 'a window drawn smaller in the same shape');
  const stopped = nextFrame(larger, 'camera', { width: 640, height: 480 }, fullHd);
  t.strictSame(stopped.size, fullHd, 'the camera goes on alone');
  t.strictSame(nextFrame(stopped, 'camera', { width: 480, height: 640 }, fullHd).size, { width: 480, height: 640 }, 'and is turned');
  t.strictSame(nextFrame(stopped, 'screen', { width: 1280, height: 800 }, fullHd).size, { width: 1280, height: 800 }, 'another screen');
  const lighter = nextFrame(first, 'screen', { width: 1920, height: 1080 }, { width: 854, height: 480 });
  t.strictSame(lighter.size, { width: 854, height: 480 }, 'a lighter quality holds at once');
  const heavier = nextFrame(lighter, 'screen', { width: 854, height: 480 }, fullHd);
  t.strictSame(nextFrame(heavier, 'screen', { width: 1920, height: 1080 }, fullHd).size, fullHd, 'a heavier one when the screen follows');
});

const look: Look = { corner: 'bottom-right', size: 0.25, mirrored: false, nameTag: undefined, pause: undefined };
const kindsOf = (seen: ReturnType<typeof sceneOf>): string[] => seen.layers.map((layer) => (layer.kind === 'picture' ? layer.name : layer.kind));
const both = { screen: fullHd, camera: { width: 640, height: 360 } };

t.test('a scene shows the camera above the screen, what is missing is left out, and a pause shows nothing but its card', async (t) => {
  t.strictSame(kindsOf(sceneOf(look, fullHd, both)), ['screen', 'camera']);
  t.strictSame(kindsOf(sceneOf(look, fullHd, { screen: fullHd })), ['screen']);
  const [alone] = sceneOf(look, fullHd, { camera: both.camera }).layers;
  t.match(alone, { name: 'camera', to: { left: 0, top: 0, ...fullHd }, isInCorner: false }, 'a camera alone fills the picture');
  t.strictSame(kindsOf(sceneOf({ ...look, nameTag: { name: 'Ann' } }, fullHd, both)), ['screen', 'camera', 'tag']);
  t.strictSame(kindsOf(sceneOf({ ...look, nameTag: { name: '' } }, fullHd, both)), ['screen', 'camera']);
  t.strictSame(kindsOf(sceneOf({ ...look, nameTag: { name: 'Ann' }, pause: {} }, fullHd, both)), ['card']);
});

t.test('the card says what it mutes, and nothing else', async (t) => {
  const noteOf = (pause: NonNullable<Look['pause']>): unknown => {
    const [card] = sceneOf({ ...look, pause }, fullHd, both).layers;
    return card?.kind === 'card' && card.note;
  };
  t.equal(noteOf({}), 'The sound is off');
  t.equal(noteOf({ mutes: ['microphone'] }), 'The microphone is off');
  t.equal(noteOf({ mutes: ['screen'] }), 'The screen’s sound is off');
  t.equal(noteOf({ mutes: [] }), '');
  t.strictSame(mutedIn({}), ['microphone', 'screen']);
  t.strictSame(mutedIn(undefined), []);
});

t.test('one picture with nothing on it needs no drawing', async (t) => {
  t.notOk(needsDrawing(look, { screen: 1 }));
  t.notOk(needsDrawing(look, { camera: 1 }));
  t.notOk(needsDrawing({ ...look, mirrored: true, nameTag: { name: 'Ann' } }, {}));
  t.ok(needsDrawing(look, { screen: 1, camera: 1 }));
  t.ok(needsDrawing({ ...look, mirrored: true }, { camera: 1 }));
  t.ok(needsDrawing({ ...look, nameTag: { name: 'Ann' } }, { screen: 1 }));
  t.ok(needsDrawing({ ...look, pause: {} }, {}));
});

t.test('a setting that there is not is refused with what was expected and what came', async (t) => {
  t.doesNotThrow(() => checkSettings(defaultSettings));
  t.throws(() => checkSettings({ ...defaultSettings, corner: 'middle' as Corner }), /top-left.*"middle"/);
  t.throws(() => checkSettings({ ...defaultSettings, size: 0.7 }), /0\.1 to 0\.5.*0\.7/);
  t.throws(() => checkSettings({ ...defaultSettings, levels: { microphone: NaN, screen: 1 } }), /microphone.*NaN/);
});
