import { EventEmitter } from 'node:events';
import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import type { DescriptionChange } from '../../src/protocol/stream-description.js';
import type { BroadcastState, LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { liveStreamUrls } from '../../src/protocol/urls.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Answer } from '../../src/hls/answer.js';
import type { WatchClient } from '../../src/hls/held-requests.js';
import { LiveError } from '../../src/protocol/live-error.js';
import type { IngestConnection, IngestListener } from '../../src/live/ingest-connection.js';
import type { LiveRegistry } from '../../src/live/live-registry.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import { ChatRoom } from '../../src/live/chat-room.js';
import { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { Pictures } from '../../src/live/pictures.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { Viewers } from '../../src/live/viewers.js';
import { FakeTranscoder } from '../live/fake-transcoder.js';

/** Stands in for `src/live`: what the routes ask of it is written down, what it answers is set by the test. */
export class FakeRegistry {
  readonly streams = new Map<string, FakeLiveStream>();
  refuse: LiveError | undefined;
  readonly #ingests = new Map<string, FakeIngest>();
  closed = false;
  closing = false;
  readonly descriptions = new StreamDescriptions({ file: undefined, onFailure: () => undefined });

  get asRegistry(): LiveRegistry {
    return this as unknown as LiveRegistry;
  }

  requireRoom(stream: string): void {
    if (this.refuse) throw this.refuse;
    if (this.streams.has(stream)) throw new LiveError('already-live', `"${stream}" is live already`);
  }

  publish(stream: string, publisherId?: string): FakeLiveStream {
    this.requireRoom(stream);
    const broadcast = this.add(stream);
    broadcast.publisherId = publisherId;
    return broadcast;
  }

  takeOver(stream: string, publisherId: string): FakeLiveStream | undefined {
    const broadcast = this.streams.get(stream);
    return broadcast?.state === 'waiting' && broadcast.publisherId === publisherId ? broadcast : undefined;
  }

  resume(stream: string, token: string): FakeLiveStream {
    const broadcast = this.streams.get(stream);
    if (broadcast?.ingest.resumeToken === token) return broadcast;
    throw new LiveError('not-found', 'the broadcast to be resumed is over');
  }

  add(stream: string): FakeLiveStream {
    const broadcast = new FakeLiveStream(stream, () => this.streams.delete(stream), this.descriptions);
    this.streams.set(stream, broadcast);
    this.#ingests.set(stream, broadcast.ingest);
    return broadcast;
  }

  get(stream: string): FakeLiveStream | undefined {
    return this.streams.get(stream);
  }

  broadcast(stream: string, id: string): FakeLiveStream | undefined {
    const broadcast = this.streams.get(stream);
    return broadcast?.id === id ? broadcast : undefined;
  }

  list(): FakeLiveStream[] {
    return [...this.streams.values()];
  }

  async abortAll(): Promise<boolean> {
    this.closing = true;
    const running = this.list();
    await Promise.all(running.map((broadcast) => broadcast.abort(new LiveError('unavailable', 'the server is shutting down'))));
    return running.length > 0;
  }

  /** What came for a stream that may be over. */
  pushed(stream: string): FakeIngest {
    const ingest = this.#ingests.get(stream);
    if (!ingest) throw new Error(`expected "${stream}" to have been published`);
    return ingest;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export class FakeLiveStream {
  readonly id = 'run1';
  state: BroadcastState = 'live';
  publisherId: string | undefined;
  readonly ingest: FakeIngest;
  readonly #over = withResolvers<LiveError | null>();
  readonly closed = this.#over.promise;
  readonly bus = new FragmentBus({ maxBacklogBytes: 1_000_000, onDropped: (error) => this.dropped.push(error) });
  readonly dropped: unknown[] = [];
  readonly viewers = new Viewers({ bus: this.bus });
  chat: ChatRoom | undefined;
  /** Those that make pictures for viewers. */
  readonly transcoders: FakeTranscoder[] = [];
  onTranscoder: (transcoder: FakeTranscoder) => void = () => undefined;
  readonly pictures = new Pictures({
    ...{ framesPerSecond: 5, width: 640, posterMaxAgeMs: 10_000, encoders: new Semaphore(1), posters: new Semaphore(1), ffmpegMajor: 5, viewers: this.viewers },
    startTranscoder: (plan) => {
      const transcoder = new FakeTranscoder(plan);
      this.transcoders.push(transcoder);
      this.onTranscoder(transcoder);
      return transcoder;
    },
    onFailure: () => undefined,
  });
  readonly seen: string[] = [];
  readonly audience = { saw: (client: string) => this.seen.push(client) };
  /** Told of each client that goes away while it is answered. */
  readonly gone = new EventEmitter();
  readonly directives: unknown[] = [];
  ended = false;
  /** What the rendition answers, by name: `index`, `media`, or the media's own. */
  readonly answers = new Map<string, Answer | Promise<Answer>>([
    ['index', { outcome: 'multivariant', body: new Encoded('#EXTM3U\nindex\n') }],
    ['media', { outcome: 'lasting', body: new Encoded('#EXTM3U\nmedia\n') }],
    ['0.m4s', { outcome: 'lasting', body: Buffer.from('0123456789') }],
  ]);
  readonly presentation = {
    timing: { targetDurationSeconds: 2, partTargetSeconds: 0.5 },
    waiting: 0,
    bytesInMemory: 0,
    multivariant: () => this.#answer('index'),
    rewindMultivariant: () => this.#answer('dvr index'),
    lead: this.#lead(),
  };
  readonly storeWaitingBytes = 0;
  readonly initsAfterDiscontinuities = new Map<string, Buffer>();
  /** Requests that are not answered, and whose client is there. */
  waiting = 0;
  readonly #onEnd: () => void;

  constructor(
    readonly stream: string,
    onEnd: () => void,
    readonly descriptions: StreamDescriptions,
  ) {
    this.#onEnd = onEnd;
    this.chat = new ChatRoom({ stream, broadcast: this.id, maxPeople: 10, messagesPerMinute: 60 });
    this.ingest = new FakeIngest(() => void this.end());
  }

  #lead() {
    return {
      mediaPlaylist: async (directives: unknown, watchClient: WatchClient) => {
        this.directives.push(directives);
        return this.#held('media', watchClient);
      },
      rewindPlaylist: async (kind: string, directives: unknown, watchClient: WatchClient) => {
        this.directives.push(directives);
        return this.#held(kind, watchClient);
      },
      media: async (name: string, watchClient: WatchClient) => this.#held(name, watchClient),
      initAfterDiscontinuity: (name: string) => this.initsAfterDiscontinuities.get(name),
    };
  }

  info(origin: string): LiveStreamInfo {
    return {
      stream: this.stream,
      broadcast: this.id,
      ...this.descriptions.get(this.stream),
      state: this.state,
      startedAt: '2026-01-02T03:04:05.678Z',
      viewers: 3,
      chat: this.chat !== undefined,
      receivedBytes: 4096,
      ingestBitsPerSecond: 2_500_000,
      recording: { container: 'webm', tracks: [{ kind: 'video', sourceCodec: 'vp8', action: 'transcode', reason: 'VP8 does not go into HLS.' }] },
      rendition: { codecs: 'avc1.42c01f', width: 640, height: 360, averageBitsPerSecond: 1, peakBitsPerSecond: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 },
      urls: liveStreamUrls(origin, this.stream),
    };
  }

  describe(change: DescriptionChange): void {
    this.descriptions.change(this.stream, change);
  }

  async end(reason: LiveError | null = null): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.#over.resolve(reason);
    this.#onEnd();
    this.bus.end();
    this.chat?.end();
    this.ingest.say({ type: 'ended', message: 'The broadcast is over.' });
  }

  async abort(reason: LiveError): Promise<void> {
    this.ingest.say({ type: 'ended', code: reason.code, message: reason.message });
    await this.end(reason);
  }

  async #held(name: string, watchClient: WatchClient): Promise<Answer> {
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.waiting -= 1;
      isOver = true;
    };
    this.waiting += 1;
    watchClient(() => {
      over();
      this.gone.emit('gone');
    });
    try {
      return await this.#answer(name);
    } finally {
      over();
    }
  }

  #answer(name: string): Answer | Promise<Answer> {
    return this.answers.get(name) ?? { outcome: 'to-come', message: 'there is no such segment, or not yet' };
  }
}

export class FakeIngest {
  readonly resumeToken = 'token';
  received = 0;
  /** What happened, in order: byte counts, `picture`, `recording`, `end`, `drop`. */
  readonly events: (number | 'picture' | 'recording' | 'end' | 'drop')[] = [];
  readonly writes: Buffer[] = [];
  /** What `write` waits for: replace it to stall. */
  gate: Promise<void> = Promise.resolve();
  readonly passedOn: Promise<void> = Promise.resolve();
  readonly #onEnd: () => void;
  #listener: IngestListener | undefined;
  #changed: (() => void)[] = [];

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  acceptsToken(token: string): boolean {
    return token === this.resumeToken;
  }

  connect(listener: IngestListener): IngestConnection {
    this.#listener?.onReplaced();
    this.#listener = listener;
    return {
      write: async (bytes) => {
        this.writes.push(Buffer.from(bytes));
        this.#note(bytes.length);
        await this.gate;
        this.received += bytes.length;
      },
      writeEvents: async () => undefined,
      writePicture: async (jpeg) => {
        this.writes.push(Buffer.from(jpeg));
        this.#note('picture');
        this.received += jpeg.length;
      },
      beginRecording: () => this.#note('recording'),
      tellCaptureTime: (captureTimeMs) => this.#note(captureTimeMs),
      end: () => {
        this.#note('end');
        this.#onEnd();
      },
      drop: () => this.#note('drop'),
    };
  }

  say(message: IngestMessage): void {
    this.#listener?.onMessage(message);
  }

  /** Resolves when the condition holds after some event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #note(event: number | 'picture' | 'recording' | 'end' | 'drop'): void {
    this.events.push(event);
    for (const wake of this.#changed.splice(0)) wake();
  }
}

export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
