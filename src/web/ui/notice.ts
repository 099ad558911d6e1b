import { element } from './element.js';

export type NoticeKind = 'info' | 'warning' | 'error';

/** What happened, and what to do next, in words. */
export interface NoticeText {
  readonly title: string;
  readonly advice?: string;
}

/** A box of words; put it into a container with `role="status"` or `role="alert"` so that it is read out. */
export function notice(kind: NoticeKind, text: NoticeText): HTMLElement {
  const box = element('div', { class: 'notice', 'data-kind': kind }, element('strong', {}, text.title));
  if (text.advice !== undefined) box.append(element('span', {}, text.advice));
  return box;
}
