import type { BroadcastProgress, LeftBroadcast } from './broadcast-progress.js';
import type { Watchable } from './watchable.js';

/** One of those that run, wherever it does. */
export type Listed = Pick<Watchable, 'stream' | 'info'>;

/** Where everything is found that can be watched. */
export interface Watchables {
  /**
   * What can be watched here under a name: the running broadcast, or the last one until it is withdrawn.
   * @param broadcast that very one, also when the name stands for a later one
   */
  locate(stream: string, broadcast?: string): Promise<Watchable | undefined>;
  /** All that run. */
  list(): Promise<Listed[]>;
}

/** Who has which name, and what is watched under it: of this process alone, or of several that share names. */
export interface Directory extends Watchables {
  /**
   * Takes the name until the lease is released. Of two who ask at the same moment one gets it.
   * @throws {LiveError} already-live; unavailable when nobody can tell whether it is free
   */
  claim(stream: string): Promise<Lease>;
  /** How far the broadcast of this name was when its server died: what its publisher may go on with here. Undefined: there is none. */
  progressOf(stream: string): Promise<LeftBroadcast | undefined>;
}

/** One broadcast's hold on its name. */
export interface Lease {
  /** Higher than that of every earlier lease of this name: who comes with a lower one has lost the name. */
  readonly epoch: number;
  /** Resolves when somebody else has taken the name: what it was held for has to end. Undefined where that can't be. */
  readonly lost?: Promise<void> | undefined;
  /** For as long as it lasts nobody could be asked whether it still holds: somebody else may have the name. Undefined where that can't be. */
  readonly mayBeLost?: boolean | undefined;
  /** The name stands for this broadcast from now on. Called once, while the lease is held. */
  show(broadcast: Watchable): void;
  /** Writes down how far the broadcast is, for whoever goes on with it should this server die. Never waits. */
  note(progress: BroadcastProgress): void;
  /** The name is free, and nobody goes on with what had it; what was shown can still be watched. Idempotent, and never waits for long. */
  release(): Promise<void>;
  /** As `release`, but another server goes on with what was noted, as soon as its publisher comes there. Idempotent. */
  handOver(): Promise<void>;
  /** What was shown can't be watched any more. Idempotent. */
  withdraw(): void;
}
