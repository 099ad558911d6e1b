import { Publisher, captureCamera, captureScreen, type Capture, type PublisherEvents, type PublisherState } from '../sdk/index.js';
import { element } from '../ui/element.js';
import { sdkServerBase } from '../ui/server-base.js';
import { HostElement, afterLeaving, defineElement, openShadow, takeSetBefore } from './host-element.js';

const css = `
  :host { display: block; font: 1rem/1.5 system-ui, sans-serif; }
  :host([hidden]) { display: none; }
  video { display: block; width: 100%; aspect-ratio: 16 / 9; background: #0a0b0d; object-fit: contain; }
  [part='bar'] { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem; padding: 0.5rem 0; }
  button { min-height: 2.75rem; padding: 0 1rem; font: inherit; font-weight: 600; cursor: pointer; }
`;

const words: Record<PublisherState, { readonly status: string; readonly button: string }> = {
  idle: { status: '', button: 'Go live' },
  connecting: { status: 'Connecting…', button: 'Stop' },
  connected: { status: 'Connected: on air in a moment', button: 'Stop' },
  live: { status: 'LIVE', button: 'Stop' },
  reconnecting: { status: 'The connection is lost; trying again', button: 'Stop' },
  ended: { status: 'Off air', button: 'Go live' },
};

/** Events of `<onair-broadcast>`: a CustomEvent each, with the Publisher's own detail. */
export type OnairBroadcastEventMap = { [Name in keyof PublisherEvents as `onair-${Name}`]: CustomEvent<PublisherEvents[Name]> };

/**
 * `<onair-broadcast server="https://host" stream="NAME" source="camera">`, with the key as its `publishKey`: a preview and one button.
 * The key is no attribute: what stands in a page's HTML, everybody can read. Parts: `preview`, `bar`, `button`, `status`.
 */
export class OnairBroadcastElement extends HostElement {
  /** Opens the stream; ask your own server for one of the stream's keys. */
  publishKey = takeSetBefore(this, 'publishKey') ?? '';
  #publisher: Publisher | undefined;
  #capture: Capture | undefined;
  readonly #preview = element('video', { part: 'preview', playsinline: true });
  readonly #button = element('button', { part: 'button', type: 'button' }, 'Go live');
  readonly #status = element('span', { part: 'status', role: 'status' });
  /** Counts what was asked for: a device that opens for an earlier wish is closed again. */
  #wish = 0;

  constructor() {
    super();
    this.#preview.muted = true;
    openShadow(this, css, this.#preview, element('div', { part: 'bar' }, this.#button, this.#status), element('slot'));
    this.#button.addEventListener('click', () => {
      if (this.state === 'idle' || this.state === 'ended') void this.start().catch(() => undefined);
      else void this.end();
    });
  }

  get state(): PublisherState {
    return this.#publisher?.state ?? 'idle';
  }

  /** The SDK's publisher of the present or last broadcast. */
  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** Opens the devices and goes live. @throws {Error} saying why not; it is told in the element's words too */
  async start(): Promise<void> {
    if (this.state !== 'idle' && this.state !== 'ended') throw new TypeError(`expected an element that is off air, got one that is ${this.state}`);
    const wish = ++this.#wish;
    this.#button.disabled = true;
    try {
      this.#say('Opening the devices…');
      const capture = this.getAttribute('source') === 'screen' ? await captureScreen() : await captureCamera();
      if (wish !== this.#wish) return capture.close();
      this.#hold(capture);
      const publisher = new Publisher({
        url: this.getAttribute('server') ?? sdkServerBase ?? location.origin,
        stream: this.getAttribute('stream') ?? '',
        key: this.publishKey,
        media: capture,
      });
      this.#follow(publisher);
      await publisher.start();
    } catch (error) {
      // An earlier wish that fails late takes nothing from a later one.
      if (wish === this.#wish) {
        this.#release();
        this.#say(error instanceof Error ? error.message : String(error));
      }
      throw error;
    } finally {
      if (wish === this.#wish) this.#button.disabled = false;
    }
  }

  /** Ends the broadcast and closes the devices; idempotent. */
  async end(): Promise<void> {
    const wish = ++this.#wish;
    this.#button.disabled = false;
    if (this.#publisher === undefined) this.#say('');
    await this.#publisher?.end();
    if (wish === this.#wish) this.#release();
  }

  override addEventListener<Name extends keyof OnairBroadcastEventMap>(name: Name, listener: (event: OnairBroadcastEventMap[Name]) => void, options?: AddEventListenerOptions | boolean): void;
  override addEventListener(name: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
  override addEventListener(name: string, listener: unknown, options?: AddEventListenerOptions | boolean): void {
    super.addEventListener(name, listener as EventListener, options);
  }

  disconnectedCallback(): void {
    afterLeaving(this, () => void this.end());
  }

  #follow(publisher: Publisher): void {
    this.#publisher = publisher;
    const names = ['state', 'resumable', 'urls', 'stats', 'warning', 'recovered', 'error'] as const satisfies readonly (keyof PublisherEvents)[];
    for (const name of names) publisher.on(name, (detail) => this.dispatchEvent(new CustomEvent(`onair-${name}`, { detail })));
    publisher.on('state', (state) => {
      this.#say(words[state].status);
      this.#button.textContent = words[state].button;
    });
    publisher.on('warning', ({ message }) => this.#say(message));
    void publisher.closed.then((error) => {
      if (this.#publisher !== publisher) return;
      this.#release();
      if (error) this.#say(error.message);
    });
  }

  #hold(capture: Capture): void {
    this.#release();
    this.#capture = capture;
    this.#preview.srcObject = capture.media;
    void this.#preview.play().catch(() => undefined);
  }

  /** No device stays open that is not shown as open. */
  #release(): void {
    this.#capture?.close();
    this.#capture = undefined;
    this.#preview.srcObject = null;
  }

  #say(text: string): void {
    this.#status.textContent = text;
  }
}

defineElement('onair-broadcast', OnairBroadcastElement);
