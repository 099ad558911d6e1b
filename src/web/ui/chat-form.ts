import { readChatName } from '../../protocol/chat-text.js';
import type { Chat } from '../sdk/chat.js';
import { element } from './element.js';

/** A name first, then messages. What was typed stays until the server has told everybody. */
export class ChatForm {
  readonly element: HTMLElement;
  readonly #name = element('input', { class: 'input', id: 'chat-name', maxlength: '64', autocomplete: 'nickname', spellcheck: 'false', enterkeyhint: 'go', required: true });
  readonly #text = element('input', { class: 'input', id: 'chat-text', maxlength: '600', autocomplete: 'off', enterkeyhint: 'send', placeholder: 'Say something', required: true });
  readonly #nameForm = element('form', { class: 'chat-form', novalidate: true }, element('label', { class: 'label', for: 'chat-name' }, 'Your name in the chat'), this.#name, element('button', { class: 'button', type: 'submit' }, 'Join'));
  readonly #send = element('button', { class: 'button button--primary', type: 'submit' }, 'Send');
  readonly #textForm = element('form', { class: 'chat-form', novalidate: true, hidden: true }, element('label', { class: 'visually-hidden', for: 'chat-text' }, 'Message'), this.#text, this.#send);
  readonly #rename = element('button', { class: 'chat-rename', type: 'button', hidden: true });
  readonly #status = element('p', { class: 'chat-status', role: 'status' });
  #chat: Chat | undefined;
  /** Somebody pressed Join, rather than being remembered. */
  #wanted = false;
  #sending = false;
  #muted = '';

  constructor() {
    this.element = element('div', { class: 'chat-write' }, this.#status, this.#nameForm, this.#textForm, this.#rename);
    this.#nameForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#join();
    });
    this.#textForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#say();
    });
    this.#rename.addEventListener('click', () => {
      this.#ask(true);
      this.#name.focus();
    });
  }

  /** @param name under which one writes, when it is known before */
  follow(chat: Chat, name: string | undefined): void {
    this.#chat = chat;
    this.#name.value = name ?? '';
    this.#showMuted('');
    this.#ask(name === undefined);
    chat.on('joined', (identity) => {
      this.#name.value = identity.name;
      this.#rename.textContent = identity.publisher ? `You write as ${identity.name}, the broadcaster` : `You write as ${identity.name}. Change`;
      this.#rename.disabled = identity.publisher;
      this.#ask(false);
      // Said anew, if it is still so, after every connection.
      this.#showMuted('');
      this.#tell('');
      if (this.#wanted) this.#text.focus();
      this.#wanted = false;
    });
    chat.on('refused', ({ reason, message }) => {
      this.#tell(message);
      if (reason !== 'name') return;
      this.#ask(true);
      if (this.#wanted) this.#name.focus();
      this.#wanted = false;
    });
    chat.on('muted', ({ muted, message }) => {
      this.#showMuted(muted ? message : '');
      this.#tell(message);
    });
  }

  #join(): void {
    try {
      const name = readChatName(this.#name.value);
      this.#tell('');
      this.#wanted = true;
      this.#chat?.join(name);
    } catch (error) {
      this.#complain(error, this.#name);
    }
  }

  async #say(): Promise<void> {
    if (this.#sending) return;
    const typed = this.#text.value;
    this.#sending = true;
    try {
      this.#tell('');
      const said = await this.#chat?.send(typed);
      if (said !== true) return this.#status.textContent === '' ? this.#tell('That could not be sent. It is kept here: try again.') : undefined;
      // Unless somebody typed on in the meantime.
      if (this.#text.value === typed) this.#text.value = '';
    } catch (error) {
      this.#complain(error, this.#text);
    } finally {
      this.#sending = false;
    }
  }

  #ask(forName: boolean): void {
    this.#nameForm.hidden = !forName;
    this.#textForm.hidden = this.#rename.hidden = forName;
  }

  #complain(error: unknown, input: HTMLInputElement): void {
    if (!(error instanceof TypeError)) throw error;
    this.#tell(`${error.message.replace(/^e/, 'E')}.`);
    input.focus();
  }

  /** Not disabled: what was typed can still be read and copied, and the focus stays. */
  #showMuted(words: string): void {
    this.#muted = words;
    this.#text.readOnly = words !== '';
    this.#send.disabled = words !== '';
  }

  #tell(words: string): void {
    this.#status.textContent = words === '' ? this.#muted : words;
  }
}
