import type { BrowserPage } from './browser-page.js';
import { Listeners } from './listeners.js';
import type { ReconnectPolicy } from './reconnect-policy.js';
import { closeRefusal, explainRefusal, type Refusal } from './refusal.js';
import type { Servers } from './servers.js';

/** A connection is gone, or did not come about. */
export interface SocketLoss {
  /** RFC 6455 §7.4; 1006 also when it was given up on this side. */
  readonly closeCode: number;
  /** What the server said: by its close code or, where it refused the upgrade, over HTTP. */
  readonly refusal: Refusal | undefined;
  /** Something was heard over this connection. */
  readonly proven: boolean;
  /** Something was heard over this or an earlier one. */
  readonly everProven: boolean;
  /** Losses in a row, this one included; those of a machine without network are not counted. */
  readonly failures: number;
  /** The next attempt is at a server that was not tried since something was heard. */
  readonly untriedServer: boolean;
  /** The policy has no more attempts. */
  readonly givenUp: boolean;
}

export interface LiveSocketOptions {
  /** Asked for every attempt. */
  readonly url: () => string;
  /** Where there are several, `url` is that of the one they stand at. */
  readonly servers?: Servers | undefined;
  readonly policy: ReconnectPolicy;
  /** Whether to go on after a loss. */
  readonly judge: (loss: SocketLoss) => 'retry' | 'over';
  /** How long an attempt may take until the first message comes, by the failures before it. */
  readonly connectTimeoutMs: (failures: number) => number;
  /** A message that the other end answers at once. */
  readonly ping: () => string;
  /** How long the answer may take where there is reason to doubt the connection. */
  readonly proveWithinMs: number;
  /** Where it is given: how often a sign of life is asked for without a reason, and after what silence the connection is dead. */
  readonly keepAlive?: { readonly everyMs: number; readonly deadAfterMs: number } | undefined;
  /** A connection that did not hold for so long counts as one more failure. */
  readonly stableAfterMs?: number | undefined;
  readonly seams: SocketSeams;
}

/** What it stands on; tests give their own. */
export interface SocketSeams {
  readonly openSocket: (url: string) => WebSocket;
  readonly explainRefusal: (url: string) => Promise<Refusal | undefined>;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly isOnline: () => boolean;
}

/** What it stands on in a page. */
export function socketSeams(page: BrowserPage): SocketSeams {
  return {
    openSocket: (url) => page.openSocket(url),
    explainRefusal: (url) => explainRefusal(url, (asked, init) => page.fetch(asked, init)),
    nowMs: () => page.nowMs(),
    isOnline: () => page.online,
  };
}

export interface LiveSocketEvents {
  /** Something can be sent. */
  open: undefined;
  message: string | ArrayBuffer;
  /** It is tried again by itself. */
  lost: SocketLoss;
}

/** No tick comes this late on a machine that is awake, in a tab that is seen. */
const asleepMs = 4_000;
/** Without network the browser says when there is one again; some are wrong about it. */
const offlineRetryMs = 30_000;
/** An attempt as young as this is not worth starting over. */
const youngMs = 1_000;
/** What a server says that goes away or is full, it says to many: the first pause is that of a later attempt. */
const crowdedAttempt = 2;

/**
 * A WebSocket that keeps itself up: a limit on connecting, doubt and proof, pauses by the policy, the server's own wish, the
 * next server where there are several, waiting without network. It knows nothing of what is said. Its owner ticks it a few times a second and so chooses the clock, and tells it
 * when the network came back. Whoever is over is over for good.
 */
export class LiveSocket extends Listeners<LiveSocketEvents> {
  /** The loss after which it did not go on; undefined: closed on this side. */
  readonly closed: Promise<SocketLoss | undefined>;
  readonly #options: LiveSocketOptions;
  readonly #seams: SocketSeams;
  #settle: (loss: SocketLoss | undefined) => void = () => undefined;
  #socket: WebSocket | undefined;
  #open = false;
  #proven = false;
  #everProven = false;
  #over = false;
  #failures = 0;
  #failedServers = 0;
  #connectingSinceMs = 0;
  #provenAtMs = 0;
  #lostAtMs: number | undefined;
  #retryAtMs: number | undefined;
  #askedAtMs = 0;
  #deadAtMs: number | undefined;
  #tickedAtMs: number;

  constructor(options: LiveSocketOptions) {
    super();
    this.#options = options;
    this.#seams = options.seams;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.#tickedAtMs = this.#seams.nowMs();
    this.#connect();
  }

  /** What the network has not taken yet, in bytes. */
  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** @returns whether there was a connection to send over */
  send(message: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.#open) return false;
    this.#socket?.send(message);
    return true;
  }

  /** Call it a few times a second: every timeout and every attempt happens here. */
  tick(): void {
    const nowMs = this.#seams.nowMs();
    const slept = nowMs - this.#tickedAtMs > asleepMs;
    this.#tickedAtMs = nowMs;
    if (this.#retryAtMs !== undefined) {
      if (nowMs >= this.#retryAtMs) this.#connect();
      return;
    }
    if (this.#socket === undefined) return;
    if (!this.#proven) {
      if (nowMs - this.#connectingSinceMs > this.#options.connectTimeoutMs(this.#failures)) this.drop();
      return;
    }
    if (this.#deadAtMs !== undefined && nowMs > this.#deadAtMs) return this.drop();
    const { keepAlive } = this.#options;
    if (keepAlive === undefined) return;
    if (slept) this.prove();
    else if (nowMs - this.#askedAtMs >= keepAlive.everyMs) this.#ask(keepAlive.deadAfterMs);
  }

  /** There is reason to doubt the connection: an answer is awaited only for a moment. */
  prove(): void {
    if (this.#proven) this.#ask(this.#options.proveWithinMs);
  }

  /** The network is back: the next attempt is now, and a connection that was made through another network is doubted. */
  retryNow(): void {
    if (this.#retryAtMs !== undefined) {
      this.#failures = 0;
      return this.#connect();
    }
    if (this.#proven) return this.prove();
    const isHanging = this.#socket !== undefined && this.#seams.nowMs() - this.#connectingSinceMs > youngMs;
    if (!isHanging) return;
    this.#abandon();
    this.#connect();
  }

  /** Takes the connection for dead: a half-open one never says goodbye by itself. */
  drop(): void {
    const url = this.#abandon();
    if (url !== undefined) this.#lost(1006, '', url, true);
  }

  /** Lets go for good; idempotent. */
  close(): void {
    this.#finish(undefined);
  }

  #connect(): void {
    this.#retryAtMs = undefined;
    this.#connectingSinceMs = this.#seams.nowMs();
    const url = this.#options.url();
    const socket = this.#seams.openSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (socket === this.#socket) this.#opened();
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket === this.#socket) this.#heard(data);
    });
    socket.addEventListener('close', ({ code, reason }: CloseEvent) => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      this.#open = false;
      this.#lost(code, reason, url);
    });
  }

  #opened(): void {
    if (this.#open) return;
    this.#open = true;
    this.emit('open', undefined);
  }

  #heard(data: string | ArrayBuffer): void {
    this.#opened();
    this.#deadAtMs = undefined;
    if (!this.#proven) {
      this.#proven = this.#everProven = true;
      this.#provenAtMs = this.#askedAtMs = this.#seams.nowMs();
      this.#lostAtMs = undefined;
      this.#failedServers = 0;
      if (this.#options.stableAfterMs === undefined) this.#failures = 0;
    }
    this.emit('message', data);
  }

  #ask(withinMs: number): void {
    const nowMs = this.#seams.nowMs();
    this.#askedAtMs = nowMs;
    // A doubt that stands already is not put off by the next one.
    this.#deadAtMs = Math.min(this.#deadAtMs ?? Infinity, nowMs + withinMs);
    this.send(this.#options.ping());
  }

  /** @returns the address of what was let go of */
  #abandon(): string | undefined {
    const stale = this.#socket;
    this.#socket = undefined;
    this.#open = false;
    stale?.close();
    return stale?.url;
  }

  #lost(closeCode: number, reason: string, url: string, wasSilent = false): void {
    const proven = this.#proven;
    const { stableAfterMs } = this.#options;
    const nowMs = this.#seams.nowMs();
    if (proven && stableAfterMs !== undefined && nowMs - this.#provenAtMs >= stableAfterMs) this.#failures = 0;
    this.#proven = false;
    this.#deadAtMs = undefined;
    this.#lostAtMs ??= nowMs;
    const told = closeRefusal(closeCode, reason);
    // One that does not answer is not asked why where another may answer at once.
    const goesOn = wasSilent && (this.#options.servers?.count ?? 1) > 1;
    if (told !== undefined || proven || goesOn) return this.#afterLoss(closeCode, proven, told);
    void this.#seams.explainRefusal(url).then((explained) => this.#afterLoss(closeCode, proven, explained));
  }

  #afterLoss(closeCode: number, proven: boolean, refusal: Refusal | undefined): void {
    // Meanwhile it may have been closed, or tried again.
    if (this.#over || this.#socket !== undefined) return;
    const online = this.#seams.isOnline();
    if (online) this.#failures += 1;
    const nowMs = this.#seams.nowMs();
    const crowded = refusal?.code === 'unavailable' || closeCode === 1001 || closeCode === 1012;
    const attempt = Math.max(0, this.#failures - 1, crowded ? crowdedAttempt : 0);
    const { policy, servers } = this.#options;
    // Of a connection that held perhaps only the line broke, so it is tried once more where it was; and what is refused for good is refused by all.
    const failed = crowded || (!proven && refusal?.code !== 'not-found' && (refusal?.retryable ?? true));
    if (servers !== undefined && online && failed) {
      servers.next();
      this.#failedServers += 1;
    }
    const untriedServer = this.#failedServers > 0 && this.#failedServers < (servers?.count ?? 1);
    // What one server wishes is not said of another.
    const delayMs = policy.delayMs(attempt, nowMs - (this.#lostAtMs ?? nowMs), untriedServer ? 0 : refusal?.retryAfterMs);
    const loss = { closeCode, refusal, proven, everProven: this.#everProven, failures: this.#failures, untriedServer };
    if (this.#options.judge({ ...loss, givenUp: false }) === 'over') return this.#finish({ ...loss, givenUp: false });
    if (delayMs === undefined) return this.#finish({ ...loss, givenUp: true });
    this.#retryAtMs = nowMs + (online ? delayMs : offlineRetryMs);
    this.emit('lost', { ...loss, givenUp: false });
  }

  #finish(loss: SocketLoss | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#retryAtMs = undefined;
    this.#open = false;
    this.#proven = false;
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#settle(loss);
  }
}
