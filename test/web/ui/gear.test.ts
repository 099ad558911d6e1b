import t from 'tap';
import type { RenditionOffer } from '../../../src/protocol/viewer-messages.js';
import { Listeners } from '../../../src/web/sdk/listeners.js';
import type { Player } from '../../../src/web/sdk/player.js';
import type { PlayerEvents } from '../../../src/web/sdk/player-events.js';
import type { PlayerMode } from '../../../src/web/sdk/playback/path-choice.js';
import { gear, rememberedMode, type Gear } from '../../../src/web/ui/gear.js';
import { statsPanel } from '../../../src/web/ui/stats-panel.js';
import { installGlobals } from '../sdk/fake-document.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';
import { FakeHtmlVideo } from './fake-html-video.js';

const fake = (element: unknown): FakeHtml => element as FakeHtml;
const offers: readonly RenditionOffer[] = [
  { id: 'source', height: 720, bitsPerSecond: 2_000_000 },
  { id: '480p', height: 480, bitsPerSecond: 1_000_000 },
  { id: 'audio', bitsPerSecond: 100_000 },
];

/** A player that plays whatever is wished, of what the test says there is. */
class FakePlayer extends Listeners<PlayerEvents> {
  mode: PlayerMode = 'lowest-delay';
  rendition = 'auto';
  renditions: readonly RenditionOffer[] = [];
  play(renditions: readonly RenditionOffer[], current: string): void {
    this.emit('rendition', { renditions, current, rendition: this.rendition, why: 'start' });
  }
}

function gearBench(t: Parameters<typeof installFakeDom>[0], what: 'live' | 'recording' = 'live', stored = new Map<string, string>()) {
  installFakeDom(t, { video: FakeHtmlVideo });
  const localStorage = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value), removeItem: (key: string) => void stored.delete(key) };
  installGlobals(t, { Element: FakeHtml, window: { localStorage, innerWidth: 1280, innerHeight: 800 } });
  const player = new FakePlayer();
  const made: Gear = gear(document.createElement('video'));
  made.follow(player as unknown as Player, what);
  const dialog = fake(made.dialog);
  const rows = (group = 'quality'): FakeHtml[] => dialog.all('label').filter((row) => row.all('input').some((input) => input.getAttribute('name') === group));
  const words = (): string[] => rows().map((row) => `${row.querySelector('input')?.checked ? '● ' : ''}${row.textContent}`);
  const choose = (said: string): void => {
    const input = [...rows(), ...rows('delay')].find(({ textContent }) => textContent.startsWith(said))?.querySelector('input');
    if (!input) throw new Error(`expected a choice "${said}" in "${dialog.textContent}"`);
    input.checked = true;
    input.say('change');
  };
  const [qualities] = dialog.all('fieldset');
  return { ...{ player, dialog, button: fake(made.button), note: fake(made.note), rows, words, choose, stored }, hidden: (): boolean => qualities?.hidden ?? true };
}

t.test('qualities are offered by name, with the one that plays now beside “Auto”, and the choice is the player’s', async (t) => {
  const { player, words, choose, hidden, stored, rows } = gearBench(t);
  t.ok(hidden(), 'where there is no choice none is shown');
  player.play(offers, '480p');
  t.strictSame([hidden(), words()], [false, ['● Auto (480p)', '720p', '480p', 'Sound only']]);
  const [first] = rows();
  player.play(offers, 'source');
  t.strictSame([words()[0], rows()[0] === first], ['● Auto (720p)', true], 'what has the focus is not drawn anew');
  choose('Sound only');
  t.equal(player.rendition, 'audio');
  player.play(offers, 'audio');
  t.strictSame(words(), ['Auto', '720p', '480p', '● Sound only']);
  choose('Auto');
  t.strictSame([player.rendition, words()[0]], ['auto', '● Auto (Sound only)']);
  choose('480p');
  t.strictSame(gearBench(t, 'live', stored).words(), []);
  const again = gearBench(t, 'live', stored);
  again.player.play([{ ...offers[1], id: 'picture-2' } as RenditionOffer, ...offers.slice(2)], 'picture-2');
  t.strictSame([again.player.rendition, again.words()], ['picture-2', ['Auto', '● 480p', 'Sound only']]);
});

t.test('a path that is about to begin takes nothing away; a browser that chooses by itself, or another broadcast, does', async (t) => {
  const { player, words, hidden } = gearBench(t);
  const info = (broadcast: string): void => player.emit('info', { broadcast } as PlayerEvents['info']);
  info('one');
  player.play(offers, 'source');
  player.play([], 'source');
  player.emit('path', { path: 'hls', why: '' });
  info('one');
  player.emit('info', undefined);
  t.equal(words().length, 4);
  info('two');
  t.ok(hidden());
  player.play(offers, 'source');
  t.notOk(hidden());
  player.emit('path', { path: 'native', why: '' });
  t.ok(hidden());
});

t.test('how close to live is chosen in words and remembered; a recording has neither that nor, without a choice, a gear', async (t) => {
  const { player, choose, rows, button, stored } = gearBench(t);
  t.strictSame(rows('delay').map((row) => [row.querySelector('input')?.checked, /^(Closest to live|Steadier)/.test(row.textContent)]), [[true, true], [false, true]]);
  choose('Steadier');
  t.strictSame([player.mode, rememberedMode(), stored.get('onair.mode'), button.hidden], ['smooth', 'smooth', 'smooth', false]);
  const recording = gearBench(t, 'recording');
  t.strictSame([recording.button.hidden, recording.dialog.all('fieldset').map(({ hidden }) => hidden)], [true, [true, true]]);
  recording.player.play(offers, 'source');
  t.strictSame([recording.button.hidden, recording.dialog.all('fieldset').map(({ hidden }) => hidden)], [false, [false, true]]);
});

t.test('the gear opens on what is chosen, says that it is open, and closes on a press beside it', async (t) => {
  const { player, dialog, button, rows } = gearBench(t);
  player.play(offers, 'source');
  button.getBoundingClientRect = () => ({ right: 1200, top: 500 });
  button.say('click');
  t.strictSame([dialog.open, button.getAttribute('aria-expanded'), document.activeElement === (rows()[0]?.querySelector('input') as unknown)], [true, 'true', true]);
  dialog.say('click');
  await new Promise((resolve) => setTimeout(resolve));
  t.strictSame([dialog.open, button.getAttribute('aria-expanded')], [false, 'false']);
});

t.test('statistics say which quality plays, how often it changed, and why the last time', async (t) => {
  installFakeDom(t);
  const panel = statsPanel('stats');
  const row = (name: string): string | undefined => fake(panel.element).all('div').find(({ textContent }) => textContent.startsWith(name))?.textContent.slice(name.length);
  const stats = { path: 'websocket', latencySeconds: 0.5, bufferSeconds: 0.3, droppedFrames: 0, bitsPerSecond: 1e6, width: 854, height: 480, playbackRate: 1, codecs: 'avc1', rendition: undefined, renditionSwitches: 0 } as const;
  panel.showStats(stats);
  t.strictSame([row('Quality'), row('Quality changes')], ['–', '–'], 'where there is no choice there is nothing to say');
  panel.showRenditions({ renditions: offers, current: '480p', rendition: 'auto', why: 'line-slow' });
  panel.showStats({ ...stats, rendition: '480p', renditionSwitches: 3 });
  t.strictSame([row('Quality'), row('Quality changes')], ['480p', '3, the last since the line carries less']);
});

t.test('who comes to a player that plays already sees what it offers, and another player is the only one that is told', async (t) => {
  installFakeDom(t, { video: FakeHtmlVideo });
  installGlobals(t, { Element: FakeHtml, window: { localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }, innerWidth: 1280, innerHeight: 800 } });
  const made = gear(document.createElement('video'));
  const [one, other] = [new FakePlayer(), new FakePlayer()];
  other.renditions = offers;
  const inputs = (group: string): number => fake(made.dialog).all('input').filter((input) => input.getAttribute('name') === group).length;
  made.follow(one as unknown as Player, 'live');
  t.strictSame([inputs('quality'), inputs('delay')], [0, 2]);
  made.follow(other as unknown as Player, 'live');
  t.strictSame([inputs('quality'), inputs('delay')], [4, 2]);
  one.play(offers.slice(0, 1), 'source');
  t.equal(inputs('quality'), 4, 'the one before is not listened to any more');
});
