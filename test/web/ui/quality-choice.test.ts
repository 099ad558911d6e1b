import t from 'tap';
import type { RenditionOffer } from '../../../src/protocol/viewer-messages.js';
import { changesInWords, QualityChoice, qualityName } from '../../../src/web/ui/quality-choice.js';
import { installGlobals } from '../sdk/fake-document.js';
import { FakePage } from '../sdk/fake-page.js';

const wide = { videoWidth: 1280, videoHeight: 720 };
const source: RenditionOffer = { id: 'source', height: 720, bitsPerSecond: 2_000_000 };
const middle: RenditionOffer = { id: 'picture-2', height: 480, bitsPerSecond: 1_000_000 };
const sound: RenditionOffer = { id: 'audio', bitsPerSecond: 100_000 };
const all = [source, middle, sound];

function choiceBench(t: Parameters<typeof installGlobals>[0], stored = new Map<string, string>()) {
  const localStorage = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value), removeItem: (key: string) => void stored.delete(key) };
  installGlobals(t, { window: { localStorage } });
  const page = new FakePage();
  const player = { rendition: 'auto' };
  const lost: string[] = [];
  const choice = new QualityChoice({ player, page, nameOf: (offer) => qualityName(offer, wide), onGivenUp: (name) => lost.push(name) });
  return { choice, player, page, lost, stored };
}

t.test('a quality is called by its shorter side, however the picture stands', async (t) => {
  t.equal(qualityName(source, wide), '720p');
  t.equal(qualityName({ height: 1280 }, { videoWidth: 480, videoHeight: 854 }), '719p');
  t.equal(qualityName({ height: 854 }, { videoWidth: 480, videoHeight: 854 }), '480p');
  t.equal(qualityName(middle, { videoWidth: 0, videoHeight: 0 }), '480p', 'before there is a picture');
  t.equal(qualityName(sound, wide), 'Sound only');
});

t.test('what was chosen holds for the next visit, and for streams that call it otherwise', async (t) => {
  const { choice, player, stored } = choiceBench(t);
  choice.offered(all);
  t.equal(player.rendition, 'auto');
  choice.choose('480p', all);
  t.equal(player.rendition, 'picture-2');
  const again = choiceBench(t, stored);
  t.equal(again.choice.wish, '480p');
  again.choice.offered([source, { ...middle, id: '480p' }]);
  t.equal(again.player.rendition, '480p');
  again.choice.choose(undefined, all);
  t.strictSame([again.player.rendition, choiceBench(t, stored).choice.wish], ['auto', undefined]);
});

t.test('what is not offered any more is given up in words; what is gone for a moment, or where there is no choice, is not', async (t) => {
  const { choice, player, page, lost, stored } = choiceBench(t, new Map([['onair.quality', 'Sound only']]));
  choice.offered(all);
  t.equal(player.rendition, 'audio');
  choice.offered([source, middle]);
  await page.pass(9_000);
  choice.offered(all);
  await page.pass(60_000);
  t.strictSame([player.rendition, lost], ['audio', []]);
  choice.offered([source, middle]);
  choice.offered([]);
  await page.pass(60_000);
  t.strictSame([choice.wish, lost], ['Sound only', []], 'where nothing can be chosen nothing is missed');
  choice.offered([source, middle]);
  choice.offered([source, middle]);
  await page.pass(10_000);
  t.strictSame([choice.wish, player.rendition, lost, stored.size], [undefined, 'auto', ['Sound only'], 0]);
  await page.pass(60_000);
  t.strictSame(lost, ['Sound only'], 'that is said once');
  t.equal(page.left.timers, 0);
});

t.test('changes are told with the reason of the last', async (t) => {
  t.equal(changesInWords(0, { why: 'start' }), 'none so far');
  t.equal(changesInWords(1, { why: 'selected' }), '1, as it was chosen');
  t.equal(changesInWords(7, { why: 'line-slow' }), '7, the last since the line carries less');
});
