import { element } from './element.js';

let made = 0;

/** A labelled, read-only value with a Copy button that says when it has copied. */
export function copyField(label: string, value: string): HTMLElement {
  const id = `copy-${++made}`;
  const input = element('input', { class: 'input', id, readonly: true, value, spellcheck: 'false' });
  const button = element('button', { class: 'button', type: 'button', 'aria-label': `Copy: ${label}` }, 'Copy');
  const status = element('span', { class: 'visually-hidden', role: 'status' });

  input.addEventListener('focus', () => input.select());
  button.addEventListener('click', () => {
    void copy(input).then((copied) => {
      button.textContent = copied ? 'Copied' : `Press ${copyKeys(navigator.platform)}`;
      status.textContent = copied ? `${label} copied` : `${label} is selected: copy it with ${copyKeys(navigator.platform)}`;
      setTimeout(() => {
        button.textContent = 'Copy';
        status.textContent = '';
      }, 2000);
    });
  });
  return element('div', { class: 'copy-field' }, element('label', { for: id }, label), input, button, status);
}

/** What copies on this machine. @param platform as `navigator.platform` has it */
export function copyKeys(platform: string): string {
  return /Mac|iPhone|iPad|iPod/.test(platform) ? '⌘C' : 'Ctrl+C';
}

/** The clipboard API exists only on secure origins: elsewhere the value is left selected for the user to copy. */
async function copy(input: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    input.focus();
    input.select();
    return false;
  }
}
