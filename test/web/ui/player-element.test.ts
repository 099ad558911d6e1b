import { getEventListeners } from 'node:events';
import t from 'tap';
import type { Player } from '../../../src/web/sdk/player.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';

/** A video that plays HLS by itself, as soon as it is told to. */
class FakeVideo extends FakeHtml {
  paused = true;
  muted = false;
  controls = false;
  readonly ended = false;
  readonly currentTime = 0;
  readonly duration = NaN;
  readyState = 0;
  src = '';
  readonly buffered = { length: 0 };
  readonly seekable = { length: 0 };

  override play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
  load(): void {
    this.pause();
  }
  canPlayType(): string {
    return 'maybe';
  }
}

type Element = FakeHtml & {
  src: string;
  readonly player: Player | undefined;
  readonly video: FakeVideo;
  readonly state: string;
  connectedCallback(): void;
  disconnectedCallback(): void;
};

interface Ask {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly answer: (info: object | undefined) => Promise<void>;
}

interface Bench {
  readonly asks: Ask[];
  /** Timers, and listeners of the page, that nobody took back. */
  readonly left: () => number;
  readonly make: (attributes?: Readonly<Record<string, string>>) => Element;
  /** One made by a page before the class was there; its attributes are told before it is told that it is connected. */
  readonly upgrade: (attributes: Readonly<Record<string, string>>, properties: Readonly<Record<string, unknown>>) => Element;
}

const put = (element: Element): void => {
  element.isConnected = true;
  element.connectedCallback();
};
const take = (element: Element): void => {
  element.isConnected = false;
  element.disconnectedCallback();
};
const inside = (element: Element, part: string): FakeHtml => element.shadow?.all().find((each) => each.getAttribute('part') === part) ?? new FakeHtml();
const words = (element: Element): string | undefined => (inside(element, 'curtain').hidden ? undefined : inside(element, 'curtain').textContent);
const listen = (element: Element, name: string): unknown[] => {
  const heard: unknown[] = [];
  element.addEventListener(name, (event) => heard.push((event as CustomEvent<unknown>).detail));
  return heard;
};

let PlayerElement: (new () => FakeHtml) | undefined;

async function bench(t: Parameters<typeof installFakeDom>[0]): Promise<Bench> {
  const asks: Ask[] = [];
  installFakeDom(t, { video: FakeVideo });
  const timers = new Set<object>();
  const window = new EventTarget();
  const startTimer = (): object => {
    const timer = {};
    timers.add(timer);
    return timer;
  };
  const stopTimer = (timer: object): void => void timers.delete(timer);
  class Observer {
    observe(): void {
      timers.add(this);
    }
    disconnect(): void {
      timers.delete(this);
    }
  }
  const fetch = (url: string, { signal }: { readonly signal: AbortSignal }): Promise<Response> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      const answer = (info: object | undefined): Promise<void> => {
        resolve(info === undefined ? new Response('{}', { status: 404 }) : Response.json(info));
        return settle().then(settle);
      };
      if (url.includes('/api/streams/')) asks.push({ url, signal, answer });
    });
  const registry = { get: () => undefined, define: () => undefined };
  const sheet = class {
    replaceSync(): void {
      return;
    }
  };
  installGlobals(t, {
    ...{ fetch, window, CSSStyleSheet: sheet, customElements: registry, IntersectionObserver: Observer, navigator: { onLine: true, userAgent: 'fake' } },
    ...{ setInterval: startTimer, clearInterval: stopTimer, setTimeout: startTimer, clearTimeout: stopTimer },
    HTMLMediaElement: { HAVE_NOTHING: 0, HAVE_CURRENT_DATA: 2, HAVE_FUTURE_DATA: 3 },
  });
  await import('../../../src/web/sdk/playback/native-hls.js');
  // The module takes the browser's own classes when it is loaded: once.
  PlayerElement ??= (await import('../../../src/web/elements/onair-player.js')).OnairPlayerElement as unknown as new () => FakeHtml;
  const Class = PlayerElement;
  const elements: Element[] = [];
  t.teardown(() => elements.forEach(take));
  const make: Bench['make'] = (attributes = {}) => {
    const element = new Class() as Element;
    elements.push(element);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  return {
    ...{ asks, make },
    left: () => timers.size + getEventListeners(window, 'online').length + getEventListeners(document, 'visibilitychange').length,
    upgrade: (attributes, properties) => {
      FakeHtml.setBefore = { ...properties, isConnected: true };
      const element = new Class() as Element;
      FakeHtml.setBefore = {};
      elements.push(element);
      for (const [name, value] of Object.entries(attributes)) element.attributes.set(name, value);
      for (const [name, value] of Object.entries(attributes)) (element.attributeChangedCallback as ((...told: unknown[]) => void) | undefined)?.(name, null, value);
      element.connectedCallback();
      return element;
    },
  };
}

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
