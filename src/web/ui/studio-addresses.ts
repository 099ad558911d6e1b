import { isStreamName, liveStreamUrls, type LiveStreamUrls } from '../../protocol/urls.js';
import { byId } from './element.js';
import { serverBase } from './server-base.js';
import { streamAddresses } from './stream-addresses.js';
import type { StudioForm } from './studio-form.js';

/** The studio's list of addresses: known from the name alone, and better with the key, since the server knows how it is reached. */
export class StudioAddresses {
  readonly #form: StudioForm;
  readonly #details = byId('addresses', HTMLDetailsElement);
  #shown = '';

  constructor(form: StudioForm) {
    this.#form = form;
    this.#details.addEventListener('toggle', () => void this.#show());
    form.form.addEventListener('change', () => void this.#show());
  }

  async #show(): Promise<void> {
    const { stream, key } = this.#form;
    const wanted = `${stream} ${key}`;
    if (!this.#details.open || this.#shown === wanted || !isStreamName(stream)) return;
    this.#shown = wanted;
    const told = key === '' ? undefined : await ask(stream, key);
    if (this.#shown !== wanted) return;
    byId('addresses-list', HTMLElement).replaceChildren(streamAddresses(told ?? liveStreamUrls(serverBase, stream), told ? key : ''));
  }
}

async function ask(stream: string, key: string): Promise<LiveStreamUrls | undefined> {
  try {
    const answer = await fetch(`${serverBase}/api/streams/${stream}/ingest`, { headers: { authorization: `Bearer ${key}` } });
    return answer.ok ? ((await answer.json()) as { urls: LiveStreamUrls }).urls : undefined;
  } catch {
    return undefined;
  }
}
