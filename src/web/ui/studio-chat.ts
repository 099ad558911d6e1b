import { Chat } from '../sdk/chat.js';
import { ChatPanel } from './chat-panel.js';
import { serverBase } from './server-base.js';

/** The chat of the studio's own broadcast, with everything the key allows; it writes under the stream's name. */
export class StudioChat {
  readonly #section: HTMLElement;
  readonly #panel: ChatPanel;
  #chat: Chat | undefined;

  constructor(section: HTMLElement) {
    this.#section = section;
    this.#panel = new ChatPanel({ section, moderates: true });
  }

  open(stream: string, key: string): void {
    if (this.#chat !== undefined) return;
    const name = stream.slice(0, 32);
    const chat = new Chat({ url: serverBase, stream, name, key });
    this.#chat = chat;
    this.#panel.follow(chat, name);
    this.#section.hidden = false;
    chat.on('state', ({ state }) => (this.#section.hidden = state === 'off'));
  }

  close(): void {
    this.#chat?.close();
    this.#chat = undefined;
    this.#section.hidden = true;
  }
}
