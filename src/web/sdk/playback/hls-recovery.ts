import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import type { BrowserPage } from '../browser-page.js';

const recoverAfterMs = 1_000;
const maxRecoveries = 3;
/** A recovery that held this long is forgiven. */
const forgiveAfterMs = 30_000;

/** What hls.js can't mend by itself is begun anew a few times. */
export class HlsRecovery {
  readonly #HlsClass: typeof Hls;
  readonly #page: BrowserPage;
  #recoveries = 0;
  #recoveredAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(HlsClass: typeof Hls, page: BrowserPage) {
    this.#HlsClass = HlsClass;
    this.#page = page;
  }

  /** @param load begins to load again @returns why it can't be mended; undefined while it may */
  mend(hls: Hls, data: ErrorData, load: () => void): string | undefined {
    if (!data.fatal) return undefined;
    const { ErrorTypes } = this.#HlsClass;
    const nowMs = this.#page.nowMs();
    if (nowMs - this.#recoveredAtMs > forgiveAfterMs) this.#recoveries = 0;
    this.#recoveries += 1;
    this.#recoveredAtMs = nowMs;
    const isNetwork = data.type === ErrorTypes.NETWORK_ERROR && hls.levels.length > 0;
    if (this.#recoveries > maxRecoveries || !(isNetwork || data.type === ErrorTypes.MEDIA_ERROR)) return `${data.details}: ${data.error.message}`;
    if (isNetwork) this.#cancel = this.#page.after(recoverAfterMs, load);
    else hls.recoverMediaError();
    return undefined;
  }

  close(): void {
    this.#cancel();
  }
}
