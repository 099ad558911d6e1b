import type { Corner } from '../sdk/publishing/composition/layout.js';
import type { SoundName } from '../sdk/publishing/composition/settings.js';
import { byId } from './element.js';
import { recall, remember } from './remembered.js';
import type { StudioSession } from './studio-session.js';
import { defaultLook, type StudioLook, type StudioState } from './studio-state.js';

const lookItem = 'onair.look';

/** How what is sent is put together: the camera's corner, levels, a name, a pause. */
export class StudioLookForm {
  readonly #session: StudioSession;
  readonly #titleOf: () => string | undefined;
  readonly #cornerFields = byId('corner-fields', HTMLFieldSetElement);
  readonly #size = byId('corner-size', HTMLInputElement);
  readonly #mirrored = byId('mirrored', HTMLInputElement);
  readonly #levels: Readonly<Record<SoundName, HTMLInputElement>> = {
    microphone: byId('microphone-level', HTMLInputElement),
    screen: byId('screen-level', HTMLInputElement),
  };
  readonly #nameShown = byId('name-shown', HTMLInputElement);
  readonly #name = byId('tag-name', HTMLInputElement);
  readonly #detail = byId('tag-detail', HTMLInputElement);
  readonly #mutes = byId('mutes-in-pause', HTMLInputElement);
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #words = byId('pause-words', HTMLElement);

  /** @param titleOf the broadcast, for the pause's card */
  constructor(session: StudioSession, titleOf: () => string | undefined) {
    this.#session = session;
    this.#titleOf = titleOf;
    this.#fill(remembered());
    // A corner is no other device: the fields around are not told.
    this.#cornerFields.addEventListener('change', (event) => event.stopPropagation());
    const details = byId('look', HTMLElement);
    for (const fields of [this.#cornerFields, details]) fields.addEventListener('input', (event) => {
      // A name is shown when it is written, not letter by letter.
      if (event.target !== this.#name && event.target !== this.#detail) this.#choose();
    });
    for (const text of [this.#name, this.#detail]) text.addEventListener('change', () => this.#choose());
    this.#pause.addEventListener('click', () => session.setPaused(session.state.pause === 'no', this.#titleOf()));
    session.on('changed', (state) => this.#show(state));
    session.compose(this.#look);
  }

  /** What stands in the field is not in the look yet. */
  get #isWriting(): boolean {
    return document.activeElement === this.#name || document.activeElement === this.#detail;
  }

  get #look(): StudioLook {
    const corner = (this.#cornerFields.querySelector<HTMLInputElement>('input[name=corner]:checked')?.value ?? defaultLook.corner) as Corner;
    const name = this.#name.value.trim();
    return {
      corner,
      size: Number(this.#size.value) / 100,
      mirrored: this.#mirrored.checked,
      nameTag: this.#nameShown.checked && name !== '' ? { name, detail: this.#detail.value.trim() } : undefined,
      levels: { microphone: Number(this.#levels.microphone.value) / 100, screen: Number(this.#levels.screen.value) / 100 },
      mutesInPause: this.#mutes.checked,
    };
  }

  #choose(): void {
    const look = this.#look;
    const { corner, size, mirrored, mutesInPause } = look;
    // Whether a name is shown, and how loud all is, would surprise another day.
    const kept: Remembered = { corner, size, mirrored, mutesInPause, name: this.#name.value.trim(), detail: this.#detail.value.trim() };
    remember(lookItem, JSON.stringify(kept));
    this.#session.compose(look);
  }

  #fill({ corner, size, mirrored, mutesInPause, name, detail }: Remembered): void {
    const radio = this.#cornerFields.querySelector<HTMLInputElement>(`input[name=corner][value=${corner}]`);
    if (radio !== null) radio.checked = true;
    this.#size.value = String(Math.round(size * 100));
    this.#mirrored.checked = mirrored;
    this.#mutes.checked = mutesInPause;
    this.#name.value = name;
    this.#detail.value = detail;
  }

  #show({ look, wish, media, sounds, pause }: StudioState): void {
    this.#cornerFields.hidden = wish.picture !== 'both';
    // A name is taken back where it could not be drawn.
    if (look.nameTag === undefined && this.#name.value.trim() !== '' && !this.#isWriting) this.#nameShown.checked = false;
    byId('name-tag-fields', HTMLElement).hidden = !this.#nameShown.checked;
    for (const name of ['microphone', 'screen'] as const) {
      // Levels are taken back where they could not be mixed.
      if (Number(this.#levels[name].value) !== Math.round(look.levels[name] * 100)) this.#levels[name].value = String(Math.round(look.levels[name] * 100));
      byId(`${name}-level-shown`, HTMLOutputElement).value = `${this.#levels[name].value} %`;
      byId(`${name}-level-field`, HTMLElement).hidden = !sounds.includes(name);
    }
    const hint = byId('levels-hint', HTMLElement);
    hint.hidden = sounds.length > 0;
    hint.textContent = 'Levels are here once a sound is open.';
    this.#pause.disabled = media.getTracks().length === 0 && pause === 'no';
    this.#pause.setAttribute('aria-pressed', String(pause !== 'no'));
    const words = pause === 'no' ? '' : pause === 'starting' ? 'The card comes in a moment.' : pauseWords(look.mutesInPause);
    // Set only when it changes: it is read out.
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}

function pauseWords(isMuted: boolean): string {
  return `In a pause: the picture is the card “Back in a moment”, ${isMuted ? 'and the sound is off' : 'and the sound goes on'}. Camera and microphone stay open.`;
}

interface Remembered extends Pick<StudioLook, 'corner' | 'size' | 'mirrored' | 'mutesInPause'> {
  readonly name: string;
  readonly detail: string;
}

function remembered(): Remembered {
  const { corner, size, mirrored, mutesInPause } = defaultLook;
  const fallback: Remembered = { corner, size, mirrored, mutesInPause, name: '', detail: '' };
  try {
    const kept = JSON.parse(recall(lookItem) ?? '{}') as Partial<Record<keyof Remembered, unknown>>;
    return {
      corner: ['top-left', 'top-right', 'bottom-left', 'bottom-right'].includes(String(kept.corner)) ? (kept.corner as Corner) : corner,
      size: typeof kept.size === 'number' && kept.size >= 0.1 && kept.size <= 0.5 ? kept.size : size,
      mirrored: typeof kept.mirrored === 'boolean' ? kept.mirrored : mirrored,
      mutesInPause: typeof kept.mutesInPause === 'boolean' ? kept.mutesInPause : mutesInPause,
      name: typeof kept.name === 'string' ? kept.name : '',
      detail: typeof kept.detail === 'string' ? kept.detail : '',
    };
  } catch {
    return fallback;
  }
}
