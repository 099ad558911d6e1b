import type { PublisherStats } from '../sdk/publisher-events.js';
import { chooseEncoder, type EncoderFacts } from '../sdk/publishing/encoder.js';
import { ladder } from '../sdk/publishing/webcodecs/ladder.js';
import type { Quality } from '../sdk/quality.js';
import { bitRate } from './amounts.js';
import { byId, element } from './element.js';
import type { StudioForm } from './studio-form.js';
import type { StudioSession } from './studio-session.js';

/** With the chosen one. */
export const mostRenditions = 3;

interface Tried {
  readonly quality: Quality;
  facts: EncoderFacts | undefined;
}

/** Which qualities of the picture would be sent, and are: by what, and what each takes of the uplink. */
export class StudioQualities {
  readonly #form: StudioForm;
  readonly #session: StudioSession;
  readonly #chooseEncoder: typeof chooseEncoder;
  readonly #hint = byId('several-hint', HTMLElement);
  readonly #sent = byId('sent', HTMLElement);
  readonly #list = byId('sent-list', HTMLElement);
  readonly #by = byId('sent-by', HTMLElement);
  /** What this machine was last tried for, and what was found. */
  #tried: Tried | undefined;

  /** @param choose the SDK's own, unless a test has another */
  constructor(form: StudioForm, session: StudioSession, choose = chooseEncoder) {
    this.#form = form;
    this.#session = session;
    this.#chooseEncoder = choose;
    byId('several-qualities', HTMLInputElement).addEventListener('change', () => void this.#try());
    byId('quality', HTMLSelectElement).addEventListener('change', () => void this.#try());
    // Tried while the picture is looked at, going live needn't wait for it.
    session.on('opened', () => void this.#try());
    session.on('changed', () => {
      if (!session.onAir) this.#sent.hidden = true;
    });
    this.#promise();
  }

  /** How many qualities of the picture would be sent at most, as far as browser and machine are known. */
  get renditions(): number {
    const { quality, severalQualities } = this.#form;
    if (!severalQualities) return 1;
    return (this.#tried?.quality === quality ? this.#tried.facts?.renditions : undefined) ?? mostRenditions;
  }

  /** Call once a second while on air. */
  show({ renditions, upstreamBitsPerSecond }: Pick<PublisherStats, 'renditions' | 'upstreamBitsPerSecond'>, encoder: EncoderFacts | undefined): void {
    this.#sent.hidden = encoder === undefined;
    if (encoder === undefined) return;
    const rows = renditions.map(({ width, height, bitsPerSecond }) => ({ name: `${String(Math.min(width, height))}p`, bitsPerSecond }));
    if (rows.length === 0) rows.push({ name: this.#form.quality.name, bitsPerSecond: upstreamBitsPerSecond });
    const most = Math.max(...rows.map(({ bitsPerSecond }) => bitsPerSecond), 1);
    this.#list.replaceChildren(
      ...rows.map(({ name, bitsPerSecond }) => {
        // The figure beside it says it.
        const bar = element('progress', { max: String(most), value: String(bitsPerSecond), 'aria-hidden': 'true' });
        return element('li', {}, element('span', {}, name), bar, element('span', { class: 'numbers' }, bitRate(bitsPerSecond)));
      }),
    );
    const words = encoder.encoder === 'webcodecs' ? `Made in this browser by WebCodecs: ${encoder.why}.` : `Recorded by this browser’s MediaRecorder, in one quality: ${encoder.why}.`;
    if (this.#by.textContent !== words) this.#by.textContent = words;
  }

  async #try(): Promise<void> {
    this.#promise();
    const { quality, severalQualities } = this.#form;
    if (!severalQualities || this.#tried?.quality === quality || this.#session.onAir || this.#session.state.media.getTracks().length === 0) return;
    const tried: Tried = { quality, facts: undefined };
    this.#tried = tried;
    const { facts, close } = await this.#chooseEncoder({ wish: 'auto', quality, maxRenditions: mostRenditions });
    close();
    tried.facts = facts;
    this.#promise();
  }

  /** What will be sent, as far as browser and machine are known. */
  #promise(): void {
    const { quality, severalQualities } = this.#form;
    const facts = this.#tried?.quality === quality ? this.#tried.facts : undefined;
    const more = ladder({ videoBitsPerSecond: quality.videoBitsPerSecond, lines: quality.height }, facts?.renditions ?? mostRenditions).slice(1);
    const listed = more.map(({ lines = quality.height, bitsPerSecond }) => `${String(lines)}p (${bitRate(bitsPerSecond)})`).join(' and ');
    if (!severalQualities) this.#hint.textContent = 'Everybody gets the one quality, whatever their line carries.';
    else if (facts?.encoder === 'mediarecorder') this.#hint.textContent = `Not here: ${facts.why}. One quality is sent.`;
    else if (listed === '') this.#hint.textContent = 'This machine makes one quality in time.';
    else this.#hint.textContent = `For viewers on slower lines this browser sends ${listed}, too.`;
  }
}
