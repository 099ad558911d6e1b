import { notice, type NoticeKind, type NoticeText } from './notice.js';

/** The notices that hold at present, one for each code, newest on top. */
export class NoticeBoard {
  readonly #container: HTMLElement;
  readonly #shown = new Map<string, HTMLElement>();

  constructor(container: HTMLElement) {
    this.#container = container;
  }

  /** Errors interrupt a screen reader, warnings wait for a pause. */
  show(code: string, kind: NoticeKind, text: NoticeText): void {
    this.clear(code);
    const box = notice(kind, text);
    box.setAttribute('role', kind === 'error' ? 'alert' : 'status');
    this.#shown.set(code, box);
    this.#container.prepend(box);
    if (kind === 'error') box.scrollIntoView({ block: 'nearest' });
  }

  clear(code: string): void {
    this.#shown.get(code)?.remove();
    this.#shown.delete(code);
  }

  clearAll(): void {
    for (const code of [...this.#shown.keys()]) this.clear(code);
  }
}
