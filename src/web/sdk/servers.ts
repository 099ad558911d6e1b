/** Servers of which any will do, for whoever connects. */
export interface Servers {
  readonly count: number;
  /** The one that is asked now does not do: its address is that of the next from now on; after the last comes the first. */
  next(): void;
}

/** The same, with their addresses. */
export class ServerList<Address> implements Servers {
  readonly #addresses: readonly [Address, ...Address[]];
  #turn = 0;

  /** @throws {TypeError} when there is none */
  constructor(addresses: readonly Address[]) {
    const [first, ...others] = addresses;
    if (first === undefined) throw new TypeError('expected the address of a server, or several, got an empty list');
    this.#addresses = [first, ...others];
  }

  get count(): number {
    return this.#addresses.length;
  }

  /** Of the one that is asked now. */
  get current(): Address {
    return this.#addresses[this.#turn % this.count] ?? this.#addresses[0];
  }

  next(): void {
    this.#turn += 1;
  }
}
