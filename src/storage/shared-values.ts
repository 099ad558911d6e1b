/**
 * Small values that several servers have in common, by names that each of them makes: what was said last counts, whoever said it. Each server keeps all of
 * them itself, too, so that nothing is lost with whatever stands between them.
 */
export interface SharedValues {
  /**
   * Begins to follow the others; must be called once.
   * @param own what this server has from before: where others said something of a name, that counts
   * @param onTold what another said of a name; undefined: it is gone
   */
  follow(own: Iterable<readonly [name: string, text: string]>, onTold: (name: string, text: string | undefined) => void): void;
  /** Told to the others at once, or as soon as they can be reached. undefined: it is gone. */
  tell(name: string, text: string | undefined): void;
}
