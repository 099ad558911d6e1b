import type { TrackKind } from '../sdk/publishing/filler.js';
import type { CaptureWish } from '../sdk/publishing/capture-wish.js';
import { byId } from './element.js';
import { LevelMeter } from './level-meter.js';
import type { StudioSession } from './studio-session.js';
import type { StudioState } from './studio-state.js';

const invitations: Readonly<Record<CaptureWish['picture'], string>> = {
  camera: 'Turn on camera and microphone',
  screen: 'Choose what to share',
  both: 'Choose what to share',
  none: 'Turn on the microphone',
};

/** The preview, the sound's level, and the switches below them. */
export class StudioStage {
  readonly #preview = byId('preview', HTMLVideoElement);
  readonly #empty = byId('stage-empty', HTMLElement);
  readonly #words = byId('stage-words', HTMLElement);
  readonly #open = byId('open-source', HTMLButtonElement);
  readonly #switches: Readonly<Record<TrackKind, HTMLButtonElement>> = {
    audio: byId('mute', HTMLButtonElement),
    video: byId('hide-picture', HTMLButtonElement),
  };
  readonly #level = new LevelMeter(byId('level', HTMLElement));
  #shown: { readonly video: MediaStreamTrack | undefined; readonly audio: MediaStreamTrack | undefined } = { video: undefined, audio: undefined };

  constructor(session: StudioSession) {
    this.#open.addEventListener('click', () => void session.openDevices());
    for (const kind of ['audio', 'video'] as const) {
      this.#switches[kind].addEventListener('click', () => session.setMuted(kind, !session.state.muted[kind]));
    }
    const wake = (): void => {
      this.#level.wake();
      session.resumeSound();
    };
    document.addEventListener('pointerdown', wake);
    document.addEventListener('keydown', wake);
    session.on('changed', (state) => this.#show(state));
    this.#show(session.state);
  }

  /** This browser, or this page, can open no device at all. */
  disable(): void {
    this.#open.disabled = true;
  }

  #show({ media, muted, opening, wish, drawn }: StudioState): void {
    const [video] = media.getVideoTracks();
    const [audio] = media.getAudioTracks();
    if (video !== this.#shown.video) this.#preview.srcObject = video === undefined ? null : new MediaStream([video]);
    if (audio !== this.#shown.audio) this.#level.measure(audio);
    this.#shown = { video, audio };
    this.#preview.hidden = video === undefined;
    const settings = video?.getSettings() ?? {};
    this.#preview.classList.toggle('mirrored', !drawn && !('displaySurface' in settings) && settings.facingMode !== 'environment');
    this.#empty.hidden = video !== undefined;
    const isOpen = video !== undefined || audio !== undefined;
    this.#open.hidden = isOpen || opening;
    this.#open.textContent = invitations[wish.picture];
    this.#words.textContent = opening ? 'If your browser asks, allow it.' : isOpen ? (wish.picture === 'none' ? 'Sound only' : 'There is no picture at present.') : 'Nothing is sent until you go live.';
    this.#showSwitch('audio', audio !== undefined, muted.audio);
    this.#showSwitch('video', video !== undefined, muted.video);
  }

  #showSwitch(kind: TrackKind, usable: boolean, off: boolean): void {
    const button = this.#switches[kind];
    button.disabled = !usable && !off;
    button.setAttribute('aria-pressed', String(off));
  }
}
