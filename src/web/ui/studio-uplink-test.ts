import { OnairError } from '../sdk/errors.js';
import { qualityFor, testUplink } from '../sdk/publishing/uplink-test.js';
import { qualities } from '../sdk/quality.js';
import { bitRate } from './amounts.js';
import { byId } from './element.js';
import { serverBase } from './server-base.js';
import type { StudioForm } from './studio-form.js';
import type { StudioQualities } from './studio-qualities.js';
import type { StudioSession } from './studio-session.js';

/** Before going live: what does the line to the server carry, and which quality fits? */
export class StudioUplinkTest {
  readonly #button = byId('test-uplink', HTMLButtonElement);
  readonly #result = byId('uplink-result', HTMLElement);
  readonly #form: StudioForm;
  readonly #sent: Pick<StudioQualities, 'renditions'>;
  #testing = false;

  /** @param sent how many qualities of the picture share the line */
  constructor(form: StudioForm, session: StudioSession, sent: Pick<StudioQualities, 'renditions'>) {
    this.#form = form;
    this.#sent = sent;
    this.#button.addEventListener('click', () => void this.#test());
    session.on('changed', ({ going }) => {
      // While live the line's own graph tells more, and a test would take from it.
      this.#button.hidden = going || session.onAir;
      if (this.#button.hidden) this.#result.textContent = '';
    });
  }

  async #test(): Promise<void> {
    if (this.#testing || !this.#form.validate()) return;
    this.#testing = true;
    this.#result.textContent = 'Sending for some seconds …';
    try {
      const bitsPerSecond = await testUplink({ url: serverBase, stream: this.#form.stream, key: this.#form.key });
      const { renditions } = this.#sent;
      const best = qualityFor(bitsPerSecond, qualities, renditions);
      const alone = qualityFor(bitsPerSecond, qualities);
      const more = best !== alone && alone !== undefined ? ` In one quality (see “Several qualities”): ${alone.name}.` : '';
      const advice =
        alone === undefined
          ? 'That is too little for a steady picture: choose “Sound”, or use another line.'
          : best === undefined
            ? `Good for ${alone.name} in one quality: switch “Several qualities” off.`
            : `Good for ${best.name}${renditions > 1 ? ' with smaller qualities beside it' : ''}.${more}`;
      this.#result.textContent = `Your line carries ${bitRate(bitsPerSecond)}. ${advice}`;
    } catch (error) {
      if (error instanceof OnairError && error.reason === 'unauthorized') this.#form.keyIsWrong();
      this.#result.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      this.#testing = false;
    }
  }
}
