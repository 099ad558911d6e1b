/** Sound may begin a little before the picture that comes first. */
const slackSeconds = 0.1;

/**
 * The clock of what viewers here are sent of another node's broadcast. When a third node goes on with it, media begins at 0 there: here
 * it goes on behind what came before, so that no player sees time go back.
 */
export class RelayClock {
  #run: string | undefined;
  #zeroSeconds = 0;
  #endSeconds = 0;
  #isNewRun = false;

  /** Media time here at which that of the node stands at 0. */
  get zeroSeconds(): number {
    return this.#zeroSeconds;
  }

  /** Nothing of this run has come yet, but of one before. */
  get isNewRun(): boolean {
    return this.#isNewRun;
  }

  /** @param run as long as it is the same, so is the node's clock */
  startRun(run: string): void {
    if (this.#run !== run && this.#run !== undefined) this.#isNewRun = true;
    this.#run = run;
  }

  /** The first media of a new run has come. @param firstSeconds where it begins on the node's clock */
  place(firstSeconds: number): void {
    if (!this.#isNewRun) return;
    this.#isNewRun = false;
    // In whole microseconds, as the times of frames are.
    this.#zeroSeconds = Math.round((this.#endSeconds + slackSeconds - firstSeconds) * 1e6) / 1e6;
  }

  /** Media up to there was sent on. */
  passed(endSeconds: number): void {
    if (endSeconds > this.#endSeconds) this.#endSeconds = endSeconds;
  }
}
