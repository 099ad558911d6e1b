import t from 'tap';
import { liveStreamUrls } from '../../../src/protocol/urls.js';
import { castButton } from '../../../src/web/ui/cast-button.js';
import { pageKeys } from '../../../src/web/ui/page-keys.js';
import { rememberSound } from '../../../src/web/ui/remembered-sound.js';
import { shareDialog } from '../../../src/web/ui/share-dialog.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';
import { FakeHtmlVideo } from './fake-html-video.js';

const fake = (element: unknown): FakeHtml => element as FakeHtml;

t.test('sharing: to an app where there are some, and a phone is not sent to a name that only this computer has', async (t) => {
  installFakeDom(t);
  const shared: object[] = [];
  const dialogOf = (base: string, share?: (what: object) => Promise<void>): FakeHtml => {
    installGlobals(t, { navigator: share === undefined ? {} : { share } });
    const dialog = shareDialog(liveStreamUrls(base, 's'), () => 'An evening');
    dialog.open();
    return fake(dialog.element);
  };
  const noApp = dialogOf('https://live.example');
  t.equal(noApp.open, true);
  t.equal(noApp.all('button').find(({ textContent }) => textContent.startsWith('Share by'))?.hidden, true);
  t.match(noApp.textContent, /Scan to watch/);
  for (const base of ['http://localhost:8080', 'http://127.0.0.1', 'http://127.1.2.3', 'http://[::1]:8080']) t.match(dialogOf(base).textContent, /opened as localhost/, base);
  const nobodyChosen = dialogOf('https://live.example', (what) => {
    shared.push(what);
    return Promise.reject(new DOMException('', 'AbortError'));
  });
  nobodyChosen.press('Share by an app…');
  await settle();
  t.strictSame(shared, [{ title: 'An evening', url: 'https://live.example/watch/s' }]);
});

class Writing extends FakeHtml {
  readonly isContentEditable = false;
}

t.test('keys work everywhere on the page but where somebody writes, and take nothing from the browser, a dialog or a field', (t) => {
  installFakeDom(t);
  class Field extends Writing {
    readonly type: string;
    constructor(type: string) {
      super('input');
      this.type = type;
    }
  }
  class Area extends Writing {}
  class Choice extends Writing {}
  installGlobals(t, { HTMLInputElement: Field, HTMLTextAreaElement: Area, HTMLSelectElement: Choice });
  const pressed: string[] = [];
  const help = fake(pageKeys([{ key: 'k', label: 'Play or pause', run: () => pressed.push('k') }, { key: 'm', label: 'Sound', run: () => pressed.push('m') }]));
  document.body.append(help as unknown as Node);
  /** @returns whether the page took it */
  const press = (key: string | undefined, { at = document, ...more }: { readonly at?: unknown; readonly [name: string]: unknown } = {}): boolean => {
    const event = Object.assign(new Event('keydown', { cancelable: true }), { key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, repeat: false, composedPath: () => [at], ...more });
    document.dispatchEvent(event);
    return event.defaultPrevented;
  };
  t.strictSame([press('k'), press('M'), press('x'), pressed], [true, true, false, ['k', 'm']]);
  t.strictSame([press('k', { repeat: true }), pressed.length], [true, 2], 'held down it is one press');
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }]) t.equal(press('k', more), false, JSON.stringify(more));
  const editable = Object.assign(new Writing('div'), { isContentEditable: true });
  for (const at of [new Field('text'), new Field('search'), new Area(), new Choice(), editable]) t.equal(press('k', { at }), false);
  t.equal(press(undefined), false, 'a browser that fills fields in says so by events without a key');
  t.strictSame(pressed, ['k', 'm']);
  for (const at of [new Field('radio'), new Field('range'), new FakeHtml('button')]) t.equal(press('k', { at }), true);
  t.equal(press('?'), true);
  t.equal(help.open, true);
  t.match(help.textContent, /KPlay or pauseMSound\?This list/);
  t.equal(press('k'), false, 'a dialog has the keys for itself');
  help.close();
  t.equal(press('k'), true);
  t.end();
});

t.test('a screen in the network takes over while it is there: here it pauses, and afterwards is as it was', async (t) => {
  class Remote extends EventTarget {
    state = 'disconnected';
    isThere: (is: boolean) => void = () => undefined;
    watchAvailability(listen: (is: boolean) => void): Promise<number> {
      this.isThere = listen;
      return Promise.resolve(1);
    }
    prompts = 0;
    prompt(): Promise<void> {
      this.prompts += 1;
      return Promise.reject(new DOMException('', 'NotFoundError'));
    }
    become(state: 'connecting' | 'connected' | 'disconnected'): void {
      this.state = state;
      this.dispatchEvent(new Event({ connecting: 'connecting', connected: 'connect', disconnected: 'disconnect' }[state]));
    }
  }
  const remote = new Remote();
  class CastVideo extends FakeHtmlVideo {
    readonly remote = remote;
  }
  installFakeDom(t, { video: CastVideo });
  const here = new FakeHtmlVideo('video');
  const button = fake(castButton('https://live.example/live/s/index.m3u8', here as unknown as HTMLVideoElement));
  t.equal(button.hidden, true);
  remote.isThere(true);
  t.equal(button.hidden, false);
  button.say('click');
  await settle();
  t.equal(remote.prompts, 1);
  for (const wasPaused of [false, true]) {
    here.paused = wasPaused;
    remote.become('connecting');
    remote.become('disconnected');
    t.equal(here.paused, wasPaused, 'nobody took over');
    remote.become('connecting');
    remote.become('connected');
    t.strictSame([button.textContent, button.getAttribute('aria-pressed'), here.paused], ['Back to this screen', 'true', true]);
    remote.become('disconnected');
    await settle();
    t.strictSame([button.textContent, here.paused], ['Play on a TV', wasPaused]);
  }
  remote.become('connected');
  remote.isThere(false);
  t.equal(button.hidden, false, 'it is the way back');
  remote.become('disconnected');
  t.equal(button.hidden, true, 'there is no screen any more');
  installFakeDom(t);
  t.equal(fake(castButton('x', here as unknown as HTMLVideoElement)).hidden, true, 'a browser that can’t');
});

t.test('a video is as loud as it was left by who left it, in every browser, and without storage', (t) => {
  installFakeDom(t);
  const items = new Map<string, string>();
  const storage = { getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => items.set(key, value) };
  const open = (navigator: object, before: Partial<FakeHtmlVideo> = {}): FakeHtmlVideo => {
    installGlobals(t, { navigator });
    const video = Object.assign(new FakeHtmlVideo('video'), before);
    rememberSound(video as unknown as HTMLVideoElement);
    return video;
  };
  const leave = (video: FakeHtmlVideo, volume: number, muted: boolean): void => Object.assign(video, { volume, muted }).say('volumechange');
  const [touched, untouched, old] = [{ userActivation: { hasBeenActive: true } }, { userActivation: { hasBeenActive: false } }, {}];
  const sound = ({ volume, muted }: FakeHtmlVideo): [number, boolean] => [volume, muted];
  installGlobals(t, { window: { localStorage: storage } });
  leave(open(touched), 0.4, false);
  t.strictSame(sound(open(touched)), [0.4, false]);
  leave(open(untouched), 0.4, true);
  t.strictSame(sound(open(touched)), [0.4, false], 'a browser that mutes by itself is nobody’s choice');
  leave(open(old), 0.7, true);
  t.strictSame(sound(open(old)), [0.7, true]);
  leave(open(touched), 0, false);
  t.strictSame(sound(open(touched)), [1, true], 'silent it stays silent, and one press brings sound back');
  items.set('onair.volume', 'loud');
  items.set('onair.muted', 'no');
  t.strictSame(sound(open(touched)), [1, false]);
  installGlobals(t, { window: Object.defineProperty({}, 'localStorage', { get: () => { throw new DOMException('', 'SecurityError'); } }) });
  const private_ = open(touched);
  t.doesNotThrow(() => leave(private_, 0.5, true));
  t.end();
});
