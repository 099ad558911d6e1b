import { Player, type PathName, type PlayerEvents, type PlayerMode, type PlayerState } from '../sdk/index.js';
import { recordingAddresses } from '../sdk/playback/addresses.js';
import { element } from '../ui/element.js';
import { gear, rememberedMode } from '../ui/gear.js';
import { gearCss } from './gear-style.js';
import { HostElement, afterLeaving, defineElement, isOn, openShadow, takeSetBefore } from './host-element.js';

const css = `
  :host { display: block; position: relative; aspect-ratio: 16 / 9; overflow: hidden; background: #0a0b0d; color: #f2f1ee; font: 1rem/1.5 system-ui, sans-serif; }
  :host([hidden]) { display: none; }
  video { display: block; width: 100%; height: 100%; object-fit: contain; }
  [part='lamp'] { position: absolute; top: 0.75rem; left: 0.75rem; padding: 0.125rem 0.75rem; border-radius: 1rem; background: #c3201f; color: #fff; font-size: 0.8125rem; font-weight: 700; pointer-events: none; }
  [part='curtain'] { position: absolute; inset: 0; display: flex; flex-direction: column; gap: 0.75rem; align-items: center; justify-content: center; padding: 1rem; background: #121316; text-align: center; }
  [part='play'] { min-height: 2.75rem; padding: 0.5rem 1.75rem; border: 0; border-radius: 1.375rem; background: #f2f1ee; color: #121316; font: inherit; font-weight: 600; cursor: pointer; }
  [part='play']:focus-visible { outline: 3px solid #6ad6c8; outline-offset: 3px; }
  [hidden] { display: none !important; }
`;

/** What is said while there is no picture; a slot of the state's name takes its place. */
const words: Record<Exclude<PlayerState, 'playing' | 'stalled' | 'paused'>, string> = {
  connecting: 'Connecting…',
  waiting: 'Not live yet. The picture starts by itself.',
  ended: 'The broadcast has ended.',
  failed: "This can't be played right now.",
};

/** In place of those where the browser plays nothing unasked, not even without sound. */
const blockedWords = 'This browser starts videos only when you ask it to.';

/** Events of `<onair-player>`: a CustomEvent each, with the Player's own detail. */
export type OnairPlayerEventMap = { [Name in keyof PlayerEvents as `onair-${Name}`]: CustomEvent<PlayerEvents[Name]> };

/**
 * `<onair-player src="https://host/live/NAME" mode="smooth" path="hls" muted controls nosettings>`: plays while it is on a page.
 * Parts: `video`, `lamp`, `curtain`, `play`, `settings`. Slots, shown in their state: `waiting`, `connecting`, `ended`, `failed`.
 */
export class OnairPlayerElement extends HostElement {
  static readonly observedAttributes = ['src', 'mode', 'path', 'muted', 'controls', 'nosettings'];
  #player: Player | undefined;
  readonly #video = element('video', { part: 'video', playsinline: true });
  readonly #lamp = element('span', { part: 'lamp', hidden: true }, 'LIVE');
  readonly #slot = element('slot');
  readonly #play = element('button', { part: 'play', type: 'button', hidden: true }, 'Play');
  readonly #curtain = element('div', { part: 'curtain' }, element('div', { role: 'status' }, this.#slot), this.#play);
  readonly #gear = gear(this.#video);
  /** Whoever shows no controls has their own, or wants none. */
  readonly #settings = element('div', { part: 'settings', hidden: true }, this.#gear.button, this.#gear.dialog);
  /** Whose settings they are. */
  #settled: Player | undefined;
  #live = false;
  /** From its coming until it has left for good: attributes are told before the first and while it is moved, too. */
  #isOnPage = false;
  /** Why no player could be made of the attributes. */
  #failure: string | undefined;

  constructor() {
    super();
    this.#play.addEventListener('click', () => {
      // Playing without sound was tried, in vain: this is asked for.
      this.#video.muted = isOn(this.getAttribute('muted'));
      this.#player?.play();
    });
    openShadow(this, css + gearCss, this.#video, this.#lamp, this.#curtain, this.#gear.note, this.#settings);
  }

  /** The address of a stream, of its watch page, or of a recording; '' for none. */
  get src(): string {
    return this.getAttribute('src') ?? '';
  }

  set src(address: string) {
    this.setAttribute('src', address);
  }

  /** The SDK's player while it plays; undefined without an address or off the page. */
  get player(): Player | undefined {
    return this.#player;
  }

  /** The picture itself, for sound, size and everything else of a media element. */
  get video(): HTMLVideoElement {
    return this.#video;
  }

  get state(): PlayerState {
    return this.#player?.state ?? (this.#failure === undefined ? 'waiting' : 'failed');
  }

  override addEventListener<Name extends keyof OnairPlayerEventMap>(name: Name, listener: (event: OnairPlayerEventMap[Name]) => void, options?: AddEventListenerOptions | boolean): void;
  override addEventListener(name: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
  override addEventListener(name: string, listener: unknown, options?: AddEventListenerOptions | boolean): void {
    super.addEventListener(name, listener as EventListener, options);
  }

  connectedCallback(): void {
    if (this.#isOnPage) return;
    const address = takeSetBefore(this, 'src');
    if (address !== undefined) this.src = address;
    this.#isOnPage = true;
    this.#start();
  }

  disconnectedCallback(): void {
    afterLeaving(this, () => {
      this.#isOnPage = false;
      this.#stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name === 'muted') this.#video.muted = isOn(now);
    else if (name === 'controls' || name === 'nosettings') {
      this.#video.controls = isOn(this.getAttribute('controls'));
      this.#showSettings();
    } else if (!this.#isOnPage || before === now) return;
    else if (name === 'mode' && this.#player !== undefined) this.#player.mode = this.#mode;
    else this.#start();
  }

  get #mode(): PlayerMode {
    const mode = this.getAttribute('mode');
    if (mode === null && this.#hasSettings) return rememberedMode();
    return mode === 'smooth' ? 'smooth' : 'lowest-delay';
  }

  get #hasSettings(): boolean {
    return isOn(this.getAttribute('controls')) && !isOn(this.getAttribute('nosettings'));
  }

  #start(): void {
    this.#stop();
    if (this.src === '') return;
    const path = this.getAttribute('path');
    try {
      this.#player = new Player({ url: this.src, video: this.#video, mode: this.#mode, ...(isPath(path) && { path }) });
    } catch (error) {
      const message = (this.#failure = error instanceof Error ? error.message : String(error));
      this.#showState('failed', message);
      this.#tell('state', { state: 'failed', message, notice: undefined });
      return;
    }
    this.#follow(this.#player);
    this.#showSettings();
    this.#showState(this.#player.state, undefined);
    this.#player.play();
  }

  #follow(player: Player): void {
    const pass = <Name extends keyof PlayerEvents>(name: Name, before: (detail: PlayerEvents[Name]) => void = () => undefined): void => {
      player.on(name, (detail) => {
        before(detail);
        this.#tell(name, detail);
      });
    };
    pass('state', ({ state, message }) => this.#showState(state, message));
    // Only what the server said lights the lamp.
    pass('info', (info) => {
      this.#live = info?.state === 'live';
      this.#showLamp();
    });
    pass('path');
    pass('place');
    pass('stats');
    pass('warning');
    pass('recovered');
    pass('autoplay', (what) => {
      if (what === 'blocked') this.#showState('connecting', blockedWords, true);
    });
    pass('rendition');
  }

  /** What cannot be chosen is not remembered either: a player without settings follows the line. */
  #showSettings(): void {
    this.#settings.hidden = !this.#hasSettings;
    if (this.#settings.hidden || this.#player === undefined || this.#player === this.#settled) return;
    this.#settled = this.#player;
    this.#gear.follow(this.#player, recordingAddresses(this.src) ? 'recording' : 'live');
  }

  #tell<Name extends keyof PlayerEvents>(name: Name, detail: PlayerEvents[Name]): void {
    this.dispatchEvent(new CustomEvent(`onair-${name}`, { detail }));
  }

  #stop(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#failure = undefined;
    this.#live = false;
    this.#showState('waiting', undefined);
  }

  #showLamp(): void {
    this.#lamp.hidden = !(this.#live && (this.state === 'playing' || this.state === 'stalled'));
  }

  /** @param isBlocked it plays once it is pressed: where that is refused again, it is told again */
  #showState(state: PlayerState, message: string | undefined, isBlocked = false): void {
    this.#showLamp();
    this.#play.hidden = !isBlocked;
    const picture = state === 'playing' || state === 'stalled' || state === 'paused';
    this.#curtain.hidden = picture;
    if (picture) return;
    this.#slot.name = state;
    const said = message ?? words[state];
    // Set only when it changes: it is read out.
    if (this.#slot.textContent !== said) this.#slot.textContent = said;
  }
}

function isPath(value: string | null): value is PathName {
  return value === 'websocket' || value === 'hls' || value === 'native';
}

defineElement('onair-player', OnairPlayerElement);
