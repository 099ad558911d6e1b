import type { Socket } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { addressGroup } from '../access/address-budget.js';
import { LimitError } from '../access/limit-error.js';
import { clientAddress, isVouchedFor } from './client-of.js';
import type { CutCounts } from './counts.js';
import { RefusalLog } from './refusal-log.js';
import { whenGone, type Peer } from './when-gone.js';

/** Beyond the limit there is room for a tenth more to be told so, and for this many at most; more are cut without a word. */
const maxSpareConnections = 500;
/** How long a connection over the limit may take to ask, and to be told. */
const refusalMs = 5000;
const retryAfterSeconds = 10;

export interface ConnectionLimitsOptions {
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Their connections are those of many clients. */
  readonly trustedProxies: boolean | readonly string[];
  readonly cuts: CutCounts;
}

/** Counts connections as they come, in all and by address, also those that never say a word. */
export class ConnectionLimits {
  readonly #maxConnections: number;
  readonly #maxPerAddress: number;
  readonly #cuts: CutCounts;
  readonly #spare: number;
  readonly #refusals: RefusalLog;
  readonly #isProxy: (address: string) => boolean;
  readonly #counts = new Map<string, number>();
  /** By the far end's address and port, since TLS and HTTP/2 hide the connection itself. */
  readonly #refused = new Map<string, string>();
  /** Of which group each open connection of HTTP counts, by its far end. */
  readonly #groups = new Map<string, string>();
  /** Connections that stay, by the address of the client behind them. */
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor({ log, maxConnections, maxConnectionsPerAddress, trustedProxies, cuts }: ConnectionLimitsOptions) {
    this.#cuts = cuts;
    this.#maxConnections = maxConnections;
    this.#maxPerAddress = maxConnectionsPerAddress;
    this.#isProxy = proxyTest(trustedProxies);
    this.#spare = Math.min(Math.ceil(maxConnections / 10), maxSpareConnections);
    this.#refusals = new RefusalLog({ log, state: () => ({ connections: this.#total, maxConnections }) });
  }

  /** From now on every connection of this server is counted; nothing is answered on one too many but why. */
  guard(app: FastifyInstance): void {
    app.addHook('onClose', async () => this.#refusals.close());
    app.server.maxConnections = this.#maxConnections + this.#spare;
    app.server.on('drop', () => {
      this.#cuts.count('connections');
      this.#refusals.count('cut');
    });
    app.server.on('connection', (socket: Socket) => this.admit(socket, { mayBeProxy: true }));
    app.addHook('onRequest', (request, reply, done) => {
      const words = this.refusalOn(request.socket);
      if (words === undefined) return done();
      if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
      done(new LimitError(words, retryAfterSeconds));
    });
  }

  /** After the hooks that vouch for clients: a connection by which another server hands their requests on counts for no address, as a proxy's. */
  exceptServers(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _reply, done) => {
      if (isVouchedFor(request)) this.#uncount(farEnd(request.socket));
      done();
    });
  }

  /**
   * Counts one that stays (a WebSocket, an endless body) for its client until it has gone; a proxy in front does not hide
   * who it is.
   * @throws {LimitError}
   */
  hold(request: FastifyRequest, peer: Peer): void {
    const group = addressGroup(clientAddress(request));
    if ((this.#held.get(group) ?? 0) >= this.#maxPerAddress) throw new LimitError(tooMany(this.#maxPerAddress), retryAfterSeconds);
    add(this.#held, group, 1);
    whenGone(peer, () => add(this.#held, group, -1));
  }

  /**
   * Counts a connection from its beginning. One too many is to be told why, in the words that this answers, and is cut after
   * a moment.
   */
  admit(socket: Socket, { mayBeProxy }: { mayBeProxy: boolean }): string | undefined {
    const address = socket.remoteAddress ?? '';
    const group = mayBeProxy && this.#isProxy(address) ? undefined : addressGroup(address);
    this.#total += 1;
    const isBeyondSpare = this.#total > this.#maxConnections + this.#spare;
    if (isBeyondSpare) socket.destroy();
    if (group !== undefined) add(this.#counts, group, 1);
    const isHttp = mayBeProxy && group !== undefined;
    if (isHttp) this.#groups.set(farEnd(socket), group);
    const words = this.#refusal(group);
    const key = farEnd(socket);
    let patience: NodeJS.Timeout | undefined;
    if (words !== undefined) {
      this.#cuts.count('connections');
      this.#refused.set(key, words);
      this.#refusals.count(isBeyondSpare ? 'cut' : 'refused');
      patience = setTimeout(() => socket.destroy(), refusalMs);
    }
    socket.once('close', () => {
      this.#total -= 1;
      if (isHttp) this.#uncount(key);
      else if (group !== undefined) add(this.#counts, group, -1);
      if (words !== undefined) this.#refused.delete(key);
      clearTimeout(patience);
    });
    return words;
  }

  /** How many connections are open, and how many of them and of their requests stay: WebSockets, endless bodies, what is pushed. */
  get counts(): { readonly open: number; readonly staying: number } {
    return { open: this.#total, staying: [...this.#held.values()].reduce((sum, count) => sum + count, 0) };
  }

  /** Why nothing is answered on this connection, in words; undefined for one that there is room for. */
  refusalOn(socket: Socket): string | undefined {
    return this.#refused.size > 0 ? this.#refused.get(farEnd(socket)) : undefined;
  }

  #uncount(key: string): void {
    const group = this.#groups.get(key);
    if (group !== undefined && this.#groups.delete(key)) add(this.#counts, group, -1);
  }

  #refusal(group: string | undefined): string | undefined {
    if (this.#total > this.#maxConnections) return 'the server has as many connections as it can take; try again later';
    if (group !== undefined && (this.#counts.get(group) ?? 0) > this.#maxPerAddress) return tooMany(this.#maxPerAddress);
    return undefined;
  }
}

function tooMany(max: number): string {
  return `there are ${max} connections from this address already; close some of them`;
}

function farEnd({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}

function add(counts: Map<string, number>, group: string, change: number): void {
  const count = (counts.get(group) ?? 0) + change;
  if (count > 0) counts.set(group, count);
  else counts.delete(group);
}

/** As Fastify judges whose `X-Forwarded-For` it believes. */
function proxyTest(trusted: boolean | readonly string[]): (address: string) => boolean {
  if (typeof trusted === 'boolean') return () => trusted;
  const isTrusted = proxyAddr.compile([...trusted]);
  return (address) => isTrusted(address, 0);
}
