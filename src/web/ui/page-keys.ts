import { element } from './element.js';

export interface PageKey {
  /** As `KeyboardEvent.key` tells it, in lower case. */
  readonly key: string;
  /** What it does, for the list of keys. */
  readonly label: string;
  readonly run: () => void;
}

/** Keys that work wherever the focus is on the page, but where somebody writes; `?` shows what they are. */
export function pageKeys(keys: readonly PageKey[]): HTMLDialogElement {
  const close = element('button', { class: 'button', type: 'submit' }, 'Close');
  const list = element('dl', { class: 'key-list' });
  const all = [...keys, { key: '?', label: 'This list', run: () => help.showModal() }];
  for (const { key, label } of all) list.append(element('div', {}, element('dt', {}, element('kbd', {}, key.toUpperCase())), element('dd', {}, label)));
  const help = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'keys-title' },
    element('form', { method: 'dialog', class: 'stack' }, element('h2', { id: 'keys-title' }, 'Keys on this page'), list, close),
  );
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return;
    if (isWriting(event.composedPath()[0])) return;
    // Browsers that fill in fields by themselves send events without a key.
    const pressed = (event.key as string | undefined)?.toLowerCase();
    const found = all.find(({ key }) => key === pressed);
    if (!found) return;
    event.preventDefault();
    if (!event.repeat) found.run();
  });
  return help;
}

/** A radio button or a button has keys of its own, but none of these. */
function isWriting(target: EventTarget | undefined): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['radio', 'checkbox', 'button', 'range'].includes(target.type);
}
