import { getEventListeners } from 'node:events';
import type { Player } from '../../../src/web/sdk/player.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';
import { FakeHtmlVideo } from './fake-html-video.js';

/** A video that plays HLS by itself, as soon as it is told to. */
class FakeVideo extends FakeHtmlVideo {
  controls = false;
  readonly ended = false;
  readonly currentTime = 0;
  readonly duration = NaN;
  src = '';
  readonly buffered = { length: 0 };
  readonly seekable = { length: 0 };

  override play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
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

export interface Bench {
  readonly asks: Ask[];
  /** Timers, and listeners of the page, that nobody took back. */
  readonly left: () => number;
  readonly make: (attributes?: Readonly<Record<string, string>>) => Element;
  /** One made by a page before the class was there; its attributes are told before it is told that it is connected. */
  readonly upgrade: (attributes: Readonly<Record<string, string>>, properties: Readonly<Record<string, unknown>>) => Element;
}

export const put = (element: Element): void => {
  element.isConnected = true;
  element.connectedCallback();
};
export const take = (element: Element): void => {
  element.isConnected = false;
  element.disconnectedCallback();
};
export const inside = (element: Element, part: string): FakeHtml => element.shadow?.all().find((each) => each.getAttribute('part') === part) ?? new FakeHtml();
/** What it says over the picture; undefined where the picture is to be seen. */
export const words = (element: Element): string | undefined => {
  const curtain = inside(element, 'curtain');
  const shown = curtain.children.map((child) => (typeof child === 'string' ? child : child.hidden ? '' : child.textContent));
  return curtain.hidden ? undefined : shown.join('');
};
/** Gathers the details of its events of this name. */
export const listen = (element: Element, name: string): unknown[] => {
  const heard: unknown[] = [];
  element.addEventListener(name, (event) => heard.push((event as CustomEvent<unknown>).detail));
  return heard;
};

const loadPath = (): Promise<unknown> => import('../../../src/web/sdk/playback/native-hls.js');

let PlayerElement: (new () => FakeHtml) | undefined;

/** The element in a page whose server is the test. */
export async function bench(t: Parameters<typeof installFakeDom>[0]): Promise<Bench> {
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
      const answer = async (info: object | undefined): Promise<void> => {
        resolve(info === undefined ? new Response('{}', { status: 404 }) : Response.json(info));
        await settle();
        await settle();
        // The player asks for its path's program now, which is there, and told so by another thread: in the order in which it is asked.
        await loadPath();
        await settle();
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
    // It plays HLS by itself, and nothing else.
    ...{ MediaSource: undefined, ManagedMediaSource: undefined },
    ...{ fetch, window, CSSStyleSheet: sheet, customElements: registry, IntersectionObserver: Observer, navigator: { onLine: true, userAgent: 'fake' } },
    ...{ setInterval: startTimer, clearInterval: stopTimer, setTimeout: startTimer, clearTimeout: stopTimer },
    HTMLMediaElement: { HAVE_NOTHING: 0, HAVE_CURRENT_DATA: 2, HAVE_FUTURE_DATA: 3 },
  });
  await loadPath();
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
