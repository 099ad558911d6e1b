import type { ChatEntry } from '../../protocol/chat-messages.js';
import { element } from './element.js';

export interface ChatLogOptions {
  /** With them every message can be deleted, and who wrote it muted. */
  readonly moderation?: { readonly delete: (id: number) => void; readonly mute: (person: string) => void };
}

/** The page keeps more than the server tells newcomers, but not everything. */
const maxShown = 200;
/** More than this within the time below is read out no more: nobody could follow. */
const maxReadOut = 6;
const readOutWithinMs = 10_000;
const atEndPx = 40;

/** What was said, oldest first; stays at the newest unless somebody reads further up. Everything in it is text. */
export class ChatLog {
  readonly element: HTMLElement;
  readonly #log = element('div', { class: 'chat-log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Chat messages', tabindex: '0' });
  readonly #toEnd = element('button', { class: 'button chat-newest', type: 'button', hidden: true }, 'New messages');
  readonly #options: ChatLogOptions;
  readonly #shown = new Map<number, HTMLElement>();
  #lately: number[] = [];

  constructor(options: ChatLogOptions = {}) {
    this.#options = options;
    this.element = element('div', { class: 'chat-messages' }, this.#log, this.#toEnd);
    this.#toEnd.addEventListener('click', () => {
      this.#scrollToEnd();
      this.#log.focus({ preventScroll: true });
    });
    this.#log.addEventListener('scroll', () => {
      if (this.#atEnd) this.#toEnd.hidden = true;
    });
    new ResizeObserver(() => this.#toEnd.hidden && this.#scrollToEnd()).observe(this.#log);
  }

  /** In place of all that stands there; read out by nobody: it is the past. */
  replace(entries: readonly ChatEntry[]): void {
    this.#log.setAttribute('aria-live', 'off');
    this.#shown.clear();
    this.#log.replaceChildren(...entries.map((entry) => this.#line(entry)));
    this.#scrollToEnd();
  }

  add(entry: ChatEntry): void {
    const nowMs = performance.now();
    this.#lately = [...this.#lately.filter((atMs) => nowMs - atMs < readOutWithinMs), nowMs];
    this.#log.setAttribute('aria-live', this.#lately.length > maxReadOut ? 'off' : 'polite');
    const follow = this.#atEnd;
    this.#log.append(this.#line(entry));
    for (const [id] of this.#shown) {
      if (this.#shown.size <= maxShown) break;
      this.remove(id);
    }
    if (follow) this.#scrollToEnd();
    else this.#toEnd.hidden = false;
  }

  remove(id: number): void {
    const line = this.#shown.get(id);
    this.#shown.delete(id);
    // Whoever stood on it goes on in the log, not at the top of the page.
    if (line?.contains(document.activeElement) === true) this.#log.focus({ preventScroll: true });
    line?.remove();
  }

  #line({ id, person, name, publisher, text, sentAtMs }: ChatEntry): HTMLElement {
    const time = new Date(sentAtMs);
    const line = element(
      'div',
      { class: 'chat-line', title: time.toLocaleTimeString() },
      element('span', { class: publisher ? 'chat-name chat-name--publisher' : 'chat-name' }, element('bdi', {}, name)),
      ...(publisher ? [element('span', { class: 'chat-badge' }, 'Broadcaster')] : []),
      element('span', { class: 'visually-hidden' }, ': '),
      element('span', { class: 'chat-text', dir: 'auto' }, text),
    );
    const { moderation } = this.#options;
    if (moderation !== undefined) {
      const remove = element('button', { class: 'chat-act', type: 'button', 'aria-label': `Delete the message of ${name}` }, 'Delete');
      remove.addEventListener('click', () => moderation.delete(id));
      const acts = element('span', { class: 'chat-acts' }, remove);
      if (!publisher) {
        const mute = element('button', { class: 'chat-act', type: 'button', 'aria-label': `Mute ${name}` }, 'Mute');
        mute.addEventListener('click', () => moderation.mute(person));
        acts.append(mute);
      }
      line.append(acts);
    }
    this.#shown.set(id, line);
    return line;
  }

  get #atEnd(): boolean {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < atEndPx;
  }

  #scrollToEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#toEnd.hidden = true;
  }
}
