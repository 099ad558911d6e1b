export interface BuildWatchOptions {
  /** What tells one build from another; rejects while the server is away. */
  readonly newestBuild: () => Promise<string>;
  readonly reload: () => void;
}

/** Loads a page anew when there is another build than the one that it came with, or the server has started again. */
export class BuildWatch {
  readonly #options: BuildWatchOptions;
  #known: string | undefined;
  #wasAway = false;

  constructor(options: BuildWatchOptions) {
    this.#options = options;
  }

  /** Looks once; never rejects. */
  async look(): Promise<void> {
    const { newestBuild, reload } = this.#options;
    const newest = await newestBuild().catch(() => undefined);
    if (newest === undefined) {
      this.#wasAway = true;
      return;
    }
    const isOther = this.#known !== undefined && (newest !== this.#known || this.#wasAway);
    this.#known = newest;
    this.#wasAway = false;
    if (isOther) reload();
  }
}
