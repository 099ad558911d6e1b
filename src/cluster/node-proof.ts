import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { VouchedClient } from '../http/client-of.js';

/** The header by which a node proves that it hands a request on, and says for whom. */
export const proofHeader = 'x-onair-node';
/** In the answer of a node that has nothing of the stream it was asked for: it was started again, and the address of its former run is in Redis still. */
export const notHereHeader = 'x-onair-not-here';
export const notHereWords = 'the other node was started again, or has let the stream go: it has nothing of it';

/** What is handed on: the proof is good for nothing else. */
export interface ForwardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By which the client reached the first node: addresses in the answer are made of it. */
  readonly host: string;
}

/** How far the clocks of nodes may lie apart, with the time that a request may take. */
const toleranceMs = 60_000;

/** Nodes believe each other by a secret that they share, and never because of where a connection comes from. */
export class NodeProof {
  readonly #secret: string;
  readonly #now: () => number;

  /** @param now wall clock, ms since the epoch: it is compared with that of other machines */
  constructor(secret: string, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
  }

  /** The header's value for one request of one client. */
  sign(request: ForwardedRequest, client: VouchedClient): string {
    const said = `1 ${this.#now()} ${client.protocol} ${client.address}`;
    return `${said} ${this.#mac(said, request).toString('base64url')}`;
  }

  /** The client for whom the request came, if a node of this cluster handed it on; undefined for whatever else carries the header. */
  read(header: string, request: ForwardedRequest): VouchedClient | undefined {
    const found = /^(1 (\d{1,15}) (https?) ([0-9a-fA-F.:]{2,45})) ([\w-]{43})$/.exec(header);
    if (!found) return undefined;
    const [, said = '', time, protocol, address = '', mac = ''] = found;
    if (!timingSafeEqual(Buffer.from(mac, 'base64url'), this.#mac(said, request))) return undefined;
    if (Math.abs(this.#now() - Number(time)) > toleranceMs || isIP(address) === 0) return undefined;
    return { address, protocol: protocol as VouchedClient['protocol'] };
  }

  #mac(said: string, { method, url, host }: ForwardedRequest): Buffer {
    return createHmac('sha256', `onair between nodes\n${this.#secret}`).update([said, method, host, url].join('\n')).digest();
  }
}
