import { isIPv6 } from 'node:net';

export interface AddressBudgetOptions {
  /** What one address may spend at once, and again within a minute. */
  readonly perMinute: number;
  readonly maxAddresses?: number;
  /** Monotonic, in ms. */
  readonly now?: () => number;
}

/** Time saved up: every act costs some of it. */
interface Account {
  creditMs: number;
  atMs: number;
}

const maxCreditMs = 60_000;

/** How much each address may do: a bucket that fills up again evenly. */
export class AddressBudget {
  readonly #costMs: number;
  readonly #maxAddresses: number;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  constructor({ perMinute, maxAddresses = 10_000, now = () => performance.now() }: AddressBudgetOptions) {
    this.#costMs = maxCreditMs / perMinute;
    this.#maxAddresses = maxAddresses;
    this.#now = now;
  }

  /** Seconds until this address may act again; 0: now. */
  waitSeconds(address: string): number {
    return Math.ceil(Math.max(0, this.#costMs - this.#account(addressGroup(address)).creditMs) / 1000);
  }

  spend(address: string): void {
    const group = addressGroup(address);
    const account = this.#account(group);
    account.creditMs = Math.max(0, account.creditMs - this.#costMs);
    // Re-inserted: the map stays in the order of last use, and its head is forgotten first.
    this.#accounts.delete(group);
    this.#accounts.set(group, account);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > this.#maxAddresses && oldest !== undefined) this.#accounts.delete(oldest);
  }

  get size(): number {
    return this.#accounts.size;
  }

  #account(group: string): Account {
    const now = this.#now();
    const account = this.#accounts.get(group) ?? { creditMs: maxCreditMs, atMs: now };
    account.creditMs = Math.min(maxCreditMs, account.creditMs + (now - account.atMs));
    account.atMs = now;
    return account;
  }
}

/**
 * What is counted as one client: an IPv4 address, or the 64-bit network of an IPv6 address, since whoever has one of its
 * addresses has all of them (RFC 6177).
 */
export function addressGroup(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '').toLowerCase()).join(':')}::/64`;
}
