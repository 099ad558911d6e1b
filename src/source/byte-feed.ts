const nothing = new Uint8Array(0);

/**
 * A position in a byte stream that arrives in slices. Only what a caller peeks at across a slice's border is copied;
 * what is skipped is never looked at.
 */
export class ByteFeed {
  #slice: Uint8Array = nothing;
  #at = 0;
  /** The beginning of a peek that reached past the slice's end; stands before `#slice[#at]`. */
  #held = nothing;
  #heldLength = 0;
  #skipLeft = 0;
  #received = 0;
  #offset = 0;

  /** Where in the stream the next unread byte stands. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are kept between two slices. */
  get heldBytes(): number {
    return this.#heldLength;
  }

  /** Read or peek until undefined before the next slice; then `unload`. */
  load(slice: Uint8Array): void {
    this.#slice = slice;
    this.#received += slice.length;
    this.#at = Math.min(this.#skipLeft, slice.length);
    this.#skipLeft -= this.#at;
  }

  /** Lets go of the slice; nothing of it may be left unread. */
  unload(): void {
    this.#slice = nothing;
    this.#at = 0;
  }

  /** The next `length` bytes, valid until the next call, or undefined until more have come. Consumes nothing. */
  peek(length: number): Uint8Array | undefined {
    if (this.#skipLeft > 0) return undefined;
    if (this.#heldLength >= length) return this.#held.subarray(0, length);
    const inSlice = this.#slice.length - this.#at;
    if (this.#heldLength === 0 && inSlice >= length) return this.#slice.subarray(this.#at, this.#at + length);
    const taken = Math.min(length - this.#heldLength, inSlice);
    this.#hold(this.#slice.subarray(this.#at, this.#at + taken));
    this.#at += taken;
    return this.#heldLength >= length ? this.#held.subarray(0, length) : undefined;
  }

  /** The next `length` bytes, the caller's to keep, or undefined until more have come: a view where they came in one slice. Moves on. */
  take(length: number): Uint8Array | undefined {
    const bytes = this.peek(length);
    if (bytes === undefined) return undefined;
    const kept = this.#heldLength > 0 ? bytes.slice() : bytes;
    this.skip(length);
    return kept;
  }

  /** The byte `index` places on, or undefined until it has come: a peek that makes no view. */
  at(index: number): number | undefined {
    const isInSlice = this.#heldLength === 0 && this.#skipLeft === 0 && this.#at + index < this.#slice.length;
    return isInSlice ? this.#slice[this.#at + index] : this.peek(index + 1)?.[index];
  }

  /** How many bytes stand before the next one of this value; all that have come, where it is not among them. */
  distanceTo(byte: number): number {
    if (this.#skipLeft > 0) return 0;
    const inHeld = this.#held.subarray(0, this.#heldLength).indexOf(byte);
    if (inHeld >= 0) return inHeld;
    const inSlice = this.#slice.indexOf(byte, this.#at);
    return this.#heldLength + (inSlice < 0 ? this.#slice.length : inSlice) - this.#at;
  }

  /** Moves on by `length` bytes, also ones that have not come yet. */
  skip(length: number): void {
    this.#offset += length;
    const fromHeld = Math.min(length, this.#heldLength);
    if (fromHeld > 0) this.#held.copyWithin(0, fromHeld, this.#heldLength);
    this.#heldLength -= fromHeld;
    const fromSlice = Math.min(length - fromHeld, this.#slice.length - this.#at);
    this.#at += fromSlice;
    this.#skipLeft += length - fromHeld - fromSlice;
  }

  /** Moves to the end of all that was loaded, forgetting what was held or still to be skipped. */
  skipToEnd(): void {
    this.#heldLength = 0;
    this.#skipLeft = 0;
    this.#at = this.#slice.length;
    this.#offset = this.#received;
  }

  #hold(bytes: Uint8Array): void {
    const needed = this.#heldLength + bytes.length;
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, 256, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldLength));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = needed;
  }
}
