import t from 'tap';
import type { ChatEntry } from '../../../src/protocol/chat-messages.js';
import type { Chat } from '../../../src/web/sdk/chat.js';
import type { ChatEvents } from '../../../src/web/sdk/chat-events.js';
import { Listeners } from '../../../src/web/sdk/listeners.js';
import { ChatLog } from '../../../src/web/ui/chat-log.js';
import { ChatPanel } from '../../../src/web/ui/chat-panel.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { FakeHtml, installFakeDom, type FakeHtmlPage } from './fake-dom.js';

/** A chat whose server is the test. */
class FakeChat extends Listeners<ChatEvents> {
  readonly state = 'connecting';
  readonly calls: string[] = [];
  /** What becomes of what is sent. */
  answer: Promise<boolean> = Promise.resolve(true);

  join(name: string): void {
    this.calls.push(`join ${name}`);
  }
  send(text: string): Promise<boolean> {
    this.calls.push(`send ${text}`);
    return this.answer;
  }
  delete(id: number): void {
    this.calls.push(`delete ${String(id)}`);
  }
  mute(person: string): void {
    this.calls.push(`mute ${person}`);
  }
  unmute(person: string): void {
    this.calls.push(`unmute ${person}`);
  }
}

type Teardown = Parameters<typeof installFakeDom>[0];

function install(t: Teardown): FakeHtmlPage {
  const page = installFakeDom(t);
  class NoObserver {
    observe(): void {
      return;
    }
  }
  installGlobals(t, { ResizeObserver: NoObserver });
  return page;
}

interface Bench {
  readonly page: FakeHtmlPage;
  readonly chat: FakeChat;
  readonly section: FakeHtml;
  readonly field: (id: 'chat-name' | 'chat-text') => FakeHtml;
  readonly submit: (id: 'chat-name' | 'chat-text') => Promise<void>;
  readonly status: () => string;
}

function bench(t: Teardown, { name, moderates = false }: { readonly name?: string; readonly moderates?: boolean } = {}): Bench {
  const page = install(t);
  const [chat, section] = [new FakeChat(), new FakeHtml('section')];
  new ChatPanel({ section: section as unknown as HTMLElement, moderates }).follow(chat as unknown as Chat, name);
  const field: Bench['field'] = (id) => section.all('input').find((input) => input.getAttribute('id') === id) ?? new FakeHtml();
  return {
    ...{ page, chat, section, field },
    submit: async (id) => {
      field(id).parent?.say('submit');
      await settle();
    },
    status: () => section.all('p').find((line) => line.getAttribute('class') === 'chat-status')?.textContent ?? '',
  };
}

const entry = (id: number, text = `message ${String(id)}`, publisher = false): ChatEntry => ({ id, person: `p${String(id % 3)}`, name: `N${String(id % 3)}`, publisher, text, sentAtMs: 0 });

t.test('a name first, then messages: what was typed stays until everybody was told, and a name that is refused is asked for again', async (t) => {
  const { chat, field, submit, status, page } = bench(t);
  t.equal(field('chat-text').parent?.hidden, true);
  await submit('chat-name');
  t.not(status(), '', 'an empty name');
  t.equal(page.focused(), field('chat-name'));
  field('chat-name').value = ' Ann ';
  await submit('chat-name');
  t.strictSame(chat.calls, ['join Ann']);
  chat.emit('refused', { reason: 'name', message: 'Somebody has that name.' } as never);
  t.strictSame([status(), field('chat-name').parent?.hidden], ['Somebody has that name.', false]);
  chat.emit('joined', { name: 'Ann B', publisher: false } as never);
  t.strictSame([status(), field('chat-text').parent?.hidden, field('chat-name').value], ['', false, 'Ann B']);
  field('chat-text').value = 'hello';
  chat.answer = Promise.resolve(false);
  await submit('chat-text');
  t.strictSame([field('chat-text').value, status()], ['hello', 'That could not be sent. It is kept here: try again.']);
  chat.answer = Promise.resolve(true);
  await submit('chat-text');
  t.strictSame([field('chat-text').value, status()], ['', '']);
});

t.test('sent twice in a hurry it is sent once, and what is typed meanwhile stays', async (t) => {
  const { chat, field, submit } = bench(t, { name: 'Ann' });
  let said: (isSaid: boolean) => void = () => undefined;
  chat.answer = new Promise((resolve) => (said = resolve));
  field('chat-text').value = 'one';
  await submit('chat-text');
  await submit('chat-text');
  field('chat-text').value = 'one, two';
  said(true);
  await settle();
  t.strictSame([chat.calls, field('chat-text').value], [['send one'], 'one, two']);
});

t.test('who is muted reads why, writes nothing, and keeps what was typed', async (t) => {
  const { chat, field, status } = bench(t, { name: 'Ann' });
  field('chat-text').value = 'hello';
  chat.emit('muted', { muted: true, message: 'The broadcaster muted you.' });
  t.strictSame([status(), field('chat-text').readOnly, field('chat-text').value], ['The broadcaster muted you.', true, 'hello']);
  chat.emit('muted', { muted: false, message: 'You may write again.' });
  t.strictSame([status(), field('chat-text').readOnly], ['You may write again.', false]);
});

t.test('a lost connection takes nothing away of what can be read; a moderator deletes, mutes and takes that back', async (t) => {
  const { chat, section } = bench(t, { name: 'show', moderates: true });
  chat.emit('state', { state: 'open' } as never);
  chat.emit('history', [entry(1), entry(2, 'mine', true)]);
  chat.emit('state', { state: 'connecting', message: 'The connection to the chat was lost. Trying again.' } as never);
  t.equal(section.dataset.state, 'open');
  t.match(section.textContent, /lost\. Trying again\.[\s\S]*message 1/);
  section.press('Delete');
  section.press('Mute');
  t.equal(section.all('button').filter(({ textContent }) => textContent === 'Mute').length, 1, 'nobody mutes himself');
  chat.emit('mutes', [{ person: 'p1', name: 'N1' }]);
  section.press('Unmute');
  t.strictSame(chat.calls, ['delete 1', 'mute p1', 'unmute p1']);
  chat.emit('mutes', []);
  chat.emit('deleted', 1);
  t.notMatch(section.textContent, /message 1|Unmute/);
});

t.test('the log keeps so many, is read out only as fast as anybody can follow, and stays where somebody reads further up', async (t) => {
  const { focused } = install(t);
  const chatLog = new ChatLog();
  const root = chatLog.element as unknown as FakeHtml;
  const [log, toEnd] = [root.all().find((element) => element.getAttribute('role') === 'log') ?? new FakeHtml(), root.all('button')[0]];
  for (let id = 0; id < 250; id += 1) chatLog.add(entry(id));
  t.equal(log.children.length, 200);
  t.match(log.textContent, /message 249/);
  t.notMatch(log.textContent, /message 49(?!\d)/);
  t.equal(log.getAttribute('aria-live'), 'off');
  t.equal(toEnd?.hidden, true);
  log.scrollHeight = 1_000;
  chatLog.add(entry(300));
  t.strictSame([log.scrollTop, toEnd?.hidden], [0, false]);
  toEnd?.say('click');
  t.strictSame([log.scrollTop, toEnd?.hidden, focused()], [1_000, true, log]);
  chatLog.replace([entry(400, '<b>not HTML</b>')]);
  t.equal(log.children.length, 1);
  t.match(log.textContent, /<b>not HTML<\/b>/);
});
