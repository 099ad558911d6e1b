import type { Watchables } from '../../src/live/directory.js';
import type { Admission, ResumableBroadcast } from '../../src/live/published-broadcast.js';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { alreadyLive, entryOf, type Publisher } from '../../src/live/taking-over.js';
import { LiveError } from '../../src/protocol/live-error.js';
import { FakeBroadcast } from './fake-broadcast.js';
import type { FakeIngest } from './fake-ingest.js';

/** Stands in for the server's broadcasts and their directory: what is there, and who is refused, is set by the test. */
export class FakeBroadcasts {
  readonly streams = new Map<string, FakeBroadcast>();
  readonly descriptions = new StreamDescriptions({ file: undefined, onFailure: () => undefined });
  refuse: LiveError | undefined;
  unavailableReason: string | undefined;
  closed = false;
  readonly #ingests = new Map<string, FakeIngest>();

  readonly directory: Watchables = {
    locate: async (stream, id) => {
      const broadcast = this.streams.get(stream);
      return id === undefined || broadcast?.id === id ? broadcast : undefined;
    },
    list: async () => this.list(),
  };

  add(stream: string, { keyId, seemsGoneAfterMs }: Partial<Publisher> = {}): FakeBroadcast {
    const owner = keyId === undefined || seemsGoneAfterMs === undefined ? undefined : { keyId, seemsGoneAfterMs };
    const broadcast = new FakeBroadcast({ stream, owner, descriptions: this.descriptions, onEnd: () => this.streams.delete(stream) });
    this.streams.set(stream, broadcast);
    this.#ingests.set(stream, broadcast.ingest);
    return broadcast;
  }

  get(stream: string): FakeBroadcast | undefined {
    return this.streams.get(stream);
  }

  /** What came for a stream that may be over. */
  pushed(stream: string): FakeIngest {
    const ingest = this.#ingests.get(stream);
    if (!ingest) throw new Error(`expected "${stream}" to have been published`);
    return ingest;
  }

  list(): FakeBroadcast[] {
    return [...this.streams.values()];
  }

  countViewers(): number {
    return this.list().reduce((sum, { viewers }) => sum + viewers.count, 0);
  }

  async requireEntry(stream: string, publisher: Publisher): Promise<void> {
    this.#goingOn(stream, publisher);
  }

  async admit(stream: string, publisher: Publisher): Promise<Admission> {
    const running = this.#goingOn(stream, publisher);
    const broadcast = running ?? this.add(stream, publisher);
    return { broadcast, ingest: broadcast.entrance.entry(publisher.part), isNew: !running };
  }

  resumable(stream: string): ResumableBroadcast | undefined {
    const running = this.streams.get(stream);
    if (!running || running.state === 'ended') return undefined;
    const { id, state, ingest } = running;
    return { id, state, received: ingest.received, resumeToken: ingest.resumeToken };
  }

  async abortAll(): Promise<boolean> {
    const reason = new LiveError('unavailable', 'the server is shutting down');
    this.unavailableReason = reason.message;
    const running = this.list();
    await Promise.all(running.map((broadcast) => broadcast.abort(reason)));
    return running.length > 0;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #goingOn(stream: string, publisher: Publisher): FakeBroadcast | undefined {
    const running = this.streams.get(stream);
    const entry = entryOf(publisher, running?.entrance);
    if (entry === 'goes-on') return running;
    if (entry === 'over') throw new LiveError('not-found', 'the broadcast to be resumed is over');
    if (this.unavailableReason !== undefined) throw new LiveError('unavailable', this.unavailableReason);
    if (this.refuse) throw this.refuse;
    if (entry === 'already-live') throw alreadyLive(stream);
    return undefined;
  }
}
