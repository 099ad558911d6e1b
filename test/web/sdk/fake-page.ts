import type { BrowserPage } from '../../../src/web/sdk/browser-page.js';
import { FakeSocket } from './fake-socket.js';

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

/** A page whose time, network and visibility are the test's. */
export class FakePage implements BrowserPage {
  hidden = false;
  online = true;
  touched = true;
  isBeingTouched = false;
  webKit = false;
  readonly sockets: FakeSocket[] = [];
  readonly asked: string[] = [];
  /** What `fetch` answers, by a part of the address; without an entry the network is down. */
  readonly answers = new Map<string, () => Response>();
  random = (): number => 0.5;
  #nowMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #listeners = new Set<{ readonly event: string; readonly listener: () => void }>();

  /** Timers and listeners that nobody took back, and sockets that nobody closed. */
  get left(): { timers: number; listeners: number; sockets: number } {
    return { timers: this.#timers.size, listeners: this.#listeners.size, sockets: this.sockets.filter((socket) => socket.isOpen).length };
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('expected a socket, none was opened');
    return last;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  on(event: 'shown' | 'online' | 'offline', listener: () => void): () => void {
    const entry = { event, listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + delayMs, everyMs: undefined, run });
  }

  every(everyMs: number, run: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + everyMs, everyMs, run });
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    this.asked.push(url);
    const answer = [...this.answers].find(([part]) => url.includes(part))?.[1];
    await Promise.resolve();
    init.signal?.throwIfAborted();
    if (answer === undefined) throw new TypeError('no network');
    return answer();
  }

  openSocket(url: string): WebSocket {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  tell(event: 'shown' | 'online' | 'offline'): void {
    if (event === 'shown') this.hidden = false;
    if (event !== 'shown') this.online = event === 'online';
    for (const entry of [...this.#listeners]) if (entry.event === event) entry.listener();
  }

  /** Time passes, with every timer at its own moment, and what was promised in between. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.atMs += next.everyMs;
      next.run();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** The machine sleeps: no timer fires meanwhile, and each is late by so much. */
  sleep(durationMs: number): void {
    this.#nowMs += durationMs;
    for (const timer of this.#timers) timer.atMs = Math.max(timer.atMs, this.#nowMs);
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(untilMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  await new Promise(setImmediate);
}
