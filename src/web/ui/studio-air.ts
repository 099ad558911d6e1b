import type { PublisherState } from '../sdk/publisher-events.js';
import { clockTime } from './amounts.js';
import { byId } from './element.js';
import type { StudioSession } from './studio-session.js';
import type { StudioState } from './studio-state.js';

const lamps: Readonly<Record<PublisherState, { readonly words: string; readonly lamp: 'off' | 'busy' | 'live' }>> = {
  idle: { words: 'Off air', lamp: 'off' },
  connecting: { words: 'Connecting', lamp: 'busy' },
  connected: { words: 'Starting', lamp: 'busy' },
  live: { words: 'LIVE', lamp: 'live' },
  reconnecting: { words: 'Reconnecting', lamp: 'busy' },
  ended: { words: 'Off air', lamp: 'off' },
};

/** The lamp, the time on air, the button that begins and ends, and the question before an end. */
export class StudioAir {
  readonly #go = byId('go', HTMLButtonElement);
  readonly #lamp = byId('lamp', HTMLElement);
  readonly #elapsed = byId('elapsed', HTMLElement);
  readonly #time = byId('elapsed-time', HTMLElement);
  readonly #status = byId('status', HTMLElement);
  readonly #question = byId('end-question', HTMLDialogElement);
  #liveSinceMs: number | undefined;

  constructor(session: StudioSession) {
    byId('end-now', HTMLButtonElement).addEventListener('click', () => void session.endNow());
    byId('end-not', HTMLButtonElement).addEventListener('click', () => session.goOn());
    // Escape closes the dialog too, and means no.
    this.#question.addEventListener('close', () => session.goOn());
    setInterval(() => this.#showElapsed(), 1000);
    session.on('changed', (state) => this.#show(state));
    this.#show(session.state);
  }

  #show({ air, going, ending, viewers }: StudioState): void {
    const onAir = air === 'connected' || air === 'live' || air === 'reconnecting';
    const { words, lamp } = lamps[going && !onAir ? 'connecting' : air];
    if (this.#lamp.textContent !== words) {
      this.#lamp.textContent = words;
      this.#status.textContent = air === 'live' ? 'You are live.' : words;
    }
    this.#lamp.dataset.state = lamp;
    document.title = `${air === 'live' ? '● LIVE' : 'Studio'} · Onair`;
    this.#go.disabled = ending === 'under-way';
    this.#go.textContent = ending === 'under-way' ? 'Ending…' : onAir ? 'End broadcast' : going ? 'Cancel' : 'Go live';
    this.#go.classList.toggle('button--live', !onAir && !going);
    if (air === 'live') this.#liveSinceMs ??= performance.now();
    if (!onAir) this.#liveSinceMs = undefined;
    this.#elapsed.hidden = this.#liveSinceMs === undefined;
    this.#showElapsed();
    byId('end-watching', HTMLElement).textContent = viewers === 1 ? 'One person is watching.' : `${String(viewers)} people are watching.`;
    if (ending === 'asked' && !this.#question.open) this.#question.showModal();
    if (ending !== 'asked' && this.#question.open) this.#question.close();
  }

  #showElapsed(): void {
    if (this.#liveSinceMs !== undefined) this.#time.textContent = clockTime((performance.now() - this.#liveSinceMs) / 1000);
  }
}
