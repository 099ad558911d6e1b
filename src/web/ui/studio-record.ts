import { isStreamName } from '../../protocol/urls.js';
import type { ErrorBody } from '../../protocol/error-codes.js';
import { byId } from './element.js';
import { serverBase } from './server-base.js';
import type { StudioForm } from './studio-form.js';

const words = {
  unknown: 'Whether the server keeps this stream is known once name and key are there.',
  on: 'The server keeps what is broadcast, from the next seconds on, until this is switched off.',
  off: 'Nothing is kept on the server.',
};

/** The switch that has the server record this stream: it holds for later broadcasts too, so it shows what holds before anything is changed. */
export class StudioRecord {
  readonly #form: StudioForm;
  readonly #box = byId('record', HTMLInputElement);
  readonly #hint = byId('record-hint', HTMLElement);
  /** For which stream and key it shows what holds. */
  #shown = '';

  constructor(form: StudioForm) {
    this.#form = form;
    this.#box.addEventListener('change', () => void this.#say({ record: this.#box.checked }));
    form.form.addEventListener('change', ({ target }) => target !== this.#box && void this.#look());
    this.#show(undefined);
    void this.#look();
  }

  async #look(): Promise<void> {
    const { stream, key } = this.#form;
    const wanted = `${stream} ${key}`;
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#show(undefined);
    if (isStreamName(stream) && key !== '') await this.#say({});
  }

  /** An empty change is a question. */
  async #say(change: { readonly record?: boolean }): Promise<void> {
    const { stream, key } = this.#form;
    const asked = this.#shown;
    try {
      const response = await fetch(`${serverBase}/api/streams/${stream}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(change),
      });
      const answer = (await response.json()) as { readonly record?: boolean } & Partial<ErrorBody>;
      if (asked !== this.#shown) return;
      if (response.ok) return this.#show(answer.record);
      this.#show(undefined);
      if (change.record !== undefined) this.#hint.textContent = answer.message ?? words.unknown;
    } catch {
      if (asked !== this.#shown) return;
      // It is as it was: what was pressed did not get there.
      if (change.record !== undefined) this.#box.checked = !change.record;
      this.#hint.textContent = "Can't reach the server. Try again.";
      this.#shown = '';
    }
  }

  #show(record: boolean | undefined): void {
    this.#box.checked = record === true;
    this.#box.disabled = record === undefined;
    this.#hint.textContent = record === undefined ? words.unknown : record ? words.on : words.off;
  }
}
