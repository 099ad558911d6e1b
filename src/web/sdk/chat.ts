import { parseChatMessage, type ChatMessage, type ChatRefusal, type ChatRequest } from '../../protocol/chat-messages.js';
import { readChatName, readChatText } from '../../protocol/chat-text.js';
import { browserPage, type BrowserPage } from './browser-page.js';
import type { ChatEvents, ChatIdentity, ChatOptions, ChatState } from './chat-events.js';
import { chatNotice } from './chat-words.js';
import { refusalError } from './errors.js';
import { Listeners } from './listeners.js';
import { LiveSocket, socketSeams, type SocketLoss } from './live-socket.js';
import { addressesAt } from './playback/addresses.js';
import { pageFacts, type FactsDesk, type FactsFollower, type StreamFacts } from './playback/facts-poll.js';
import type { StreamAddresses } from './playback/playback.js';
import { ReconnectPolicy } from './reconnect-policy.js';
import type { Notice } from './words.js';

const tickMs = 500;
const keepAlive = { everyMs: 20_000, deadAfterMs: 30_000 };
/** How long an answer may take after something was sent, the network changed or the machine slept. */
const proveWithinMs = 5_000;
const connectTimeoutMs = { first: 5_000, longest: 15_000 };
const stableAfterMs = 5_000;
/** Nobody waits for the chat as for the picture: its pauses grow longer. */
const patience = { firstDelayMs: 1_000, maxDelayMs: 15_000, giveUpAfterMs: Infinity, spread: 1 };
/** Refusals that can be the answer to a message. */
const answersToMessage: readonly ChatRefusal[] = ['too-fast', 'muted', 'text', 'name', 'not-joined'];

interface Sending {
  readonly text: string;
  readonly settle: (said: boolean) => void;
}

/** What it stands on; tests give their own. */
export interface ChatSeams {
  readonly page: BrowserPage;
  readonly facts: FactsDesk;
  readonly baseUrl: string;
}

/** What is said beside a live stream: reads, writes, moderates; waits for the broadcast, and comes back after a loss. */
export class Chat extends Listeners<ChatEvents> {
  readonly #addresses: StreamAddresses;
  readonly #key: string | undefined;
  readonly #page: BrowserPage;
  readonly #desk: FactsDesk;
  readonly #releases: (() => void)[];
  #state: ChatState = 'connecting';
  #notice: Notice | undefined;
  #message: string | undefined;
  #name: string | undefined;
  #token: string | undefined;
  #identity: ChatIdentity | undefined;
  #facts: FactsFollower | undefined;
  #socket: LiveSocket | undefined;
  #sending: Sending | undefined;
  #endedBroadcast: string | undefined;
  #broadcast: string | undefined;

  /** @throws {TypeError} when the address names no live stream */
  constructor(options: ChatOptions, seams: Partial<ChatSeams> = {}) {
    super();
    this.#page = seams.page ?? browserPage;
    this.#desk = seams.facts ?? pageFacts;
    this.#addresses = addressesAt(options.url, options.stream, seams.baseUrl ?? document.baseURI);
    this.#key = options.key;
    this.#name = options.name;
    this.#token = options.token;
    this.#releases = [
      this.#page.every(tickMs, () => this.#socket?.tick()),
      this.#page.on('shown', () => this.#socket?.prove()),
      this.#page.on('online', () => this.#socket?.retryNow()),
      this.#page.on('offline', () => this.#socket?.prove()),
    ];
    this.#askWhetherLive();
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
      this.#socket?.prove();
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
    this.#letGo();
    this.#facts?.close();
    for (const release of this.#releases.splice(0)) release();
  }

  /** While there is no connection, the public facts tell when there is something to connect to. */
  #askWhetherLive(): void {
    if (this.#state === 'closed') return;
    this.#facts?.close();
    this.#facts = this.#desk.follow(this.#addresses.facts, (facts) => this.#learn(facts));
  }

  #learn(facts: StreamFacts): void {
    if (!facts.known) {
      this.#addresses.servers?.next();
      return this.#enter('connecting', chatNotice('chat-unreachable', { status: facts.status }));
    }
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
    this.#enter('connecting', this.#notice);
    const page = this.#page;
    const socket = new LiveSocket({
      url: () => this.#addresses.chat,
      servers: this.#addresses.servers,
      policy: new ReconnectPolicy({ ...patience, random: () => page.random() }),
      judge: (loss) => (mayGoOn(loss) ? 'retry' : 'over'),
      connectTimeoutMs: (failures) => Math.min(connectTimeoutMs.longest, connectTimeoutMs.first * (1 + failures / 2)),
      ping: () => JSON.stringify({ type: 'ping' } satisfies ChatRequest),
      ...{ proveWithinMs, keepAlive, stableAfterMs },
      seams: socketSeams(page),
    });
    this.#socket = socket;
    socket.on('message', (data) => this.#take(data));
    socket.on('lost', (loss) => {
      this.#forgetPerson();
      this.#enter('connecting', chatNotice(!loss.proven && loss.refusal?.code === 'unavailable' ? 'chat-full' : 'chat-lost', {}));
    });
    void socket.closed.then((loss) => loss !== undefined && socket === this.#socket && this.#over(loss));
  }

  #take(data: string | ArrayBuffer): void {
    const message = typeof data === 'string' ? parseChatMessage(data) : undefined;
    if (message !== undefined) this.#handle(message);
  }

  #handle(message: ChatMessage): void {
    switch (message.type) {
      case 'history':
        this.#broadcast = message.broadcast;
        this.emit('history', message.messages);
        this.#enter('open');
        return this.#sendJoin();
      case 'joined':
        this.#identity = message;
        this.#token = message.token;
        return this.emit('joined', message);
      case 'message':
        this.emit('message', message);
        if (message.person === this.#identity?.person && message.text === this.#sending?.text) this.#settle(true);
        return;
      case 'deleted':
        return this.emit('deleted', message.id);
      case 'refused':
        if (answersToMessage.includes(message.reason)) this.#settle(false);
        if (message.reason === 'name') this.#name = this.#identity?.name;
        return this.emit('refused', { ...message, waitSeconds: message.waitSeconds });
      case 'muted':
        return this.emit('muted', message);
      case 'mutes':
        return this.emit('mutes', message.people);
      case 'pong':
        return;
      case 'ended':
        this.#endedBroadcast = this.#broadcast;
        this.#letGo();
        this.#enter('waiting');
        return this.#askWhetherLive();
    }
  }

  #over({ refusal }: SocketLoss): void {
    this.#letGo();
    if (refusal === undefined || refusal.code === 'not-found') return this.#askWhetherLive();
    if (refusal.code === 'unauthorized' && this.#key === undefined) return this.#enter('refused', chatNotice('chat-forbidden', {}));
    this.#enter('refused', undefined, refusalError(refusal).message);
  }

  #sendJoin(): void {
    if (this.#name === undefined) return;
    this.#request({ type: 'join', name: this.#name, ...(this.#key !== undefined && { key: this.#key }), ...(this.#token !== undefined && { token: this.#token }) });
  }

  #request(request: ChatRequest): void {
    this.#socket?.send(JSON.stringify(request));
  }

  #settle(said: boolean): void {
    this.#sending?.settle(said);
    this.#sending = undefined;
  }

  #letGo(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#forgetPerson();
  }

  #forgetPerson(): void {
    this.#identity = undefined;
    this.#settle(false);
  }

  #enter(state: ChatState, said?: Notice, message = said?.message): void {
    if (this.#state === 'closed' || (state === this.#state && message === this.#message)) return;
    this.#state = state;
    this.#notice = said;
    this.#message = message;
    this.emit('state', { state, message, notice: said });
  }
}

/** Too much at once is over when it is over; everything else that must not be repeated is not. */
function mayGoOn({ refusal }: SocketLoss): boolean {
  if (refusal?.code === 'not-found') return false;
  return refusal === undefined || refusal.retryable || refusal.code === 'over-limit';
}
