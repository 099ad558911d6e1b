import type { LiveLog } from '../live/broadcast-options.js';
import { FragmentBus } from '../live/fragment-bus.js';
import type { Pictures } from '../live/pictures.js';
import type { RenditionChange } from '../live/viewer.js';
import type { ViewerPlace } from '../protocol/viewer-place.js';
import type { Viewers } from '../live/viewers.js';
import type { Watched } from '../http/relayed.js';
import type { Homes } from './homes.js';
import type { RedisDirectory } from './redis-directory.js';
import { Relay } from './relay.js';
import type { OpenUpstream } from './upstream.js';

/** Bounds and counts of viewers, as for broadcasts of this node. */
export interface RelayedViewing {
  readonly maxViewerBacklogBytes: number;
  readonly onSkip: () => void;
  readonly onChange: (change: RenditionChange) => void;
  /** Pictures that are made here, of what is fetched. */
  readonly picturesOf: (stream: string, viewers: Viewers) => Pictures;
}

export interface RelaysOptions extends RelayedViewing {
  readonly directory: Pick<RedisDirectory, 'holds'>;
  readonly homes: Pick<Homes, 'now' | 'later' | 'forget'>;
  /** How this node is reached: viewers stay with their relay when the broadcast comes here. */
  readonly nodeUrl: string;
  readonly openUpstream: OpenUpstream;
  readonly log: LiveLog;
}

/** A node that could not be understood is asked again after so long: it may have been replaced. */
const refusedForMs = 60_000;

/** All streams of other nodes that are watched here by fragments, each fetched once. */
export class Relays {
  readonly #options: RelaysOptions;
  readonly #relays = new Map<string, Relay>();
  readonly #refusedUntilMs = new Map<string, number>();
  #closed = false;

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** Streams that are fetched. */
  get count(): number {
    return this.#relays.size;
  }

  /** How many this node sends them to, of all streams. */
  countViewers(): number {
    return [...this.#relays.values()].reduce((sum, { countHere }) => sum + countHere, 0);
  }

  /**
   * What viewers of a stream can join here. undefined: each of them has to be handed on, since the other node does not feed this one.
   * @param node that has it
   * @param place where the viewer is for whom it is asked, if it comes back
   * @throws {Error} when that can't be reached just now
   */
  async open(stream: string, node: string, place?: ViewerPlace): Promise<Watched | undefined> {
    if (this.#closed || performance.now() < (this.#refusedUntilMs.get(node) ?? 0)) return undefined;
    const relay = this.#relays.get(stream) ?? this.#begin(stream, node, place);
    return (await relay.ready()) ? relay : undefined;
  }

  /** This node leaves: all viewers are told to come again, and who comes still is handed on. */
  close(): void {
    this.#closed = true;
    for (const relay of [...this.#relays.values()]) relay.close();
  }

  #begin(stream: string, node: string, place: ViewerPlace | undefined): Relay {
    const { directory, homes, nodeUrl, openUpstream, maxViewerBacklogBytes, onSkip, onChange, picturesOf, log } = this.#options;
    const relay: Relay = new Relay({
      ...{ stream, node, place, openUpstream, onChange, log },
      picturesOf: (viewers) => picturesOf(stream, viewers),
      createBus: () => new FragmentBus({ maxBacklogBytes: maxViewerBacklogBytes, onSkip, onDropped: (err) => log.warn({ stream, err }, 'a consumer of fragments failed and was let go') }),
      find: async (isLost) => {
        if (isLost) homes.forget(stream);
        const found = isLost ? await homes.later(stream) : await homes.now(stream);
        return directory.holds(stream) ? { node: nodeUrl, mayGoOn: true } : found;
      },
      onOver: () => void this.#relays.delete(stream),
      onRefused: (err) => {
        log.warn({ node, err }, 'another node does not feed this one: viewers are handed on to it one by one');
        this.#refusedUntilMs.set(node, performance.now() + refusedForMs);
      },
    });
    this.#relays.set(stream, relay);
    return relay;
  }
}
