import { createHmac, timingSafeEqual } from 'node:crypto';
import { LiveError } from '../protocol/live-error.js';

export interface ViewingToken {
  /** Stands in the path of everything that is watched: relative URLs keep it, in every player. */
  readonly token: string;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

// base64url of 256 bits; the expiry is in seconds since 1970, base 36.
const tokenPattern = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;

/** Signs links to one stream, and knows its own signatures again; nothing is stored. */
export class ViewingLinks {
  readonly #viewKey: string;
  readonly #now: () => number;

  constructor({ viewKey, now = Date.now }: { viewKey: string; now?: () => number }) {
    this.#viewKey = viewKey;
    this.#now = now;
  }

  sign(stream: string, lifetimeSeconds: number): ViewingToken {
    const expiresAtSeconds = Math.floor(this.#now() / 1000) + lifetimeSeconds;
    const expiry = expiresAtSeconds.toString(36);
    return { token: `${expiry}.${this.#signature(stream, expiry).toString('base64url')}`, expiresAt: new Date(expiresAtSeconds * 1000).toISOString() };
  }

  /** @throws {LiveError} unauthorized, in words for whoever opened the link */
  require(stream: string, token: string | undefined): void {
    if (token === undefined) throw new LiveError('unauthorized', `"${stream}" is watched by signed links only, got a link without a signature`);
    const [, expiry = '', signature = ''] = tokenPattern.exec(token) ?? [];
    // The signature first: an expiry that nobody signed says nothing.
    if (signature === '' || !timingSafeEqual(Buffer.from(signature, 'base64url'), this.#signature(stream, expiry))) {
      throw new LiveError('unauthorized', `this link was not made for "${stream}"; ask for a new one`);
    }
    if (parseInt(expiry, 36) * 1000 <= this.#now()) throw new LiveError('unauthorized', 'this link has expired; ask for a new one');
  }

  /** The same as a question. */
  fits(stream: string, token: string | undefined): boolean {
    try {
      this.require(stream, token);
      return true;
    } catch (error) {
      if (error instanceof LiveError) return false;
      throw error;
    }
  }

  #signature(stream: string, expiry: string): Buffer {
    return createHmac('sha256', this.#viewKey).update(`onair view\n${stream}\n${expiry}`).digest();
  }
}
