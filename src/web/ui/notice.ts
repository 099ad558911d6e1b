import { element } from './element.js';

export type NoticeKind = 'info' | 'warning' | 'error';

/** What happened, and what to do next, in words. */
export interface NoticeText {
  readonly title: string;
  readonly advice?: string;
  /** What can be done about it, at one press each; the first is what most will want. */
  readonly actions?: readonly NoticeAction[];
}

export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

/** A box of words; put it into a container with `role="status"` or `role="alert"` so that it is read out. */
export function notice(kind: NoticeKind, text: NoticeText): HTMLElement {
  const box = element('div', { class: 'notice', 'data-kind': kind }, element('strong', {}, text.title));
  if (text.advice !== undefined) box.append(element('span', {}, text.advice));
  const buttons = (text.actions ?? []).map(({ label, run }, index) => {
    const button = element('button', { class: index === 0 ? 'button button--primary' : 'button', type: 'button' }, label);
    button.addEventListener('click', run);
    return button;
  });
  if (buttons.length > 0) box.append(element('div', { class: 'notice-actions' }, ...buttons));
  return box;
}
