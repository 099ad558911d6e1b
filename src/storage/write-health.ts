/** So many in a row, and a store is well again: one that is nearly full takes one thing and refuses the next. */
const steady = 3;

/** Whether a store takes what is written, so that what is told of it is told when it changes, and not with each thing. */
export class WriteHealth {
  /** What was taken since something was not; undefined: all is well. */
  #takenSince: number | undefined;

  /** Something was not taken. @returns whether all was well until now */
  failed(): boolean {
    const wasWell = this.#takenSince === undefined;
    this.#takenSince = 0;
    return wasWell;
  }

  /** @returns whether enough was taken in a row for `recovered()` */
  taken(): boolean {
    return this.#takenSince !== undefined && ++this.#takenSince >= steady;
  }

  /** @returns whether it is well again, once each time */
  recovered(): boolean {
    if ((this.#takenSince ?? 0) < steady) return false;
    this.#takenSince = undefined;
    return true;
  }
}
