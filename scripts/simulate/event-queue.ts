/** What happens when, in milliseconds from 0 on; what is due at the same moment happens in the order in which it was planned. */
export class EventQueue {
  #nowMs = 0;
  #count = 0;
  readonly #heap: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];
  readonly #cancelled = new Set<number>();

  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns a function that takes it back */
  after(delayMs: number, run: () => void): () => void {
    const order = this.#count++;
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order, run };
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(entry, heap[up]); up = (at - 1) >> 1) {
      heap[at] = heap[up]!;
      heap[up] = entry;
      at = up;
    }
    return () => void this.#cancelled.add(order);
  }

  every(intervalMs: number, run: () => void): () => void {
    let cancel: () => unknown = () => undefined;
    const next = (): void => {
      cancel = this.after(intervalMs, () => {
        next();
        run();
      });
    };
    next();
    return () => void cancel();
  }

  /** Until then everything happens; promises are settled every `stepMs`, which is how late what they lead to may be. */
  async run(untilMs: number, stepMs = 10): Promise<void> {
    for (let stepEndMs = this.#nowMs + stepMs; this.#nowMs < untilMs; stepEndMs += stepMs) {
      for (let first = this.#heap[0]; first !== undefined && first.atMs <= Math.min(stepEndMs, untilMs); first = this.#heap[0]) {
        this.#removeFirst();
        if (this.#cancelled.delete(first.order)) continue;
        this.#nowMs = first.atMs;
        first.run();
      }
      this.#nowMs = Math.min(stepEndMs, untilMs);
      await new Promise(setImmediate);
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const down = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[down], last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
  }
}

interface Placed {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(a: Placed | undefined, b: Placed | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
