import { getEventListeners } from 'node:events';
import t from 'tap';
import { settle } from '../sdk/fake-page.js';
import { bench, inside, listen, put, take, words } from './player-element-bench.js';

const live = { stream: 's', broadcast: 'b', state: 'live', rendition: {} };
const stream = (name: string): string => `https://live.example/live/${name}`;

t.test('it plays while it is on a page: not before, moved or tried twice by a framework without a joint, and afterwards nothing is left', async (t) => {
  const { asks, left, make } = await bench(t);
  const element = make({ src: stream('s') });
  t.strictSame([asks.length, element.player, left()], [0, undefined, 0]);
  put(element);
  const { player } = element;
  take(element);
  put(element);
  await settle();
  t.equal(element.player, player);
  put(element);
  t.strictSame([element.player, asks.length], [player, 1]);
  await asks[0]?.answer(live);
  t.equal(element.video.src, `${stream('s')}/index.m3u8`);
  for (let round = 0; round < 100; round += 1) {
    take(element);
    await settle();
    t.strictSame([element.player, element.state, left()], [undefined, 'waiting', 0], `round ${String(round)}`);
    t.strictSame(['playing', 'pause', 'canplay', 'ended'].flatMap((name) => getEventListeners(element.video, name)), []);
    put(element);
  }
  t.equal(element.state, 'connecting', 'and it begins anew');
});

t.test('another address begins anew, also while the first is being asked for: what comes late of that is not shown', async (t) => {
  const { asks, make } = await bench(t);
  const element = make({ src: stream('first'), path: 'native' });
  const infos = listen(element, 'onair-info');
  put(element);
  element.src = stream('second');
  t.equal(asks[0]?.signal.aborted, true);
  await asks[0]?.answer({ ...live, stream: 'first' });
  t.strictSame([infos, element.video.src], [[], '']);
  await asks[1]?.answer(live);
  t.equal(element.video.src, `${stream('second')}/index.m3u8`);
  const { player } = element;
  element.src = stream('second');
  t.equal(element.player, player, 'the same address is no other');
  element.removeAttribute('src');
  t.strictSame([element.player, element.state, words(element)], [undefined, 'waiting', 'Not live yet. The picture starts by itself.']);
});

t.test('an address that changes while a framework moves the element is the one that plays', async (t) => {
  const { make } = await bench(t);
  const element = make({ src: stream('first') });
  put(element);
  const { player } = element;
  take(element);
  element.src = stream('second');
  put(element);
  await settle();
  t.not(element.player, player);
  t.ok(element.player);
});

t.test('made before its class was there, it has what was set, by attributes and by properties, and begins once', async (t) => {
  const { asks, upgrade } = await bench(t);
  const element = upgrade({ src: stream('s'), mode: 'smooth', path: 'hls', muted: '' }, {});
  t.equal(element.player?.mode, 'smooth');
  t.equal(asks.length, 1, 'nothing was begun for some of it');
  t.equal(element.video.muted, true);
  const other = upgrade({}, { src: stream('other') });
  t.equal(other.getAttribute('src'), stream('other'));
  const { player } = other;
  other.src = stream('third');
  t.not(other.player, player, 'the property goes on to be one');
});

t.test('mode changes without a new player, a path with one; sound and controls are the video’s, also as frameworks write “no”', async (t) => {
  const { make } = await bench(t);
  const element = make({ src: stream('s') });
  put(element);
  const { player } = element;
  element.setAttribute('mode', 'smooth');
  t.strictSame([element.player, element.player?.mode], [player, 'smooth']);
  element.removeAttribute('mode');
  t.equal(element.player?.mode, 'lowest-delay');
  const before = element.player;
  element.setAttribute('path', 'native');
  t.not(element.player, before);
  for (const name of ['muted', 'controls'] as const) {
    element.setAttribute(name, '');
    t.equal(element.video[name], true, name);
    element.setAttribute(name, 'false');
    t.equal(element.video[name], false, name);
    element.setAttribute(name, 'true');
    element.removeAttribute(name);
    t.equal(element.video[name], false, name);
  }
});

t.test('an address that names no stream is said in words, in the element and to the page, and a right one plays', async (t) => {
  const { make } = await bench(t);
  for (const wrong of ['https://live.example/', 'http://', 'https://live.example/live/not%20a%20name']) {
    const element = make({ src: wrong });
    const told = listen(element, 'onair-state') as { readonly state: string; readonly message: string }[];
    put(element);
    t.strictSame([element.player, element.state, told.map(({ state }) => state)], [undefined, 'failed', ['failed']], wrong);
    t.match(words(element), /expected a live stream's address .*, got /, wrong);
    t.equal(words(element), told[0]?.message);
    element.src = stream('s');
    t.strictSame([element.state, words(element)], ['connecting', 'Connecting…']);
  }
});

t.test('what is said is of now: the words of a moment that is over go with it, and only the server lights the lamp', async (t) => {
  const { asks, make } = await bench(t);
  const element = make({ src: stream('s'), path: 'native' });
  const states = listen(element, 'onair-state') as { readonly state: string }[];
  put(element);
  t.equal(words(element), 'Connecting…');
  await asks[0]?.answer({ ...live, state: 'waiting' });
  t.match(words(element), /lost the connection/);
  element.player?.play();
  await asks[1]?.answer(undefined);
  t.equal(words(element), 'Not live yet. The picture starts by itself.');
  element.player?.play();
  await asks[2]?.answer(live);
  element.video.say('playing');
  t.strictSame([words(element), inside(element, 'lamp').hidden], [undefined, false]);
  t.strictSame(states.map(({ state }) => state), ['waiting', 'waiting', 'connecting', 'playing']);
  element.player?.pause();
  element.video.say('pause');
  t.strictSame([element.state, inside(element, 'lamp').hidden, words(element)], ['paused', true, undefined]);
});

t.test('the gear is there with the controls, unless it is to be left out, and also where that is said while it plays', async (t) => {
  const { asks, make } = await bench(t);
  const shown = (element: Parameters<typeof inside>[0]): boolean => !inside(element, 'settings').hidden;
  const choices = (element: Parameters<typeof inside>[0]): number => inside(element, 'settings').all('input').length;
  const element = make({ src: stream('s'), controls: '' });
  put(element);
  await asks[0]?.answer(live);
  t.strictSame([shown(element), choices(element)], [true, 2], 'the delay can be chosen');
  element.setAttribute('nosettings', '');
  t.notOk(shown(element));
  const plain = make({ src: stream('s') });
  put(plain);
  t.strictSame([shown(plain), choices(plain)], [false, 0]);
  plain.setAttribute('controls', '');
  t.strictSame([shown(plain), choices(plain)], [true, 2]);
  plain.setAttribute('nosettings', 'false');
  t.ok(shown(plain));
});
