/** Room for so many bytes in all. Whoever finds none does without, and does not wait. */
export class ByteRoom {
  #free: number;

  constructor(byteLength: number) {
    this.#free = byteLength;
  }

  /** Whether there was room; whoever got it gives it back. */
  tryTake(byteLength: number): boolean {
    if (byteLength > this.#free) return false;
    this.#free -= byteLength;
    return true;
  }

  giveBack(byteLength: number): void {
    this.#free += byteLength;
  }
}
