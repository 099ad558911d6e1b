import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';
import { TwoSocketIngest, type IngestEntry, type IngestPart } from '../live/two-socket-ingest.js';

/** Which broadcasts come on two sockets, `?part=blob` and `?part=chunk`. */
export class IngestParts {
  readonly #registry: LiveRegistry;
  readonly #pairs = new WeakMap<Broadcast, TwoSocketIngest>();

  constructor(registry: LiveRegistry) {
    this.#registry = registry;
  }

  /** The broadcast that an earlier socket of a pair has opened, while more may come. */
  opened(stream: string): Broadcast | undefined {
    const running = this.#registry.get(stream);
    if (!running || !this.#pairs.has(running)) return undefined;
    return running.ingest.acceptsToken(running.ingest.resumeToken) ? running : undefined;
  }

  /** From now on sockets of this broadcast come in pairs. */
  open(broadcast: Broadcast): void {
    if (!this.#pairs.has(broadcast)) this.#pairs.set(broadcast, new TwoSocketIngest(broadcast.ingest));
  }

  /** Where a socket of this part, or of none, connects. */
  entry(broadcast: Broadcast, part: IngestPart | undefined): IngestEntry {
    const pair = part && this.#pairs.get(broadcast);
    return pair ? pair.entry(part) : broadcast.ingest;
  }
}

/** @throws {LiveError} malformed */
export function readPart(query: unknown): IngestPart | undefined {
  const { part } = query as { part?: unknown };
  if (part === undefined || part === 'blob' || part === 'chunk') return part;
  throw new LiveError('malformed', `expected part to be "blob" or "chunk", got ${JSON.stringify(part).slice(0, 80)}`);
}
