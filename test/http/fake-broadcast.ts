import { EventEmitter } from 'node:events';
import type { Answer } from '../../src/hls/answer.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { WatchClient } from '../../src/hls/held-requests.js';
import { ChatRoom } from '../../src/live/chat-room.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import { IngestEntrance, type Owner } from '../../src/live/ingest-entrance.js';
import { Pictures } from '../../src/live/pictures.js';
import type { PublishedBroadcast } from '../../src/live/published-broadcast.js';
import { Semaphore } from '../../src/live/semaphore.js';
import type { StreamDescriptions } from '../../src/live/stream-descriptions.js';
import { Viewers } from '../../src/live/viewers.js';
import type { HlsSource, Watchable } from '../../src/live/watchable.js';
import type { LiveError } from '../../src/protocol/live-error.js';
import type { BroadcastState, LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import type { DescriptionChange } from '../../src/protocol/stream-description.js';
import { liveStreamUrls } from '../../src/protocol/urls.js';
import { FakeTranscoder } from '../live/fake-transcoder.js';
import { FakeIngest } from './fake-ingest.js';

export interface FakeBroadcastOptions {
  readonly stream: string;
  readonly descriptions: StreamDescriptions;
  readonly owner?: Owner | undefined;
  readonly onEnd: () => void;
}

/** A broadcast that is whatever the test says: its ways to watch are the real ones, fed by the test; what its publisher does is written down. */
export class FakeBroadcast implements Watchable, PublishedBroadcast {
  readonly id = 'run1';
  state: BroadcastState = 'live';
  readonly stream: string;
  readonly #options: FakeBroadcastOptions;
  readonly ingest = new FakeIngest(() => void this.end());
  readonly entrance: IngestEntrance;
  readonly #over = withResolvers<LiveError | null>();
  readonly closed = this.#over.promise;
  readonly dropped: unknown[] = [];
  readonly bus = new FragmentBus({ maxBacklogBytes: 1_000_000, onDropped: (error) => this.dropped.push(error) });
  /** Beside the source, by id. */
  readonly renditions = new Map<string, FragmentBus>();
  /** What media times are counted by, if viewers are told. */
  clock: string | undefined;
  readonly viewers = new Viewers({ bus: this.bus, clock: () => this.clock, renditions: () => this.renditions });
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
  /** What HLS requests are answered, by name: `index`, `media`, or the media's own. */
  readonly answers = new Map<string, Answer | Promise<Answer>>([
    ['index', { outcome: 'multivariant', body: new Encoded('#EXTM3U\nindex\n') }],
    ['media', { outcome: 'lasting', body: new Encoded('#EXTM3U\nmedia\n') }],
    ['0.m4s', { outcome: 'lasting', body: Buffer.from('0123456789') }],
  ]);
  /** Who asked for playlists, and with which directives. */
  readonly seen: string[] = [];
  readonly directives: unknown[] = [];
  /** HLS requests that are not answered, and whose client is there. */
  waiting = 0;
  /** Told of each client that goes away while it is answered. */
  readonly gone = new EventEmitter();
  readonly hls: HlsSource = {
    targetDurationSeconds: 2,
    multivariant: async () => this.#answer('index'),
    rewindMultivariant: async () => this.#answer('dvr index'),
    mediaPlaylist: ({ rendition, kind, client, directives, watchClient }) => {
      this.seen.push(client);
      this.directives.push(directives);
      return this.#held(below(rendition, kind === 'live' ? 'media' : kind), watchClient);
    },
    media: ({ rendition, name, watchClient }) => this.#held(below(rendition, name), watchClient),
  };
  readonly measures = { viewers: 3, viewersByRendition: new Map([['source', 2], ['480p', 1]]), changesByRendition: new Map([['480p', 4]]), feeds: 2, ingestBitsPerSecond: 2_500_000, heldRequests: 0, segmentMemoryBytes: 0, storeWaitingBytes: 0 };

  constructor(options: FakeBroadcastOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.chat = new ChatRoom({ stream: this.stream, broadcast: this.id, maxPeople: 10, messagesPerMinute: 60 });
    this.entrance = new IngestEntrance({ session: this.ingest, owner: options.owner });
  }

  info(base: string): LiveStreamInfo {
    return {
      stream: this.stream,
      broadcast: this.id,
      ...this.#options.descriptions.get(this.stream),
      state: this.state,
      startedAt: '2026-01-02T03:04:05.678Z',
      viewers: 3,
      chat: this.chat !== undefined,
      receivedBytes: 4096,
      ingestBitsPerSecond: 2_500_000,
      recording: { container: 'webm', tracks: [{ kind: 'video', sourceCodec: 'vp8', action: 'transcode', reason: 'VP8 does not go into HLS.' }] },
      rendition: { codecs: 'avc1.42c01f', width: 640, height: 360, averageBitsPerSecond: 1, peakBitsPerSecond: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 },
      renditions: [
        { id: 'source', height: 360, bitsPerSecond: 2_400_000, madeBy: 'publisher', viewers: 2, changes: 0 },
        { id: 'audio', bitsPerSecond: 0, madeBy: 'publisher', viewers: 1, changes: 4 },
      ],
      ladder: { encoder: 'libx264', preset: 'superfast', renditions: 1, lagSeconds: 0.25 },
      urls: liveStreamUrls(base, this.stream),
    };
  }

  describe(change: DescriptionChange): void {
    this.#options.descriptions.change(this.stream, change);
  }

  get ended(): boolean {
    return this.ingest.ended;
  }

  async end(reason: LiveError | null = null): Promise<void> {
    if (this.ended) return;
    this.ingest.ended = true;
    this.#over.resolve(reason);
    this.#options.onEnd();
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

export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** What renditions beside the source answer has their name before it. */
function below(rendition: string | undefined, name: string): string {
  return rendition === undefined ? name : `${rendition}/${name}`;
}
