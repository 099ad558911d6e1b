import type { ChatMessage } from '../../../src/protocol/chat-messages.js';
import type { IngestMessage } from '../../../src/protocol/ingest-messages.js';
import type { ViewerMessage } from '../../../src/protocol/viewer-messages.js';
import { liveStreamUrls } from '../../../src/protocol/urls.js';

/** A WebSocket whose other end is the test. */
export class FakeSocket extends EventTarget {
  readonly url: string;
  readonly sent: (string | Uint8Array)[] = [];
  /** What the network has not taken yet; the test sets it. */
  bufferedAmount = 0;
  closedWith: number | undefined;
  binaryType = 'blob';
  #dropped = false;

  constructor(url: string) {
    super();
    this.url = url;
  }

  /** Neither side has closed it. */
  get isOpen(): boolean {
    return this.closedWith === undefined && !this.#dropped;
  }

  /** The binary messages, joined. */
  get bytes(): number[] {
    return this.sent.flatMap((message) => (typeof message === 'string' ? [] : [...message]));
  }

  get texts(): { readonly type: string; readonly [name: string]: unknown }[] {
    return this.sent.flatMap((message) => (typeof message === 'string' ? [JSON.parse(message) as { type: string }] : []));
  }

  send(message: string | Uint8Array): void {
    this.sent.push(message);
  }

  close(code = 1005): void {
    this.closedWith = code;
  }

  open(): void {
    this.dispatchEvent(new Event('open'));
  }

  say(message: IngestMessage | ViewerMessage | ChatMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  sayBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.dispatchEvent(new MessageEvent('message', { data: bytes.slice().buffer }));
  }

  ready(received = 0): void {
    this.say({ type: 'ready', broadcast: 'b', resume: 'token', received, urls: liveStreamUrls('https://live.example', 's') });
  }

  drop(code = 1006, reason = ''): void {
    this.#dropped = true;
    // Node has no CloseEvent.
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }
}
