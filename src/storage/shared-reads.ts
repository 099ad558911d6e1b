/** What several ask for at the same moment is read once, and all have the same bytes. Nothing is held beyond that. */
export class SharedReads {
  readonly #reading = new Map<string, Promise<Buffer>>();

  /** @param key the same for the same bytes. Who joins later shares the patience of who asked first, and what that ends with. */
  read(key: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const begun = this.#reading.get(key);
    if (begun) return begun;
    const reading = read().finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }
}
