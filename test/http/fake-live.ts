import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { liveStreamUrls } from '../../src/protocol/urls.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Answer } from '../../src/hls/rendition.js';
import { LiveError } from '../../src/live/errors.js';
import type { LiveRegistry } from '../../src/live/live-registry.js';

/** Stands in for the whole of src/live: what the routes ask of it is written down, what it answers is set by the test. */
export class FakeRegistry {
  readonly streams = new Map<string, FakeLiveStream>();
  readonly sessions: FakeSession[] = [];
  refuse: LiveError | undefined;
  closing = false;

  get asRegistry(): LiveRegistry {
    return this as unknown as LiveRegistry;
  }

  publish(stream: string): FakeSession {
    if (this.closing) throw new LiveError('unavailable', 'the server is shutting down');
    if (this.refuse) throw this.refuse;
    if (this.streams.has(stream)) throw new LiveError('already-live', `"${stream}" is live already`);
    const session = new FakeSession(this.add(stream), () => this.streams.delete(stream));
    this.sessions.push(session);
    return session;
  }

  add(stream: string): FakeLiveStream {
    const liveStream = new FakeLiveStream(stream);
    this.streams.set(stream, liveStream);
    return liveStream;
  }

  get(stream: string): FakeLiveStream | undefined {
    return this.streams.get(stream);
  }

  broadcast(stream: string, broadcast: string): FakeLiveStream | undefined {
    const liveStream = this.streams.get(stream);
    return liveStream?.broadcast === broadcast ? liveStream : undefined;
  }

  list(): FakeLiveStream[] {
    return [...this.streams.values()];
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const session of this.sessions) session.fail(new LiveError('unavailable', 'the server is shutting down'));
  }
}

export class FakeLiveStream {
  readonly broadcast = 'run1';
  readonly signals: AbortSignal[] = [];
  readonly directives: unknown[] = [];
  ended = false;
  /** What the rendition answers, by name: `index`, `media`, or the media's own. */
  readonly answers = new Map<string, Answer | Promise<Answer>>([
    ['index', { status: 200, body: new Encoded('#EXTM3U\nindex\n'), maxAgeSeconds: 1 }],
    ['media', { status: 200, body: new Encoded('#EXTM3U\nmedia\n'), maxAgeSeconds: 12 }],
    ['0.m4s', { status: 200, body: Buffer.from('0123456789'), maxAgeSeconds: 12 }],
  ]);
  readonly rendition = {
    multivariant: () => this.#answer('index'),
    mediaPlaylist: (directives: unknown, signal: AbortSignal) => {
      this.directives.push(directives);
      this.signals.push(signal);
      return this.#answer('media');
    },
    media: (name: string, signal: AbortSignal) => {
      this.signals.push(signal);
      return this.#answer(name);
    },
  };

  constructor(readonly stream: string) {}

  info(origin: string): LiveStreamInfo {
    return {
      stream: this.stream,
      broadcast: this.broadcast,
      state: 'live',
      startedAt: '2026-01-02T03:04:05.678Z',
      viewers: 3,
      receivedBytes: 4096,
      ingestBitsPerSecond: 2_500_000,
      recording: { container: 'webm', tracks: [{ kind: 'video', sourceCodec: 'vp8', action: 'transcode', reason: 'VP8 does not go into HLS.' }] },
      rendition: { codecs: 'avc1.42c01f', width: 640, height: 360, averageBitsPerSecond: 1, peakBitsPerSecond: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 },
      urls: liveStreamUrls(origin, this.stream),
    };
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  #answer(name: string): Answer | Promise<Answer> {
    return this.answers.get(name) ?? { status: 404, message: 'no such segment, or no longer', maxAgeSeconds: 2 };
  }
}

export class FakeSession {
  readonly resumeToken = 'token';
  readonly writes: Buffer[] = [];
  /** Offsets at which a new recording was announced. */
  readonly recordings: number[] = [];
  received = 0;
  ended = false;
  /** What `write` waits for: replace it to stall the session. */
  gate: Promise<void> = Promise.resolve();
  readonly closed: Promise<LiveError | null>;
  readonly #settle: (error: LiveError | null) => void;
  readonly #listeners: ((message: IngestMessage) => void)[] = [];

  constructor(
    readonly liveStream: FakeLiveStream,
    onEnd: () => void,
  ) {
    const { promise, resolve } = withResolvers<LiveError | null>();
    this.closed = promise;
    this.#settle = (error) => {
      onEnd();
      resolve(error);
    };
  }

  async write(bytes: Buffer): Promise<void> {
    this.writes.push(bytes);
    await this.gate;
    this.received += bytes.length;
  }

  beginRecording(): void {
    this.recordings.push(this.received);
  }

  end(): void {
    this.ended = true;
    this.#settle(null);
  }

  fail(error: LiveError): void {
    this.#settle(error);
  }

  onMessage(listener: (message: IngestMessage) => void): void {
    this.#listeners.push(listener);
  }

  say(message: IngestMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}

export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
