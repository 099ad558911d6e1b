/** Typed fan-out of news: `Events` maps each event's name to what its listeners are given. */
export class Listeners<Events extends object> {
  readonly #byName = new Map<keyof Events, Set<{ readonly call: (detail: never) => void }>>();

  /** @returns a function that takes this listener away again, and no other */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    const entries = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, entries);
    const entry = { call: listener };
    entries.add(entry);
    return () => void entries.delete(entry);
  }

  /** Like `on`, for the next time alone. */
  once<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    const remove = this.on(name, (detail) => {
      remove();
      listener(detail);
    });
    return remove;
  }

  /** A listener that throws is reported as an uncaught error of the page; the others, and the caller, go on. */
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    const entries = this.#byName.get(name);
    // Of a copy: who is added while it is told waits for the next time, who is taken away is not told any more.
    for (const entry of [...(entries ?? [])]) {
      if (entries?.has(entry) !== true) continue;
      try {
        (entry.call as (detail: Events[Name]) => void)(detail);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
