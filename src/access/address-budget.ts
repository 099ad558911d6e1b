import { isIPv6 } from 'node:net';

export interface AddressBudgetOptions {
  /** What one address may spend at once, and again within a minute. */
  readonly perMinute: number;
  readonly maxAddresses?: number;
  readonly now?: () => number;
}

interface Account {
  left: number;
  atMs: number;
}

/** How much each address may do: a bucket of tokens that fills up again evenly. */
export class AddressBudget {
  readonly #perMinute: number;
  readonly #maxAddresses: number;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  constructor({ perMinute, maxAddresses = 10_000, now = Date.now }: AddressBudgetOptions) {
    this.#perMinute = perMinute;
    this.#maxAddresses = maxAddresses;
    this.#now = now;
  }

  /** Seconds until this address may act again; 0: now. */
  waitSeconds(address: string): number {
    const { left } = this.#account(addressGroup(address));
    return left >= 1 ? 0 : Math.ceil(((1 - left) * 60) / this.#perMinute);
  }

  spend(address: string): void {
    const group = addressGroup(address);
    const account = this.#account(group);
    account.left = Math.max(0, account.left - 1);
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
    const account = this.#accounts.get(group) ?? { left: this.#perMinute, atMs: now };
    account.left = Math.min(this.#perMinute, account.left + ((now - account.atMs) * this.#perMinute) / 60_000);
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
