/** A list that grows at its end and is let go of from its beginning, at a constant cost for each entry, however long it is. */
export class SlidingList<Entry> {
  #entries: (Entry | undefined)[] = [];
  /** Entries before it are gone; their places are cleared away together, when they are as many as those that stay. */
  #first = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  at(index: number): Entry | undefined {
    return this.#entries[this.#first + index];
  }

  drop(count: number): void {
    const first = Math.min(this.#entries.length, this.#first + count);
    this.#entries.fill(undefined, this.#first, first); // nothing of them is kept
    this.#first = first;
    if (this.#first * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  find(fits: (entry: Entry) => boolean): Entry | undefined {
    for (let index = this.#first; index < this.#entries.length; index++) {
      const entry = this.#entries[index] as Entry;
      if (fits(entry)) return entry;
    }
    return undefined;
  }

  findLast(fits: (entry: Entry) => boolean): Entry | undefined {
    for (let index = this.#entries.length - 1; index >= this.#first; index--) {
      const entry = this.#entries[index] as Entry;
      if (fits(entry)) return entry;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (let index = this.#first; index < this.#entries.length; index++) yield this.#entries[index] as Entry;
  }

  /** How many entries at the beginning are before the first that fits not, where all that fit stand before all others. */
  countWhile(fits: (entry: Entry) => boolean): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (fits(this.at(middle) as Entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
