import { element } from './element.js';
import type { ErrorBody } from '../../protocol/error-codes.js';
import type { RecordingInfo } from '../../protocol/recording-info.js';

export interface ManageRecordingOptions {
  /** `…/api/recordings/ID`. */
  readonly api: string;
  readonly current: () => RecordingInfo | undefined;
  readonly onChanged: (info: RecordingInfo) => void;
  readonly onDeleted: () => void;
}

/** Title, description and deletion, for who has the key. The key is kept nowhere. */
export function manageRecording({ api, current, onChanged, onDeleted }: ManageRecordingOptions): { readonly element: HTMLDialogElement; open(): void } {
  const key = element('input', { class: 'input', id: 'manage-key', type: 'password', autocomplete: 'off', required: true, autofocus: true });
  const title = element('input', { class: 'input', id: 'manage-title', maxlength: '400', autocomplete: 'off' });
  const description = element('textarea', { class: 'input', id: 'manage-description', rows: '4' });
  const said = element('p', { class: 'field-error', role: 'alert' });
  const save = element('button', { class: 'button button--primary', type: 'submit' }, 'Save');
  const remove = element('button', { class: 'button', type: 'button' }, 'Delete…');
  const close = element('button', { class: 'button button--quiet', type: 'button' }, 'Close');
  const field = (label: string, input: HTMLElement): HTMLElement => element('div', { class: 'field' }, element('label', { for: input.id }, label), input);
  const form = element(
    'form',
    { class: 'stack' },
    element('div', { class: 'row dialog-head' }, element('h2', { id: 'manage-heading' }, 'Change or delete'), close),
    field("The server's key, or one of this stream", key),
    field('Title', title),
    field('Description', description),
    said,
    element('div', { class: 'row' }, save, remove),
  );
  const dialog = element('dialog', { class: 'dialog', 'aria-labelledby': 'manage-heading' }, form);
  let isSure = false;
  const beUnsure = (): void => {
    isSure = false;
    remove.textContent = 'Delete…';
  };

  const ask = async (method: 'PATCH' | 'DELETE', body?: object): Promise<Response | undefined> => {
    said.textContent = '';
    if (!form.reportValidity()) return undefined;
    try {
      const headers = { authorization: `Bearer ${key.value}`, ...(body && { 'content-type': 'application/json' }) };
      const response = await fetch(api, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      if (response.ok) return response;
      said.textContent = ((await response.json()) as ErrorBody).message;
    } catch {
      said.textContent = "Can't reach the server. Try again.";
    }
    return undefined;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void ask('PATCH', { title: title.value, description: description.value }).then(async (response) => {
      if (response === undefined) return;
      onChanged((await response.json()) as RecordingInfo);
      dialog.close();
    });
  });
  remove.addEventListener('click', () => {
    // Nothing brings it back: the second press deletes.
    if (!isSure) {
      isSure = true;
      remove.textContent = 'Delete it for good';
      return;
    }
    void ask('DELETE').then((response) => {
      if (response === undefined) return beUnsure();
      dialog.close();
      onDeleted();
    });
  });
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    key.value = '';
    said.textContent = '';
    beUnsure();
  });
  return {
    element: dialog,
    open() {
      title.value = current()?.title ?? '';
      description.value = current()?.description ?? '';
      dialog.showModal();
    },
  };
}
