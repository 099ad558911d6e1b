import { parseChatMessage, type ChatMessage, type ChatRefusal, type ChatRequest } from '../../protocol/chat-messages.js';
import { readChatName, readChatText } from '../../protocol/chat-text.js';
import { errorCodeOfClose } from '../../protocol/error-codes.js';
import type { ChatEvents, ChatIdentity, ChatOptions, ChatState } from './chat-events.js';
import { closeError } from './errors.js';
import { explainRefusal } from './explain-refusal.js';
import { Listeners } from './listeners.js';
import { streamAddresses } from './playback/addresses.js';
import type { StreamAddresses } from './playback/playback.js';
import { FactsPoll, type StreamFacts } from './playback/stream-facts.js';
import { ReconnectPolicy } from './reconnect-policy.js';

const pingEveryMs = 20_000;
/** How long a connection may stay unproven after something was sent, the network changed or the machine slept. */
const proveWithinMs = 5000;
/** Refusals that can be the answer to a message. */
const answersToMessage: readonly ChatRefusal[] = ['too-fast', 'muted', 'text', 'name', 'not-joined'];

interface Sending {
  readonly text: string;
  readonly settle: (said: boolean) => void;
}

/** What is said beside a live stream: reads, writes, moderates; waits for the broadcast, and comes back after a loss. */
export class Chat {
  readonly #addresses: StreamAddresses;
  readonly #key: string | undefined;
  readonly #listeners = new Listeners<ChatEvents>();
  readonly #abort = new AbortController();
  readonly #policy = new ReconnectPolicy({ firstDelayMs: 500, maxDelayMs: 15_000, giveUpAfterMs: Infinity });
  #state: ChatState = 'connecting';
  #message: string | undefined;
  #name: string | undefined;
  #token: string | undefined;
  #identity: ChatIdentity | undefined;
  #facts: FactsPoll | undefined;
  #socket: WebSocket | undefined;
  #sending: Sending | undefined;
  #endedBroadcast: string | undefined;
  #broadcast: string | undefined;
  #failures = 0;
  #heardAtMs = 0;
  #timers = new Map<'retry' | 'ping' | 'prove', ReturnType<typeof setTimeout>>();

  /** @throws {TypeError} when the address names no live stream */
  constructor(options: ChatOptions) {
    this.#addresses = streamAddresses(options.url, options.stream, document.baseURI);
    this.#key = options.key;
    this.#name = options.name;
    this.#token = options.token;
    const { signal } = this.#abort;
    document.addEventListener('visibilitychange', () => document.hidden || this.#prove(), { signal });
    window.addEventListener('online', () => this.#prove(), { signal });
    this.#askWhetherLive();
  }

  /** @returns a function that takes the listener away again */
  on<Name extends keyof ChatEvents>(name: Name, listener: (detail: ChatEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  get state(): ChatState {
    return this.#state;
  }

  /** Who this page is in the room; undefined while it only reads. */
  get identity(): ChatIdentity | undefined {
    return this.#identity;
  }

  /**
   * Takes a name, or another one; `joined` or `refused` follows, at once or when the chat opens.
   * @throws {TypeError} saying what is wrong with the name
   */
  join(name: string): void {
    this.#name = readChatName(name);
    if (this.#state === 'open') this.#sendJoin();
  }

  /**
   * Resolves true when everybody was told, false when not: then `refused` or `state` has said why, and the text is the page's to keep.
   * @throws {TypeError} saying what is wrong with the text
   */
  async send(text: string): Promise<boolean> {
    const clean = readChatText(text);
    if (this.#state !== 'open' || this.#sending !== undefined) return false;
    return new Promise<boolean>((settle) => {
      this.#sending = { text: clean, settle };
      this.#request({ type: 'message', text: clean });
      this.#prove();
    });
  }

  /** The publisher's alone, as `mute` and `unmute`. */
  delete(id: number): void {
    this.#request({ type: 'delete', id });
  }

  mute(person: string): void {
    this.#request({ type: 'mute', person });
  }

  unmute(person: string): void {
    this.#request({ type: 'unmute', person });
  }

  /** Leaves for good; idempotent. */
  close(): void {
    this.#enter('closed');
    this.#abort.abort();
    this.#letGo();
    this.#facts?.close();
  }

  /** While there is no connection, the public facts tell when there is something to connect to. */
  #askWhetherLive(): void {
    if (this.#abort.signal.aborted) return;
    this.#facts = new FactsPoll({ url: this.#addresses.facts, onFacts: (facts) => this.#learn(facts) });
  }

  #learn(facts: StreamFacts): void {
    if (!facts.known) return this.#enter('connecting', `Can't reach the server: ${facts.why}. Trying again.`);
    const { info } = facts;
    if (info?.chat === false) {
      this.#facts?.close();
      return this.#enter('off');
    }
    if (info === undefined || info.state === 'ended' || info.broadcast === this.#endedBroadcast) return this.#enter('waiting');
    this.#facts?.close();
    this.#connect();
  }

  #connect(): void {
    this.#enter('connecting', this.#message);
    const socket = new WebSocket(this.#addresses.chat);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => (opened = true);
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (socket === this.#socket && typeof data === 'string') this.#take(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) void this.#lost(opened, code, reason);
    };
  }

  #take(data: string): void {
    this.#heardAtMs = Date.now();
    const message = parseChatMessage(data);
    if (message !== undefined) this.#handle(message);
  }

  #handle(message: ChatMessage): void {
    switch (message.type) {
      case 'history':
        this.#failures = 0;
        this.#broadcast = message.broadcast;
        this.#listeners.emit('history', message.messages);
        this.#enter('open');
        if (this.#name !== undefined) this.#sendJoin();
        return this.#keepAlive();
      case 'joined':
        this.#identity = message;
        this.#token = message.token;
        return this.#listeners.emit('joined', message);
      case 'message':
        this.#listeners.emit('message', message);
        if (message.person === this.#identity?.person && message.text === this.#sending?.text) this.#settle(true);
        return;
      case 'deleted':
        return this.#listeners.emit('deleted', message.id);
      case 'refused':
        if (answersToMessage.includes(message.reason)) this.#settle(false);
        if (message.reason === 'name') this.#name = this.#identity?.name;
        return this.#listeners.emit('refused', { ...message, waitSeconds: message.waitSeconds });
      case 'muted':
        return this.#listeners.emit('muted', message);
      case 'mutes':
        return this.#listeners.emit('mutes', message.people);
      case 'pong':
        return;
      case 'ended':
        this.#endedBroadcast = this.#broadcast;
        this.#letGo();
        this.#enter('waiting');
        return this.#askWhetherLive();
    }
  }

  async #lost(opened: boolean, closeCode: number, reason: string): Promise<void> {
    this.#letGo();
    const error = opened ? closeError(closeCode, reason) : await explainRefusal(this.#addresses.chat);
    if (this.#abort.signal.aborted) return;
    // Too much at once is over when it is over; everything else that must not be repeated is not.
    if (error !== undefined && !error.retryable && errorCodeOfClose(closeCode) !== 'over-limit') {
      return this.#enter('refused', error.reason === 'unauthorized' && this.#key === undefined ? 'This page may not take part in the chat.' : error.message);
    }
    const full = !opened && error?.reason === 'unavailable';
    this.#enter('connecting', full ? 'There is no room in the chat right now. Trying again.' : 'The connection to the chat was lost. Trying again.');
    this.#after('retry', this.#policy.delayMs(this.#failures, 0) ?? 0, () => this.#askWhetherLive());
    this.#failures += 1;
  }

  #sendJoin(): void {
    if (this.#name === undefined) return;
    this.#request({ type: 'join', name: this.#name, ...(this.#key !== undefined && { key: this.#key }), ...(this.#token !== undefined && { token: this.#token }) });
  }

  #keepAlive(): void {
    this.#after('ping', pingEveryMs, () => {
      this.#prove();
      this.#keepAlive();
    });
  }

  /** Asks for a sign of life, and connects anew when none comes soon. */
  #prove(): void {
    if (this.#state !== 'open') return;
    const askedAtMs = Date.now();
    this.#request({ type: 'ping' });
    this.#after('prove', proveWithinMs, () => {
      if (this.#heardAtMs < askedAtMs) void this.#lost(true, 1006, '');
    });
  }

  #request(request: ChatRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  #settle(said: boolean): void {
    this.#sending?.settle(said);
    this.#sending = undefined;
  }

  #letGo(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
    this.#identity = undefined;
    this.#settle(false);
  }

  #after(name: 'retry' | 'ping' | 'prove', delayMs: number, what: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(what, delayMs));
  }

  #enter(state: ChatState, message?: string): void {
    if (this.#state === 'closed' || (state === this.#state && message === this.#message)) return;
    this.#state = state;
    this.#message = message;
    this.#listeners.emit('state', { state, message });
  }
}
