import { LiveError } from '../live/errors.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { LiveStream } from '../live/live-stream.js';
import { PartIngest, type IngestEntry, type IngestPart } from '../live/part-ingest.js';

/** Which broadcasts come on two sockets, `?part=blob` and `?part=chunk`. */
export class IngestParts {
  readonly #registry: LiveRegistry;
  readonly #pairs = new WeakMap<LiveStream, PartIngest>();

  constructor(registry: LiveRegistry) {
    this.#registry = registry;
  }

  /** The broadcast that an earlier socket of a pair has opened, while more may come. */
  opened(stream: string): LiveStream | undefined {
    const running = this.#registry.get(stream);
    if (!running || !this.#pairs.has(running)) return undefined;
    return running.ingest.acceptsToken(running.ingest.resumeToken) ? running : undefined;
  }

  /** From now on sockets of this broadcast come in pairs. */
  open(liveStream: LiveStream): void {
    if (!this.#pairs.has(liveStream)) this.#pairs.set(liveStream, new PartIngest(liveStream.ingest));
  }

  /** Where a socket of this part, or of none, connects. */
  entry(liveStream: LiveStream, part: IngestPart | undefined): IngestEntry {
    const pair = part && this.#pairs.get(liveStream);
    return pair ? pair.entry(part) : liveStream.ingest;
  }
}

/** @throws {LiveError} malformed */
export function readPart(query: unknown): IngestPart | undefined {
  const { part } = query as { part?: unknown };
  if (part === undefined || part === 'blob' || part === 'chunk') return part;
  throw new LiveError('malformed', `expected part to be "blob" or "chunk", got ${JSON.stringify(part).slice(0, 80)}`);
}
