import { Presentation } from '../hls/presentation.js';
import type { DescriptionChange } from '../protocol/stream-description.js';
import type { BroadcastState, LiveStreamInfo, RecordingFacts } from '../protocol/live-stream-info.js';
import { liveStreamUrls } from '../protocol/urls.js';
import { resumeTokenHash } from './broadcast-progress.js';
import { BroadcastReport } from './broadcast-report.js';
import { ChatRoom } from './chat-room.js';
import { toLiveError, type LiveError } from '../protocol/live-error.js';
import { firstBurstSeconds } from './first-burst.js';
import { FragmentBus } from './fragment-bus.js';
import { hlsSource } from './hls-source.js';
import { IngestEntrance } from './ingest-entrance.js';
import { IngestSession } from './ingest-session.js';
import type { BroadcastMeasures, BroadcastOptions } from './broadcast-options.js';
import { Packaging } from './packaging.js';
import { ladderOf } from './broadcast-ladder.js';
import { picturesOf } from './broadcast-pictures.js';
import type { Ladder } from './ladder.js';
import type { Pictures } from './pictures.js';
import { Renditions } from './renditions.js';
import { RenditionUse } from './rendition-use.js';
import { recordBroadcast, type BroadcastRecording } from './broadcast-recording.js';
import type { SegmentArchive } from './segment-archive.js';
import { openSegmentArchive } from './open-segment-archive.js';
import { settledWithin } from './settled-within.js';
import { ThroughputMeter } from './throughput-meter.js';
import { TakePlayer } from './take-player.js';
import { Viewers } from './viewers.js';
import type { HlsSource, Watchable } from './watchable.js';
import type { PublishedBroadcast } from './published-broadcast.js';

const statsIntervalMs = 2000;
/** Their ffmpegs are killed after 2 s. */
const picturesEndMs = 4000;

/** One broadcast of a live stream: publisher's bytes → ffmpeg → fragments → HLS and viewers, from first byte to end. */
export class Broadcast implements Watchable, PublishedBroadcast {
  readonly stream: string;
  readonly id: string;
  readonly startedAt: Date;
  readonly ingest: IngestSession;
  readonly entrance: IngestEntrance;
  readonly presentation: Presentation;
  readonly hls: HlsSource;
  readonly viewers: Viewers;
  /** Opens and ends with the broadcast; undefined where chat is switched off. */
  readonly chat: ChatRoom | undefined;
  readonly pictures: Pictures;
  /** Resolves when the broadcast is over: null when it ended as it should. */
  readonly closed: Promise<LiveError | null>;
  readonly #options: BroadcastOptions;
  readonly #bus: FragmentBus;
  readonly #renditions: Renditions;
  readonly #ladder: Ladder | undefined;
  readonly #use: RenditionUse;
  readonly #player: TakePlayer;
  readonly #archive: SegmentArchive;
  readonly #record: BroadcastRecording | undefined;
  readonly #report: BroadcastReport;
  readonly #throughput = new ThroughputMeter();
  #recording: RecordingFacts | undefined;
  #live = false;
  #over = false;
  #moving = false;
  #moved = false;
  #takenOver = false;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.id = options.id;
    this.startedAt = options.after ? new Date(options.after.startedAt) : new Date();
    this.#report = new BroadcastReport({ stream: this.stream, broadcast: this.id, log: options.log, onEvent: options.onEvent, send: (message) => this.ingest.send(message) });
    const { resumeWindowSeconds, owner, onWaitedInVain } = options;
    this.ingest = new IngestSession({
      ...{ resumeWindowSeconds, onWaitedInVain, burstSeconds: firstBurstSeconds(options), resumeToken: options.after?.resumeToken, isShared: options.lease.lost !== undefined },
      onReceived: (bytes) => this.#throughput.add(bytes),
      onNotice: (notice) => this.#report.info({ notice }, 'passed over'),
      onFault: (fault) => this.#report.end(fault),
    });
    this.entrance = new IngestEntrance({ session: this.ingest, owner });
    const createBus = (): FragmentBus => new FragmentBus({ maxBacklogBytes: options.maxViewerBacklogBytes, onDropped: (err) => this.#report.dropped(err), onSkip: () => options.onEvent?.('viewer-skipped') });
    this.#bus = createBus();
    this.#use = new RenditionUse({ viewers: () => this.viewers, ladder: () => this.#ladder, onEvent: options.onEvent });
    this.viewers = new Viewers({ bus: this.#bus, clock: () => this.#player.mediaClock, renditions: () => this.#renditions.on, offered: () => this.#ladder?.choices ?? [], onChange: (change) => this.#use.changed(change) });
    const { stream, id: broadcast } = options;
    this.chat = options.chat && new ChatRoom({ ...options.chat, stream, broadcast, onMessage: (entry) => this.#record?.said(entry), onDelete: (message) => this.#record?.deleted(message) });
    this.pictures = picturesOf(options, this.viewers);
    this.#record = recordBroadcast(options, (message) => this.ingest.send({ type: 'warning', code: 'recording', message }));
    this.#archive = openSegmentArchive(options, (message) => this.ingest.send({ type: 'warning', code: 'disk', message }));
    this.presentation = new Presentation({
      broadcast: options.id,
      after: options.after,
      listedSegments: options.windowSegments,
      rewindSeconds: options.rewindSeconds,
      keeper: this.#archive,
      offered: () => this.#ladder?.offered ?? [],
      onSegment: (segment, init) => {
        this.#record?.segment(segment, init, this.presentation.timing?.targetDurationSeconds ?? 1);
        this.#noteProgress();
      },
    });
    this.hls = hlsSource(this.presentation, this.#use.audience, () => this.#ladder);
    this.#renditions = new Renditions({ follow: (name) => this.presentation.follow(name, { onSegment: (segment, init) => this.#record?.renditionSegment(name, segment, init) }), createBus, onChange: () => this.viewers.renditionsChanged() });
    this.#ladder = ladderOf(options, { presentation: this.presentation, bus: this.#bus, createBus, renditions: this.#renditions, viewers: this.viewers });
    const { segmentSeconds: segmentTargetSeconds, partSeconds } = options;
    const packaging = new Packaging({ presentation: this.presentation, segmentTargetSeconds, partSeconds, onFailure: (err) => this.#report.playlistsEnded(err) });
    this.#bus.subscribe(packaging, { from: 'edge', loss: 'never' });
    this.#player = new TakePlayer({
      ...options,
      ...{ bus: this.#bus, renditions: this.#renditions, presentation: this.presentation, report: this.#report },
      accepts: (fragment) => packaging.accepts(fragment),
      isBrokenOff: () => this.ingest.failed,
      onTake: (facts, leftOut) => this.#report.take((this.#recording = facts), leftOut),
      onProgress: () => this.#tellWhenLive(),
    });
    this.closed = this.#run();
  }

  get state(): BroadcastState {
    if (this.#moved) return 'waiting';
    if (this.#over) return 'ended';
    if (this.ingest.waiting) return 'waiting';
    return this.#live ? 'live' : 'starting';
  }

  get viewerCount(): number {
    return this.#use.viewerCount;
  }

  /** What is measured of it, as of now. */
  get measures(): BroadcastMeasures {
    return {
      viewers: this.viewerCount,
      viewersByRendition: this.#use.viewersByRendition,
      feeds: this.viewers.feedCount,
      changesByRendition: this.#use.changesByRendition,
      ingestBitsPerSecond: this.#throughput.bitsPerSecond,
      heldRequests: this.presentation.waiting,
      segmentMemoryBytes: this.presentation.bytesInMemory,
      storeWaitingBytes: this.#archive.waitingBytes,
      ladder: this.#ladder?.measures,
    };
  }

  /**
   * @param base where the server's addresses begin for the asking client
   * @param rtmpPort where RTMP is taken, if it is
   */
  info(base: string, rtmpPort?: number): LiveStreamInfo {
    const rendition = this.presentation.lead.facts;
    const { rewindSeconds = 0 } = this.#options;
    return {
      stream: this.stream,
      broadcast: this.id,
      ...this.#options.descriptions.get(this.stream),
      state: this.state,
      startedAt: this.startedAt.toISOString(),
      viewers: this.viewerCount,
      chat: this.chat !== undefined,
      receivedBytes: this.ingest.received,
      ingestBitsPerSecond: this.#throughput.bitsPerSecond,
      ...(this.#recording && { recording: this.#recording }),
      ...(rendition && { rendition }),
      ...this.#use.facts,
      ...(rewindSeconds > 0 && { rewindSeconds }),
      ...(this.#record?.id !== undefined && { recordedAs: this.#record.id }),
      urls: liveStreamUrls(base, this.stream, undefined, rtmpPort),
    };
  }

  /**
   * Says what it is about, until somebody says otherwise.
   * @throws {LiveError} malformed; nothing is changed then
   */
  describe(change: DescriptionChange): void {
    this.#options.descriptions.change(this.stream, change);
  }

  /** Ends the broadcast as if its publisher had; resolves when it is over. */
  async end(): Promise<void> {
    this.ingest.end();
    await this.closed;
  }

  /** Ends it, since nobody will go on with it: the name is free when this resolves. */
  async giveUp(): Promise<void> {
    this.ingest.end();
    await this.#options.lease.release();
  }

  /** Lets another server go on with what came, which is worked off first: whether it could. Its publisher is told; its playlists stay open. Where no segment came to be it ends. */
  async moveAway(): Promise<boolean> {
    this.#moving = true;
    this.ingest.end();
    await this.closed;
    return this.#moved;
  }

  /** Breaks the broadcast off and tells its publisher why; what viewers have stays playable. */
  async abort(reason: LiveError): Promise<void> {
    this.ingest.fail(reason);
    this.#player.stop();
    await this.closed;
  }

  /** Another server has the name: its publisher is told, and who watches comes again and finds it there. Nothing says that it is over. */
  async yield(reason: LiveError): Promise<void> {
    this.#takenOver = true;
    for (const each of [this.viewers, this.chat]) each?.moveAway();
    await this.abort(reason);
  }

  /** Lets go of everything that could still be watched. */
  async discard(): Promise<void> {
    await this.closed;
    await this.#archive.clear();
  }

  /** Never rejects: each step of the end is done, whatever the others did. */
  async #run(): Promise<LiveError | null> {
    const statsTimer = setInterval(() => this.#tellStats(), statsIntervalMs);
    const failure = await this.#playAll();
    clearInterval(statsTimer);
    await this.#finish('packager', () => this.#bus.endTimeline());
    await this.#finish('ladder', () => this.#ladder?.end());
    if (this.#takenOver || (this.#moving && !failure && this.presentation.progress)) return this.#move(failure);
    await this.#finish('renditions', () => this.#renditions.end());
    await this.#finish('playlists', () => this.presentation.end());
    await this.#finish('viewers', () => this.#bus.end());
    const recorded = this.#finish('recording', () => this.#record?.end());
    await this.#finish('chat', () => this.chat?.end());
    // Before its publisher is told, who may begin the next one at once.
    await this.#finish('name', () => this.#options.lease.release());
    this.#over = true;
    await this.#finish('publisher', () => this.#report.over(failure));
    await recorded;
    await this.#finish('pictures', async () => {
      if (!(await settledWithin(this.pictures.close(), picturesEndMs))) throw new Error(`expected the pictures to end within ${picturesEndMs} ms`);
    });
    return failure;
  }

  async #move(failure: LiveError | null): Promise<LiveError | null> {
    this.#moved = true;
    const picturesEnd = this.#finish('pictures', () => settledWithin(this.pictures.close(), picturesEndMs));
    await this.#finish('renditions', () => this.#renditions.endTimeline());
    await this.#finish('playlists', () => this.presentation.endSegment());
    this.#noteProgress();
    await this.#finish('name', () => this.#options.lease.handOver());
    await this.#finish('publisher', () => (failure ? this.#report.over(failure) : this.ingest.tellMoved()));
    await Promise.all([picturesEnd, this.#finish('recording', () => this.#record?.end())]);
    return failure;
  }

  async #playAll(): Promise<LiveError | null> {
    try {
      try {
        for await (const take of this.ingest.takes()) await this.#player.play(take).finally(() => take.close());
      } finally {
        this.#player.flush();
      }
      return null;
    } catch (error) {
      const failure = toLiveError(error);
      this.#report.end(failure);
      this.ingest.fail(failure);
      return failure;
    }
  }

  async #finish(what: string, step: () => unknown): Promise<void> {
    try {
      await step();
    } catch (err) {
      this.#report.warn({ what, err }, 'a step of the end failed');
    }
  }

  #noteProgress(): void {
    const { progress } = this.presentation;
    const { id: broadcast, startedAt, ingest } = this;
    ingest.noteSafe(this.#player.offsetAt(this.presentation.endSeconds) ?? 0);
    const media = this.#player.progressTo(this.presentation.endSeconds);
    if (progress) this.#options.lease.note({ ...progress, tracks: media && progress.tracks, media, broadcast, startedAt: startedAt.toISOString(), resumeTokenHash: resumeTokenHash(ingest.resumeToken), ownerKeyId: this.entrance.ownerKeyId });
  }

  #tellWhenLive(): void {
    if (this.#live || !this.presentation.playable) return;
    this.#live = true;
    this.#ladder?.look();
    this.#report.info({ ...this.presentation.lead.facts }, 'on air');
    this.ingest.send({ type: 'live' });
  }

  #tellStats(): void {
    const wanted = this.#renditions.areOn ? this.#use.wantedNews(this.#record?.id !== undefined, this.ingest.connections) : [];
    for (const message of [{ type: 'stats', viewers: this.viewerCount, ingestBitsPerSecond: this.#throughput.bitsPerSecond } as const, ...wanted]) this.ingest.send(message);
  }
}
