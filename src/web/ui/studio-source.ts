import { captureCamera, captureScreen } from '../sdk/capture.js';
import type { Capture } from '../sdk/publishing/captured.js';
import type { Quality } from '../sdk/quality.js';
import { listDevices } from './device-picker.js';
import { byId } from './element.js';
import { LevelMeter } from './level-meter.js';
import type { SourceKind, StudioForm } from './studio-form.js';

const invitations: Readonly<Record<SourceKind, string>> = {
  camera: 'Turn on camera and microphone',
  screen: 'Choose what to share',
  sound: 'Turn on the microphone',
};

/** The camera, screen or microphone that is open in the studio, with its preview, level and switches. */
export class StudioSource {
  readonly #form: StudioForm;
  readonly #preview = byId('preview', HTMLVideoElement);
  readonly #empty = byId('stage-empty', HTMLElement);
  readonly #words = byId('stage-words', HTMLElement);
  readonly #openButton = byId('open-source', HTMLButtonElement);
  readonly #mute = byId('mute', HTMLButtonElement);
  readonly #hide = byId('hide-picture', HTMLButtonElement);
  readonly #level = new LevelMeter(byId('level', HTMLElement));
  #capture: Capture | undefined;

  constructor(form: StudioForm) {
    this.#form = form;
    this.#mute.addEventListener('click', () => this.#toggle(this.#mute, 'audio'));
    this.#hide.addEventListener('click', () => this.#toggle(this.#hide, 'video'));
    document.addEventListener('pointerdown', () => this.#level.wake());
    this.#show();
  }

  get capture(): Capture | undefined {
    return this.#capture;
  }

  get openButton(): HTMLButtonElement {
    return this.#openButton;
  }

  /** Opens what the settings ask for, in place of what is open. @throws {OnairError} in words */
  async open(): Promise<Capture> {
    this.close();
    const { source, quality, camera, microphone } = this.#form;
    this.#openButton.disabled = true;
    this.#words.textContent = 'If your browser asks, allow it.';
    let capture: Capture;
    try {
      capture = await openCapture(source, quality, camera.value, microphone.value);
    } finally {
      this.#openButton.disabled = false;
      this.#show();
    }
    this.#capture = capture;
    for (const track of capture.media.getTracks()) {
      track.addEventListener('ended', () => {
        if (this.#capture === capture) this.close();
      });
    }
    this.#show();
    await this.listDevices();
    this.#selectOpenDevices(capture.media);
    return capture;
  }

  close(): void {
    this.#capture?.close();
    this.#capture = undefined;
    this.#show();
  }

  async listDevices(): Promise<void> {
    await listDevices(this.#form.camera, 'videoinput', [{ value: '', label: 'Default camera' }]);
    await listDevices(this.#form.microphone, 'audioinput', [
      { value: '', label: 'Default microphone' },
      { value: 'none', label: 'No microphone' },
    ]);
  }

  #selectOpenDevices(media: MediaStream): void {
    const deviceId = media.getVideoTracks()[0]?.getSettings().deviceId;
    const { camera } = this.#form;
    if (deviceId !== undefined && [...camera.options].some(({ value }) => value === deviceId)) camera.value = deviceId;
  }

  #show(): void {
    const media = this.#capture?.media;
    const video = media?.getVideoTracks()[0];
    this.#preview.srcObject = video === undefined ? null : new MediaStream([video]);
    this.#preview.hidden = video === undefined;
    const settings = video?.getSettings() ?? {};
    this.#preview.classList.toggle('mirrored', !('displaySurface' in settings) && settings.facingMode !== 'environment');
    this.#empty.hidden = video !== undefined;
    this.#openButton.hidden = media !== undefined;
    this.#openButton.textContent = invitations[this.#form.source];
    this.#words.textContent = media === undefined ? 'Nothing is sent until you go live.' : 'Sound only';
    this.#level.measure(media);
    this.#reset(this.#mute, (media?.getAudioTracks().length ?? 0) > 0);
    this.#reset(this.#hide, video !== undefined);
  }

  #reset(button: HTMLButtonElement, usable: boolean): void {
    button.disabled = !usable;
    button.setAttribute('aria-pressed', 'false');
  }

  #toggle(button: HTMLButtonElement, kind: 'audio' | 'video'): void {
    const off = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(off));
    for (const track of this.#capture?.media.getTracks() ?? []) if (track.kind === kind) track.enabled = !off;
  }
}

function openCapture(source: SourceKind, quality: Quality, cameraId: string, microphoneId: string): Promise<Capture> {
  const microphone = microphoneId === 'none' ? false : microphoneId === '' ? true : microphoneId;
  switch (source) {
    case 'camera':
      return captureCamera({ camera: cameraId === '' ? true : cameraId, microphone, quality });
    case 'screen':
      return captureScreen({ microphone, quality });
    case 'sound':
      return captureCamera({ camera: false, microphone: microphone === false ? true : microphone, quality });
  }
}
