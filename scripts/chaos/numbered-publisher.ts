import type { Teardown } from '../../test/helpers/programs.js';
import { openSdkSocket, type SdkSocket } from '../../test/helpers/sdk-publisher.js';
import { sendTestCard } from '../../test/helpers/test-card.js';
import { epochMs } from './watching.js';

export const rate = 30;
/** A new encoder begins a little later than the last one would have been: no number comes twice. */
const marginPictures = 15;

/** A numbered test card, sent by the SDK's own socket; a new recording begins where the server asks for one, as in a page. */
export class NumberedPublisher {
  readonly connectedAtMs: number[] = [];
  /** Why it is over; undefined while it goes on. */
  ended: string | undefined;
  readonly #t: Teardown;
  readonly #socket: SdkSocket;
  #startedAtMs = 0;
  #recording = 0;

  private constructor(t: Teardown, socket: SdkSocket) {
    this.#t = t;
    this.#socket = socket;
    socket.on('state', (state) => state === 'connected' && this.connectedAtMs.push(epochMs()));
    socket.on('overflow', () => this.#record());
    void socket.closed.then((error) => (this.ended = error === null ? 'it ended' : `${error.reason}: ${error.message}`));
  }

  static async open(t: Teardown, url: string, key: string): Promise<NumberedPublisher> {
    const publisher = new NumberedPublisher(t, await openSdkSocket(t, { url, key }));
    publisher.#startedAtMs = epochMs();
    publisher.#record();
    return publisher;
  }

  /** When a picture was drawn, on `epochMs`, but for the margin of each new encoder. */
  drawnAtMs(picture: number): number {
    return this.#startedAtMs + (picture / rate) * 1000;
  }

  async end(): Promise<void> {
    this.#recording += 1;
    this.#socket.end();
    await this.#socket.closed;
  }

  #record(): void {
    const recording = (this.#recording += 1);
    const isFirst = recording === 1;
    const firstNumber = isFirst ? 0 : Math.round(((epochMs() - this.#startedAtMs) / 1000) * rate) + marginPictures;
    this.#socket.beginRecording('video/x-matroska;codecs="avc1,opus"');
    const send = async (chunk: Uint8Array | string): Promise<void> => {
      if (this.#recording !== recording) throw new Error('another recording has begun');
      if (typeof chunk !== 'string') this.#socket.push(chunk);
    };
    sendTestCard(this.#t, { send }, { seconds: 1800, firstNumber }).catch(() => undefined); // the encoder has nobody to write to, and ends
  }
}
