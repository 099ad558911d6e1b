/** Typed fan-out of news: `Events` maps each event's name to what its listeners are given. */
export class Listeners<Events extends object> {
  readonly #byName = new Map<keyof Events, Set<(detail: never) => void>>();

  /** @returns a function that takes the listener away again */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    for (const listener of this.#byName.get(name) ?? []) (listener as (detail: Events[Name]) => void)(detail);
  }
}
