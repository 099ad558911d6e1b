import t from 'tap';
import { FakeSocket } from '../sdk/fake-socket.js';
import { FakeTrack, installFakeMedia, mediaOf, settle } from '../sdk/fake-media.js';
import { installGlobals } from '../sdk/fake-document.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';

type Element = FakeHtml & {
  publishKey: string;
  readonly state: string;
  start: () => Promise<void>;
  end: () => Promise<void>;
  disconnectedCallback: () => void;
};

interface Bench {
  readonly element: Element;
  /** Devices that are asked for, in order; each is given or refused by the test. */
  readonly asked: { give: () => FakeTrack; refuse: () => void }[];
  readonly status: () => string;
  readonly button: () => FakeHtml;
}

let Broadcast: (new () => FakeHtml) | undefined;

/** The element in a page without a server: devices are the test's, sockets are never answered. */
async function bench(t: Parameters<typeof installFakeMedia>[0]): Promise<Bench> {
  installFakeDom(t);
  installFakeMedia(t);
  const asked: Bench['asked'] = [];
  const getUserMedia = (): Promise<MediaStream> =>
    new Promise((resolve, reject) => {
      asked.push({
        give: () => {
          const track = new FakeTrack('video', { label: `camera ${String(asked.length)}` });
          resolve(mediaOf(track, new FakeTrack("audio")));
          return track;
        },
        refuse: () => reject(new DOMException('no', 'NotAllowedError')),
      });
    });
  class Sheet {
    replaceSync(): void {
      return;
    }
  }
  const noWorker = (): never => {
    throw new Error('no worker');
  };
  const registry = { get: () => undefined, define: () => undefined };
  installGlobals(t, {
    CSSStyleSheet: Sheet,
    customElements: registry,
    window: { isSecureContext: true },
    location: new URL('https://page.example/'),
    navigator: { mediaDevices: { getUserMedia, enumerateDevices: () => Promise.resolve([]), addEventListener: () => undefined, removeEventListener: () => undefined } },
    WebSocket: FakeSocket,
    Worker: noWorker,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  // The module takes the browser's own classes when it is loaded: once.
  Broadcast ??= (await import('../../../src/web/elements/onair-broadcast.js')).OnairBroadcastElement as unknown as new () => FakeHtml;
  const element = new Broadcast() as Element;
  element.setAttribute('server', 'https://live.example');
  element.setAttribute('stream', 's');
  const inside = (tagName: string): FakeHtml => element.shadow?.all(tagName)[0] ?? new FakeHtml();
  t.teardown(() => void element.end());
  return { element, asked, status: () => inside('span').textContent, button: () => inside('button') };
}

t.test('what was asked for last holds: a device that opens late for an earlier wish is closed, one that fails late takes nothing away', async (t) => {
  const { element, asked, status } = await bench(t);
  const first = element.start();
  await settle();
  await element.end();
  t.equal(status(), '');
  const late = asked[0]?.give();
  await first;
  t.equal(late?.readyState, 'ended', 'its light goes out');

  const second = element.start();
  await settle();
  await element.end();
  void element.start();
  await settle();
  const camera = asked[2]?.give();
  await settle();
  t.equal(element.state, 'connecting');
  asked[1]?.refuse();
  await t.rejects(second);
  t.equal(camera?.readyState, 'live', 'what is on its way stays');
  t.notMatch(status(), /allow/);
});

t.test('started twice it is once: the second call is told so, and no second device is opened', async (t) => {
  const { element, asked } = await bench(t);
  void element.start();
  await settle();
  const camera = asked[0]?.give();
  await settle();
  await t.rejects(element.start(), /off air/);
  t.equal(asked.length, 1);
  t.equal(camera?.readyState, 'live');
});

t.test('why it does not begin is said in words, and the button is there again', async (t) => {
  const { element, asked, status, button } = await bench(t);
  const started = element.start();
  await settle();
  t.equal(button().disabled, true);
  asked[0]?.refuse();
  await t.rejects(started, /allow/);
  t.match(status(), /allow/);
  t.equal(button().disabled, false);
});

t.test('taken out of the page for good it ends and closes its devices; moved, it does not', async (t) => {
  const { element, asked } = await bench(t);
  void element.start();
  await settle();
  const camera = asked[0]?.give();
  await settle();
  element.isConnected = true;
  element.disconnectedCallback();
  await settle();
  t.equal(camera?.readyState, 'live');
  element.isConnected = false;
  element.disconnectedCallback();
  await settle();
  t.equal(camera?.readyState, 'ended');
});

t.test('a key that was set before the element’s class was there is its key', async (t) => {
  await bench(t);
  FakeHtml.setBefore = { publishKey: 'early' };
  t.teardown(() => (FakeHtml.setBefore = {}));
  const element = new (Broadcast ?? FakeHtml)() as Element;
  t.equal(element.publishKey, 'early');
});
