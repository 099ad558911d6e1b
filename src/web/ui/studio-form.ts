import { isStreamName } from '../../protocol/urls.js';
import { wantsCamera, type CaptureWish, type Facing } from '../sdk/publishing/capture-wish.js';
import { defaultQuality, qualities, type Quality } from '../sdk/quality.js';
import type { StreamDescription } from '../sdk/publisher-events.js';
import { listDevices } from './device-picker.js';
import { byId, element } from './element.js';
import { recall, remember } from './remembered.js';
import { serverBase } from './server-base.js';

const keyItem = 'onair.publish-key';
const streamItem = 'onair.stream';
const qualityItem = 'onair.quality';
const musicItem = 'onair.music';
const severalItem = 'onair.several-qualities';

/** The studio's settings: what is asked, whether it is right, and what is remembered for the next time. */
export class StudioForm {
  readonly form = byId('settings', HTMLFormElement);
  readonly #camera = byId('camera', HTMLSelectElement);
  readonly #turn = byId('turn-camera', HTMLButtonElement);
  readonly #microphone = byId('microphone', HTMLSelectElement);
  readonly #music = byId('music', HTMLInputElement);
  readonly #cameraField = byId('camera-field', HTMLElement);
  /** What names the broadcast: it cannot change while it is on air. */
  readonly #name = byId('name-fields', HTMLFieldSetElement);
  readonly #quality = byId('quality', HTMLSelectElement);
  readonly #several = byId('several-qualities', HTMLInputElement);
  readonly #title = byId('show-title', HTMLInputElement);
  readonly #description = byId('show-description', HTMLTextAreaElement);
  readonly #stream = byId('stream', HTMLInputElement);
  readonly #key = byId('key', HTMLInputElement);
  #facing: Facing | undefined;

  constructor() {
    this.#quality.append(
      ...qualities.map(({ name, videoBitsPerSecond }) => element('option', { value: name }, `${name}, ${(videoBitsPerSecond / 1e6).toFixed(1)} Mbit/s`)),
    );
    this.#quality.value = recall(qualityItem) ?? defaultQuality.name;
    if (this.#quality.value === '') this.#quality.value = defaultQuality.name;
    this.#music.checked = recall(musicItem) === 'on';
    this.#several.checked = recall(severalItem) !== 'off';
    this.#several.addEventListener('change', () => remember(severalItem, this.#several.checked ? 'on' : 'off'));
    const query = new URLSearchParams(location.search);
    this.#stream.value = query.get('stream') ?? recall(streamItem) ?? 'live';
    this.#key.value = takeKey(query);
    this.#stream.addEventListener('input', () => this.#checkStream());
    this.#key.addEventListener('input', () => this.#complain(this.#key, ''));
    this.#checkStream();
    this.#showPicture();
  }

  /** What the devices' fields ask for. */
  get wish(): CaptureWish {
    const microphone = this.#microphone.value === 'none' ? false : this.#microphone.value === '' ? true : this.#microphone.value;
    const camera = this.#camera.value === '' ? undefined : this.#camera.value;
    return { picture: this.#picture, camera, facing: this.#facing, microphone, music: this.#music.checked, quality: this.quality };
  }

  get quality(): Quality {
    return qualities.find(({ name }) => name === this.#quality.value) ?? defaultQuality;
  }

  /** Whether smaller pictures are sent beside the chosen one, as far as browser and machine can. */
  get severalQualities(): boolean {
    return this.#several.checked;
  }

  get stream(): string {
    return this.#stream.value.trim();
  }

  get key(): string {
    return this.#key.value.trim();
  }

  /** Empty fields say nothing: what the stream was called before holds. */
  get description(): StreamDescription {
    const [title, description] = [this.#title.value.trim(), this.#description.value.trim()];
    return { ...(title !== '' && { title }), ...(description !== '' && { description }) };
  }

  /** Calls back with another wish whenever one of the devices' fields changes. */
  onWish(listen: (wish: CaptureWish) => void): void {
    byId('device-fields', HTMLFieldSetElement).addEventListener('change', () => {
      this.#showPicture();
      remember(qualityItem, this.quality.name);
      remember(musicItem, this.#music.checked ? 'on' : 'off');
      listen(this.wish);
    });
    this.#turn.addEventListener('click', () => {
      this.#facing = this.#facing === 'environment' ? 'user' : 'environment';
      this.#camera.value = '';
      listen(this.wish);
    });
  }

  onDescription(listen: (description: StreamDescription) => void): void {
    for (const field of [this.#title, this.#description]) {
      field.addEventListener('change', () => listen({ title: this.#title.value.trim(), description: this.#description.value.trim() }));
    }
  }

  /** What holds, which may be another thing than what was chosen. */
  show({ picture, camera, facing, microphone, music = false, quality }: CaptureWish): void {
    const radio = this.form.querySelector<HTMLInputElement>(`input[name=source][value=${picture}]`);
    if (radio !== null) radio.checked = true;
    select(this.#camera, camera ?? '');
    select(this.#microphone, microphone === false ? 'none' : microphone === true ? '' : microphone);
    this.#music.checked = music;
    select(this.#quality, quality.name);
    this.#facing = facing;
    this.#showPicture();
  }

  async listDevices(): Promise<void> {
    const cameras = await listDevices(this.#camera, 'videoinput', [{ value: '', label: 'Default camera' }]);
    this.#turn.hidden = cameras < 2 || !matchMedia('(pointer: coarse)').matches;
    await listDevices(this.#microphone, 'audioinput', [
      { value: '', label: 'Default microphone' },
      { value: 'none', label: 'No microphone' },
    ]);
  }

  /** This browser cannot share its screen. */
  forbidScreen(): void {
    for (const screen of this.form.querySelectorAll<HTMLInputElement>('input[value=screen], input[value=both]')) {
      screen.disabled = true;
      screen.parentElement?.setAttribute('title', 'This browser cannot share its screen');
    }
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
    remember(streamItem, this.stream);
    remember(keyItem, this.key, 'sessionStorage');
  }

  set locked(locked: boolean) {
    this.#name.disabled = this.#several.disabled = locked;
  }

  get #picture(): CaptureWish['picture'] {
    return (this.form.querySelector<HTMLInputElement>('input[name=source]:checked')?.value ?? 'camera') as CaptureWish['picture'];
  }

  #showPicture(): void {
    this.#cameraField.hidden = !wantsCamera({ picture: this.#picture });
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

function select(field: HTMLSelectElement, value: string): void {
  if ([...field.options].some((option) => option.value === value)) field.value = value;
}

/** The key must not stay in the address bar, the history or a screenshot: this tab's storage keeps it. */
function takeKey(query: URLSearchParams): string {
  const key = query.get('key');
  if (key !== null) {
    remember(keyItem, key, 'sessionStorage');
    query.delete('key');
    const rest = query.toString();
    history.replaceState(null, '', `${location.pathname}${rest === '' ? '' : `?${rest}`}`);
  }
  return key ?? recall(keyItem, 'sessionStorage') ?? '';
}
