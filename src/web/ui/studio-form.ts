import { isStreamName } from '../../protocol/urls.js';
import { defaultQuality, qualities, type Quality } from '../sdk/quality.js';
import { byId, element } from './element.js';
import { serverBase } from './server-base.js';

const keyItem = 'onair.publish-key';
const streamItem = 'onair.stream';
const qualityItem = 'onair.quality';

export type SourceKind = 'camera' | 'screen' | 'sound';

/** The studio's settings: what is asked, whether it is right, and what is remembered for the next time. */
export class StudioForm {
  readonly form = byId('settings', HTMLFormElement);
  readonly camera = byId('camera', HTMLSelectElement);
  readonly microphone = byId('microphone', HTMLSelectElement);
  readonly #cameraField = byId('camera-field', HTMLElement);
  readonly #fields = byId('fields', HTMLFieldSetElement);
  readonly #quality = byId('quality', HTMLSelectElement);
  readonly #stream = byId('stream', HTMLInputElement);
  readonly #key = byId('key', HTMLInputElement);

  constructor() {
    this.#quality.append(
      ...qualities.map(({ name, videoBitsPerSecond }) => element('option', { value: name }, `${name}, ${(videoBitsPerSecond / 1e6).toFixed(1)} Mbit/s`)),
    );
    this.#quality.value = localStorage.getItem(qualityItem) ?? defaultQuality.name;
    if (this.#quality.value === '') this.#quality.value = defaultQuality.name;
    const query = new URLSearchParams(location.search);
    this.#stream.value = query.get('stream') ?? localStorage.getItem(streamItem) ?? 'live';
    this.#key.value = takeKey(query);
    this.#stream.addEventListener('input', () => this.#checkStream());
    this.#key.addEventListener('input', () => this.#complain(this.#key, ''));
    this.#checkStream();
    this.form.addEventListener('change', () => this.#showSource());
    this.#showSource();
  }

  get source(): SourceKind {
    return (this.form.querySelector<HTMLInputElement>('input[name=source]:checked')?.value ?? 'camera') as SourceKind;
  }

  get quality(): Quality {
    return qualities.find(({ name }) => name === this.#quality.value) ?? defaultQuality;
  }

  get stream(): string {
    return this.#stream.value.trim();
  }

  get key(): string {
    return this.#key.value.trim();
  }

  /** Complains beside the first wrong field and moves the focus there. */
  validate(): boolean {
    const keyIsThere = this.key !== '';
    this.#complain(this.#key, keyIsThere ? '' : 'Enter the publish key.');
    const nameIsRight = this.#checkStream();
    if (!nameIsRight) this.#stream.focus();
    else if (!keyIsThere) this.#key.focus();
    return nameIsRight && keyIsThere;
  }

  keyIsWrong(): void {
    this.#complain(this.#key, 'The server does not accept this key.');
  }

  nameIsTaken(): void {
    this.#complain(this.#stream, 'This name is on air already.');
  }

  remember(): void {
    localStorage.setItem(streamItem, this.stream);
    localStorage.setItem(qualityItem, this.quality.name);
    sessionStorage.setItem(keyItem, this.key);
  }

  set locked(locked: boolean) {
    this.#fields.disabled = locked;
  }

  #showSource(): void {
    this.#cameraField.hidden = this.source !== 'camera';
  }

  #checkStream(): boolean {
    const { stream } = this;
    const words =
      stream === ''
        ? 'Give the live stream a name.'
        : stream.length > 64
          ? `At most 64 characters, these are ${stream.length}.`
          : isStreamName(stream)
            ? ''
            : 'Only letters A to Z, digits, “-” and “_”, without spaces.';
    this.#complain(this.#stream, words);
    byId('stream-hint', HTMLElement).textContent = words === '' ? `${serverBase}/watch/${stream}` : '';
    return words === '';
  }

  #complain(input: HTMLInputElement, words: string): void {
    byId(`${input.id}-error`, HTMLElement).textContent = words;
    if (words === '') input.removeAttribute('aria-invalid');
    else input.setAttribute('aria-invalid', 'true');
  }
}

/** The key must not stay in the address bar, the history or a screenshot: this tab's storage keeps it. */
function takeKey(query: URLSearchParams): string {
  const key = query.get('key');
  if (key !== null) {
    sessionStorage.setItem(keyItem, key);
    query.delete('key');
    const rest = query.toString();
    history.replaceState(null, '', `${location.pathname}${rest === '' ? '' : `?${rest}`}`);
  }
  return sessionStorage.getItem(keyItem) ?? '';
}
