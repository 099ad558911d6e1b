import t from 'tap';
import { StudioChat } from '../../../src/web/ui/studio-chat.js';
import { StudioLookForm } from '../../../src/web/ui/studio-look-form.js';
import type { StudioLook } from '../../../src/web/ui/studio-state.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeSocket } from '../sdk/fake-socket.js';
import { FakeHtml, installFakeDom, type FakeHtmlPage } from './fake-dom.js';
import { bench, type Bench } from './studio-bench.js';

type Teardown = Parameters<typeof bench>[0];

interface LookBench extends Bench {
  readonly page: FakeHtmlPage;
  readonly look: () => StudioLook;
  readonly corner: (name: string) => FakeHtml;
}

function lookBench(t: Teardown, kept?: string): LookBench & { readonly items: Map<string, string> } {
  const page = installFakeDom(t);
  const items = new Map(kept === undefined ? [] : [['onair.look', kept]]);
  const all = bench(t);
  installGlobals(t, { window: { localStorage: { getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => items.set(key, value) } } });
  const corners = ['top-left', 'top-right', 'bottom-left', 'bottom-right'].map((value) => {
    const radio = new FakeHtml('input');
    for (const [name, text] of Object.entries({ type: 'radio', name: 'corner', value })) radio.setAttribute(name, text);
    radio.value = value;
    return radio;
  });
  page.the('device-fields').append(page.the('corner-fields'));
  page.the('corner-fields').append(...corners, page.the('corner-size'), page.the('mirrored'));
  page.the('look').append(...['microphone-level', 'screen-level', 'name-shown', 'tag-name', 'tag-detail', 'mutes-in-pause'].map((id) => page.the(id)));
  page.the('microphone-level').value = page.the('screen-level').value = '100';
  new StudioLookForm(all.session, () => 'An evening');
  return { ...all, page, items, look: () => all.session.state.look, corner: (value) => corners.find((radio) => radio.value === value) ?? new FakeHtml() };
}

t.test('a look is put on as it is chosen and kept for another day, but for the name’s being shown and the levels, which would surprise', (t) => {
  const { page, items, look, corner } = lookBench(t);
  t.match(look(), { corner: 'bottom-right', size: 0.25, mirrored: false, mutesInPause: true });
  let toldAround = 0;
  page.the('device-fields').addEventListener('change', () => (toldAround += 1));
  corner('top-left').checked = true;
  corner('top-left').say('input');
  corner('top-left').say('change');
  t.strictSame([look().corner, toldAround], ['top-left', 0], 'a corner is no other device');
  page.the('corner-size').value = '40';
  page.the('mirrored').checked = true;
  page.the('mirrored').say('input');
  page.the('microphone-level').value = '50';
  page.the('name-shown').checked = true;
  page.the('tag-name').value = 'An';
  page.the('tag-name').say('input');
  t.equal(look().nameTag, undefined, 'not letter by letter');
  page.the('tag-name').value = ' Ann ';
  page.the('tag-name').say('change');
  t.match(look(), { size: 0.4, mirrored: true, nameTag: { name: 'Ann', detail: '' }, levels: { microphone: 0.5, screen: 1 } });
  const another = lookBench(t, items.get('onair.look'));
  t.match(another.look(), { corner: 'top-left', size: 0.4, mirrored: true, nameTag: undefined, levels: { microphone: 1, screen: 1 } });
  t.equal(another.page.the('tag-name').value, 'Ann');
  t.end();
});

t.test('what was kept may be anything: what it does not say rightly is as at first', (t) => {
  for (const kept of ['null', '7', '{', '"x"', '[]', '{"corner":"middle","size":"big","mirrored":1,"name":{}}', '{"size":9}', '{"corner":"top-left] , *"}']) {
    const { page, look } = lookBench(t, kept);
    t.match(look(), { corner: 'bottom-right', size: 0.25, mirrored: false, mutesInPause: true }, kept);
    t.strictSame([page.the('tag-name').value, page.the('mutes-in-pause').checked], ['', true]);
  }
  t.end();
});

t.test('a name and levels that could not be put on are taken back in the form, but not from under whoever is writing', async (t) => {
  const { page, session, composing, goLive, look } = lookBench(t);
  await goLive();
  page.the('name-shown').checked = true;
  page.the('tag-name').value = 'Ann';
  page.the('tag-name').focus();
  session.compose({});
  t.equal(page.the('name-shown').checked, true);
  composing.failure = new Error('did not load');
  page.the('microphone-level').value = '50';
  page.the('tag-name').say('change');
  await settle();
  await settle();
  t.strictSame([look().nameTag, page.the('microphone-level').value, page.the('microphone-level-shown').value], [undefined, '100', '100 %']);
  page.the('mirrored').focus();
  session.compose({});
  t.strictSame([page.the('name-shown').checked, page.the('name-tag-fields').hidden], [false, true]);
});

t.test('fields are there where there is something to choose', async (t) => {
  const { page, session, devices, goLive } = lookBench(t);
  t.strictSame([page.the('corner-fields').hidden, page.the('levels-hint').hidden, page.the('microphone-level-field').hidden, page.the('pause').disabled], [true, false, true, true]);
  session.setPaused(true);
  t.equal(page.the('pause').disabled, false, 'what is on can be taken back');
  session.setPaused(false);
  await goLive();
  t.strictSame([page.the('levels-hint').hidden, page.the('microphone-level-field').hidden, page.the('screen-level-field').hidden, page.the('pause').disabled], [true, false, true, false]);
  session.choose({ picture: 'both' });
  devices.last.give();
  await settle();
  await settle();
  t.strictSame([page.the('corner-fields').hidden, page.the('screen-level-field').hidden], [false, false]);
});

t.test('a pause says what viewers see and hear, when they do, and is pressed off again', async (t) => {
  const { page, composing, goLive, state } = lookBench(t);
  await goLive();
  composing.isSlow = true;
  const [button, words] = [page.the('pause'), page.the('pause-words')];
  button.say('click');
  t.strictSame([button.getAttribute('aria-pressed'), words.textContent], ['true', 'The card comes in a moment.']);
  for (let turn = 0; turn < 20; turn += 1) await settle();
  composing.draw();
  for (let turn = 0; turn < 20; turn += 1) await settle();
  t.match(composing.last?.shown.at(-1)?.pause, { title: 'An evening' });
  t.match(words.textContent, /the sound is off\. Camera and microphone stay open/);
  page.the('mutes-in-pause').checked = false;
  page.the('mutes-in-pause').say('input');
  t.match(words.textContent, /the sound goes on/);
  button.say('click');
  t.strictSame([state().pause, button.getAttribute('aria-pressed'), words.textContent], ['no', 'false', '']);
});

t.test('the studio’s chat is one for a broadcast, under the stream’s name; nothing of it stays for the next, and no chat is no section', async (t) => {
  installFakeDom(t);
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  class NoObserver {
    observe(): void {
      return;
    }
  }
  let info: object = { state: 'live', broadcast: 'b1', chat: true };
  const timers = { setInterval: () => ({}), clearInterval: () => undefined, setTimeout: () => ({}), clearTimeout: () => undefined };
  installGlobals(t, { ...timers, WebSocket: Socket, ResizeObserver: NoObserver, fetch: () => Promise.resolve(Response.json(info)), navigator: { onLine: true }, window: new EventTarget() });
  const section = new FakeHtml('section');
  section.hidden = true;
  const chat = new StudioChat(section as unknown as HTMLElement);
  const name = 'n'.repeat(40);
  chat.open(name, 'key');
  chat.open(name, 'key');
  for (let turn = 0; turn < 5; turn += 1) await settle();
  t.strictSame([sockets.length, section.hidden], [1, false]);
  sockets[0]?.open();
  sockets[0]?.say({ type: 'history', broadcast: 'b1', messages: [{ id: 1, person: 'p', name: 'N', publisher: false, text: 'of yesterday', sentAtMs: 0 }] });
  sockets[0]?.say({ type: 'mutes', people: [{ person: 'p', name: 'N' }] });
  t.strictSame(sockets[0]?.texts[0], { type: 'join', name: 'n'.repeat(32), key: 'key' });
  t.match(section.textContent, /of yesterday[\s\S]*is muted/);
  chat.close();
  chat.close();
  t.strictSame([sockets[0]?.isOpen, section.hidden], [false, true]);
  info = { state: 'live', broadcast: 'b2', chat: true };
  chat.open('other', 'key');
  t.equal(section.hidden, false);
  t.notMatch(section.textContent, /of yesterday|is muted/, 'what could be deleted there would be another one’s');
  for (let turn = 0; turn < 5; turn += 1) await settle();
  t.equal(sockets.length, 2);
  chat.close();
  info = { state: 'live', broadcast: 'b3', chat: false };
  chat.open('other', 'key');
  for (let turn = 0; turn < 5; turn += 1) await settle();
  t.strictSame([section.hidden, sockets.length], [true, 2]);
  chat.close();
});
