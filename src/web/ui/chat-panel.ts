import type { Chat } from '../sdk/chat.js';
import type { ChatState } from '../sdk/chat-events.js';
import { ChatForm } from './chat-form.js';
import { ChatLog } from './chat-log.js';
import { element } from './element.js';

const notes: Readonly<Record<Exclude<ChatState, 'open'>, string>> = {
  connecting: 'Connecting to the chat…',
  waiting: 'There is no chat until the broadcast begins. It opens by itself.',
  off: 'This server has no chat.',
  refused: 'The chat is not open to this page.',
  closed: '',
};

export interface ChatPanelOptions {
  /** The page's own section, with a heading in it. */
  readonly section: HTMLElement;
  /** Messages can be deleted and people muted. */
  readonly moderates: boolean;
}

/** The chat beside a picture, for viewers and, with moderation, for the studio. */
export class ChatPanel {
  readonly #section: HTMLElement;
  readonly #note = element('p', { class: 'chat-note soft small' });
  readonly #mutes = element('ul', { class: 'chat-mutes', 'aria-label': 'Muted', hidden: true });
  readonly #log: ChatLog;
  readonly #form = new ChatForm();
  #chat: Chat | undefined;

  constructor({ section, moderates }: ChatPanelOptions) {
    this.#section = section;
    const moderation = { delete: (id: number) => this.#chat?.delete(id), mute: (person: string) => this.#chat?.mute(person) };
    this.#log = new ChatLog(moderates ? { moderation } : {});
    section.append(this.#note, this.#log.element, this.#mutes, this.#form.element);
  }

  /** Shows what this chat says from now on. @param name under which one writes, when it is known before */
  follow(chat: Chat, name: string | undefined): void {
    this.#chat = chat;
    this.#form.follow(chat, name);
    // What another chat said is no longer there to be acted on.
    this.#log.replace([]);
    this.#mutes.hidden = true;
    this.#mutes.replaceChildren();
    let isOpen = false;
    const showState = (state: ChatState, message: string | undefined): void => {
      // A lost connection takes nothing away of what can be read, nor of what is being typed.
      isOpen = state === 'open' || (isOpen && state === 'connecting');
      this.#section.dataset.state = isOpen ? 'open' : state;
      this.#note.hidden = state === 'open';
      this.#note.textContent = state === 'open' ? '' : (message ?? notes[state]);
    };
    showState(chat.state, undefined);
    chat.on('state', ({ state, message }) => showState(state, message));
    chat.on('history', (entries) => this.#log.replace(entries));
    chat.on('message', (entry) => this.#log.add(entry));
    chat.on('deleted', (id) => this.#log.remove(id));
    chat.on('mutes', (people) => {
      this.#mutes.hidden = people.length === 0;
      this.#mutes.replaceChildren(
        ...people.map(({ person, name }) => {
          const unmute = element('button', { class: 'chat-act', type: 'button', 'aria-label': `Unmute ${name}` }, 'Unmute');
          unmute.addEventListener('click', () => chat.unmute(person));
          return element('li', {}, element('bdi', {}, name), ' is muted ', unmute);
        }),
      );
    });
  }
}
