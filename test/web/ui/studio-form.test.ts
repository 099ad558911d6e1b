import t from 'tap';
import type { CaptureWish } from '../../../src/web/sdk/publishing/capture-wish.js';
import { defaultQuality, qualities } from '../../../src/web/sdk/quality.js';
import { StudioForm } from '../../../src/web/ui/studio-form.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeHtml, installFakeDom, type FakeHtmlPage } from './fake-dom.js';

interface Bench {
  readonly page: FakeHtmlPage;
  readonly form: StudioForm;
  readonly radio: (picture: string) => FakeHtml;
  readonly address: () => string;
  /** Answers what was asked for first: which devices there are, by kind and name. */
  readonly answer: (...devices: readonly string[]) => Promise<void>;
  /** As browsers do before the user has said yes. */
  readonly answerNameless: () => Promise<void>;
  readonly fail: () => Promise<void>;
  readonly options: (id: string) => readonly string[];
}

interface Setting {
  readonly search?: string;
  readonly local?: Map<string, string>;
  readonly session?: Map<string, string>;
  /** Cookies and storage are blocked. */
  readonly isBlocked?: boolean;
  readonly isPhone?: boolean;
}

function bench(t: Parameters<typeof installFakeDom>[0], { search = '', local = new Map(), session = new Map(), isBlocked = false, isPhone = false }: Setting = {}): Bench {
  const page = installFakeDom(t);
  const storage = (items: Map<string, string>) => ({ getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => items.set(key, value) });
  const window = { localStorage: storage(local), sessionStorage: storage(session) };
  const blocked = new Proxy({}, { get: () => { throw new DOMException('', 'SecurityError'); } });
  const asked: { resolve: (devices: readonly object[]) => void; reject: (error: Error) => void }[] = [];
  let address = `/broadcast${search}`;
  installGlobals(t, {
    ...{ window: isBlocked ? blocked : window, location: new URL(`https://live.example/broadcast${search}`), matchMedia: () => ({ matches: isPhone }) },
    history: { replaceState: (_state: null, _title: string, url: string) => (address = url) },
    navigator: { mediaDevices: { enumerateDevices: () => new Promise((resolve, reject) => asked.push({ resolve, reject })) } },
  });
  const radios = ['camera', 'screen', 'both', 'none'].map((value) => {
    const radio = new FakeHtml('input');
    for (const [name, text] of Object.entries({ type: 'radio', name: 'source', value })) radio.setAttribute(name, text);
    radio.value = value;
    return radio;
  });
  page.the('settings').append(page.the('device-fields'));
  page.the('device-fields').append(...radios, page.the('camera'), page.the('microphone'), page.the('music'), page.the('quality'), page.the('turn-camera'));
  const [camera] = radios;
  if (camera !== undefined) camera.checked = true;
  return {
    ...{ page, form: new StudioForm() },
    radio: (picture) => radios.find((radio) => radio.getAttribute('value') === picture) ?? new FakeHtml(),
    address: () => address,
    answer: (...devices) => {
      asked.shift()?.resolve(devices.map((device) => ({ kind: device.startsWith('mic') ? 'audioinput' : 'videoinput', deviceId: device, label: device })));
      return settle();
    },
    answerNameless: () => {
      asked.shift()?.resolve(['audioinput', 'videoinput'].map((kind) => ({ kind, deviceId: '', label: '' })));
      return settle();
    },
    fail: () => {
      asked.shift()?.reject(new DOMException('not now', 'InvalidStateError'));
      return settle();
    },
    options: (id) => page.the(id).options.map(({ value }) => value),
  };
}

t.test('what the fields say is the wish, told at each change; what holds instead is what they show, of every field', async (t) => {
  const { page, form, radio, answer } = bench(t);
  const wishes: CaptureWish[] = [];
  form.onWish((wish) => wishes.push(wish));
  t.strictSame(form.wish, { picture: 'camera', camera: undefined, facing: undefined, microphone: true, music: false, quality: defaultQuality });
  void form.listDevices();
  await answer('cam 1', 'cam 2');
  await answer('mic 1');
  page.the('camera').value = 'cam 2';
  page.the('microphone').value = 'mic 1';
  page.the('music').checked = true;
  page.the('music').say('change');
  t.match(wishes.at(-1), { camera: 'cam 2', microphone: 'mic 1', music: true });
  page.the('microphone').value = 'none';
  page.the('microphone').say('change');
  t.equal(wishes.at(-1)?.microphone, false);
  const [low] = qualities;
  const holds: CaptureWish = { picture: 'screen', camera: 'cam 1', facing: undefined, microphone: true, music: false, quality: low };
  form.show(holds);
  t.strictSame(form.wish, holds);
  t.strictSame([radio('screen').checked, radio('camera').checked, page.the('camera-field').hidden], [true, false, true]);
  form.show({ ...holds, picture: 'both', microphone: false });
  t.strictSame([page.the('camera-field').hidden, form.wish.microphone], [false, false]);
  t.equal(wishes.length, 2, 'what is shown is no wish');
});

t.test('devices that come and go take no choice away that was made meanwhile; a list that does not come leaves the one before', async (t) => {
  const { page, form, answer, fail, options } = bench(t);
  void form.listDevices();
  await answer('cam 1');
  await answer('mic 1', 'mic 2');
  t.strictSame([options('camera'), options('microphone')], [['', 'cam 1'], ['', 'none', 'mic 1', 'mic 2']]);
  page.the('microphone').value = 'mic 1';
  const again = form.listDevices();
  await answer('cam 1');
  page.the('microphone').value = 'none';
  await answer('mic 1', 'mic 2');
  await again;
  t.equal(form.wish.microphone, false, 'who said “no microphone” is not heard');
  page.the('microphone').value = 'mic 2';
  void form.listDevices();
  await answer('cam 1');
  await answer('mic 1');
  t.equal(form.wish.microphone, 'mic 2', 'what is gone stays chosen');
  const inVain = form.listDevices();
  await fail();
  await fail();
  await t.resolves(inVain);
  t.strictSame(options('microphone'), ['', 'none', 'mic 1', 'mic 2']);
});

t.test('a chosen device that is unplugged stays chosen and says so, whatever else is changed, until it is back or another one is chosen', async (t) => {
  const { page, form, answer, answerNameless } = bench(t);
  const wishes: CaptureWish[] = [];
  form.onWish((wish) => wishes.push(wish));
  const words = (): readonly string[] => page.the('camera').options.map(({ text }) => text);
  const list = async (...cameras: readonly string[]): Promise<void> => {
    void form.listDevices();
    await answer(...cameras);
    await answer('mic 1');
  };
  await list('cam 1', 'cam 2');
  page.the('camera').value = 'cam 2';
  page.the('camera').say('change');
  for (let time = 0; time < 2; time += 1) {
    await list('cam 1');
    t.strictSame(words(), ['Default camera', 'cam 1', 'Unplugged: cam 2'], 'once, however often devices come and go');
    // The session says what holds, and another field is changed.
    form.show(form.wish);
    page.the('music').say('change');
    t.equal(wishes.at(-1)?.camera, 'cam 2');
  }
  void form.listDevices();
  await answerNameless();
  t.strictSame(words(), ['Default camera', 'cam 2'], 'names that the browser withholds again say nothing of what is there');
  await answerNameless();
  await list('cam 1', 'cam 2');
  t.strictSame([words(), form.wish.camera], [['Default camera', 'cam 1', 'cam 2'], 'cam 2']);
  await list('cam 1');
  page.the('camera').value = 'cam 1';
  await list('cam 1');
  t.strictSame(words(), ['Default camera', 'cam 1'], 'what is no longer chosen is forgotten');
});

t.test('on a phone with two cameras one press turns it round, also away from a camera that was chosen', async (t) => {
  const { page, form, answer } = bench(t, { isPhone: true });
  const wishes: CaptureWish[] = [];
  form.onWish((wish) => wishes.push(wish));
  void form.listDevices();
  await answer('cam 1');
  await answer();
  t.equal(page.the('turn-camera').hidden, true);
  void form.listDevices();
  await answer('cam 1', 'cam 2');
  await answer();
  t.equal(page.the('turn-camera').hidden, false);
  page.the('camera').value = 'cam 1';
  for (const facing of ['environment', 'user', 'environment']) {
    page.the('turn-camera').say('click');
    t.match(wishes.at(-1), { camera: undefined, facing });
  }
  form.show({ ...form.wish, facing: 'environment' });
  page.the('turn-camera').say('click');
  t.equal(wishes.at(-1)?.facing, 'user', 'away from the one that holds');
});

t.test('the key of a link stays neither in the address nor longer than the tab; choices are kept; storage that is blocked takes nothing else away', (t) => {
  const [local, session] = [new Map<string, string>(), new Map<string, string>()];
  const first = bench(t, { search: '?stream=show&key=k1&source=x', local, session });
  t.strictSame([first.form.stream, first.form.key, first.address()], ['show', 'k1', '/broadcast?stream=show&source=x']);
  first.form.onWish(() => undefined);
  first.page.the('quality').value = qualities.at(-1)?.name ?? '';
  first.page.the('music').checked = true;
  first.page.the('quality').say('change');
  t.ok(first.form.severalQualities, 'unless told otherwise');
  first.page.the('several-qualities').checked = false;
  first.page.the('several-qualities').say('change');
  first.form.locked = true;
  t.ok(first.page.the('several-qualities').disabled, 'not while it is on air');
  first.form.remember();
  t.notOk([...local.values()].includes('k1'));
  const second = bench(t, { local, session });
  t.strictSame([second.form.stream, second.form.key, second.form.wish.quality, second.form.wish.music, second.address()], ['show', 'k1', qualities.at(-1), true, '/broadcast']);
  t.notOk(second.form.severalQualities);
  t.strictSame([bench(t, { local }).form.key, bench(t, { local: new Map([['onair.quality', '8K']]) }).form.quality], ['', defaultQuality]);
  const blocked = bench(t, { search: '?key=k2', isBlocked: true });
  blocked.form.remember();
  t.strictSame([blocked.form.key, blocked.form.stream, blocked.address()], ['k2', 'live', '/broadcast']);
  t.end();
});

t.test('what is wrong is said beside its field, the first gets the focus, and typing takes the words away', (t) => {
  const { page, form } = bench(t);
  const said = (id: string): [string, string | null] => [page.the(`${id}-error`).textContent, page.the(id).getAttribute('aria-invalid')];
  const type = (id: string, text: string): void => {
    page.the(id).value = text;
    page.the(id).say('input');
  };
  t.strictSame([said('stream'), said('key')], [['', null], ['', null]], 'nothing before anybody did anything');
  t.match(page.the('stream-hint').textContent, /\/watch\/live$/);
  for (const [name, words] of [['', /a name/], ['a b', /Only letters/], ['x'.repeat(65), /these are 65/]] as const) {
    type('stream', name);
    t.match(said('stream'), [words, 'true']);
    t.equal(page.the('stream-hint').textContent, '');
    t.strictSame([form.validate(), page.focused()], [false, page.the('stream')]);
  }
  type('stream', ' show ');
  t.strictSame([said('stream'), form.stream, form.validate(), page.focused(), said('key')[1]], [['', null], 'show', false, page.the('key'), 'true']);
  type('key', ' k ');
  t.strictSame([said('key'), form.validate(), form.key], [['', null], true, 'k']);
  form.keyIsWrong();
  form.nameIsTaken();
  t.match([said('stream'), said('key')], [[/on air already/, 'true'], [/not accept/, 'true']]);
  type('stream', 'other');
  type('key', 'right');
  t.strictSame([said('stream'), said('key')], [['', null], ['', null]]);
  t.end();
});

t.test('on air the name is fixed and the words are not: a title that is emptied is told as such, an empty one before says nothing', (t) => {
  const { page, form, radio } = bench(t);
  const told: object[] = [];
  form.onDescription((description) => told.push(description));
  t.strictSame(form.description, {});
  page.the('show-title').value = ' An evening ';
  page.the('show-title').say('change');
  t.strictSame(form.description, { title: 'An evening' });
  page.the('show-title').value = '';
  page.the('show-title').say('change');
  t.strictSame(told, [{ title: 'An evening', description: '' }, { title: '', description: '' }]);
  for (const locked of [true, false]) {
    form.locked = locked;
    t.equal(page.the('name-fields').disabled, locked);
  }
  form.forbidScreen();
  t.strictSame(['camera', 'screen', 'both', 'none'].map((picture) => radio(picture).disabled), [false, true, true, false]);
  t.end();
});
