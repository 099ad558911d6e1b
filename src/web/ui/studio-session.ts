import type { LiveStreamUrls } from '../../protocol/urls.js';
import { OnairError } from '../sdk/errors.js';
import { Listeners } from '../sdk/listeners.js';
import type { Publisher } from '../sdk/publisher.js';
import type { PublisherOptions, PublisherState, PublisherStats, ResumableBroadcast, StreamDescription } from '../sdk/publisher-events.js';
import type { CaptureWish } from '../sdk/publishing/capture-wish.js';
import type { TrackKind } from '../sdk/publishing/filler.js';
import type { LiveCapture } from '../sdk/publishing/live-capture.js';
import type { PublisherWarning, PublisherWarningCode } from '../sdk/publishing/warnings.js';

/** A second click of the one that went live is no wish to end. */
const endableAfterMs = 1_000;

/** All that a studio shows. */
export interface StudioState {
  readonly air: PublisherState;
  /** *Go live* was pressed, and it is not decided yet. */
  readonly going: boolean;
  /** `asked`: people watch, so it is asked first. */
  readonly ending: 'no' | 'asked' | 'under-way';
  readonly wish: CaptureWish;
  readonly opening: boolean;
  /** Anything that is open: what is shown is what would go on air. */
  readonly media: MediaStream;
  readonly muted: Readonly<Record<TrackKind, boolean>>;
  readonly viewers: number;
}

export interface StudioEvents {
  changed: StudioState;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
  /** What was wanted failed: a device, or the broadcast. */
  failed: { readonly of: 'source' | 'broadcast'; readonly error: OnairError };
  stats: PublisherStats;
  urls: LiveStreamUrls;
  /** What was chosen is open. */
  opened: undefined;
  /** undefined: the broadcast is over. */
  resumable: ResumableBroadcast | undefined;
}

export type StudioPublisher = Pick<Publisher, 'on' | 'start' | 'end' | 'closed' | 'setQuality' | 'mute' | 'unmute' | 'describe' | 'history'>;

export interface StudioSessionOptions {
  readonly wish: CaptureWish;
  readonly capture: LiveCapture;
  readonly openPublisher: (options: Omit<PublisherOptions, 'url'>) => StudioPublisher;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export interface BroadcastWish {
  readonly stream: string;
  readonly key: string;
  /** Goes on with the broadcast of this token. */
  readonly resume?: string | undefined;
  /** Where no token is given: that of a broadcast of this page that waits for it. */
  readonly findResume?: (() => Promise<string | undefined>) | undefined;
  readonly description: StreamDescription;
}

/** The studio without its page: what is chosen, what is open, what is on air; whatever is pressed, in whatever order. */
export class StudioSession extends Listeners<StudioEvents> {
  readonly #options: StudioSessionOptions;
  readonly #capture: LiveCapture;
  #wish: CaptureWish;
  /** Something was opened and not closed since: choices are followed at once. */
  #isOpen = false;
  #publisher: StudioPublisher | undefined;
  #air: PublisherState = 'idle';
  #going = false;
  #goneLiveAtMs = -Infinity;
  #ending: StudioState['ending'] = 'no';
  #muted: Record<TrackKind, boolean> = { audio: false, video: false };
  #viewers = 0;

  constructor(options: StudioSessionOptions) {
    super();
    this.#options = options;
    this.#capture = options.capture;
    this.#wish = options.wish;
    this.#capture.on('changed', () => {
      // Sharing that was stopped, or a device that would not open: what holds instead is what is shown as chosen.
      if (this.#isOpen && this.#capture.wish !== undefined) this.#wish = this.#capture.wish;
      this.#applyMute();
      this.#tell();
    });
    this.#capture.on('warning', (warning) => this.emit('warning', warning));
    this.#capture.on('recovered', (recovered) => this.emit('recovered', recovered));
  }

  get state(): StudioState {
    return {
      air: this.#air,
      going: this.#going,
      ending: this.#ending,
      wish: this.#wish,
      opening: this.#capture.opening,
      media: this.#capture.media,
      muted: { ...this.#muted },
      viewers: this.#viewers,
    };
  }

  get onAir(): boolean {
    return this.#air === 'connected' || this.#air === 'live' || this.#air === 'reconnecting';
  }

  /** Another source, device, quality or manner of sound; while something is open it takes its place at once. */
  choose(change: Partial<CaptureWish>): void {
    const qualityBefore = this.#wish.quality;
    this.#wish = { ...this.#wish, ...change };
    const { quality } = this.#wish;
    if (this.#publisher !== undefined && quality !== qualityBefore) {
      this.#publisher.setQuality(quality).catch((error: unknown) => this.#fail('source', error));
    }
    if (this.#isOpen) void this.openDevices();
    else this.#tell();
  }

  /** Opens what is chosen. In the user's own click where that is a screen. @returns whether it is open */
  async openDevices(): Promise<boolean> {
    this.#isOpen = true;
    try {
      await this.#capture.choose(this.#wish);
      this.emit('opened', undefined);
      return true;
    } catch (error) {
      if (this.#capture.media.getTracks().length === 0) this.#isOpen = false;
      this.#fail('source', error);
      return false;
    }
  }

  /** Pressed twice, it is once. Resolves when the server took the broadcast, or it failed. */
  async goLive({ resume, findResume, ...broadcast }: BroadcastWish): Promise<void> {
    if (this.#going || this.onAir || this.#ending !== 'no') return;
    this.#going = true;
    this.#goneLiveAtMs = this.#options.nowMs();
    this.#tell();
    try {
      if (await this.openDevices()) await this.#publish({ ...broadcast, resume: resume ?? (await findResume?.()) });
    } finally {
      this.#going = false;
      this.#tell();
    }
  }

  /** Ends the broadcast, or the attempt; while people watch it is asked first: then `ending` is `asked`. */
  end(): void {
    if (this.#options.nowMs() - this.#goneLiveAtMs < endableAfterMs || this.#publisher === undefined || this.#ending !== 'no') return;
    if (this.onAir && this.#viewers > 0) {
      this.#ending = 'asked';
      this.#tell();
    } else void this.endNow();
  }

  /** The answer to the question: yes. */
  async endNow(): Promise<void> {
    if (this.#publisher === undefined || this.#ending === 'under-way') return;
    this.#ending = 'under-way';
    this.#tell();
    await this.#publisher.end();
  }

  /** The answer to the question: no. */
  goOn(): void {
    if (this.#ending !== 'asked') return;
    this.#ending = 'no';
    this.#tell();
  }

  setMuted(kind: TrackKind, muted: boolean): void {
    this.#muted = { ...this.#muted, [kind]: muted };
    this.#applyMute();
    this.#tell();
  }

  describe(description: StreamDescription): void {
    this.#publisher?.describe(description);
  }

  /** Sound that the browser has suspended until the page is touched. */
  resumeSound(): void {
    void this.#capture.resumeSound();
  }

  get history(): StudioPublisher['history'] {
    return this.#publisher?.history ?? [];
  }

  async #publish({ stream, key, resume, description }: BroadcastWish): Promise<void> {
    const publisher = this.#options.openPublisher({ stream, key, media: this.#capture, quality: this.#wish.quality, ...(resume !== undefined && { resume }) });
    this.#publisher = publisher;
    this.#viewers = 0;
    if (description.title !== undefined || description.description !== undefined) publisher.describe(description);
    this.#applyMute();
    publisher.on('state', (state) => {
      this.#air = state;
      this.#tell();
    });
    publisher.on('stats', (stats) => {
      this.#viewers = stats.viewers;
      this.emit('stats', stats);
    });
    publisher.on('urls', (urls) => this.emit('urls', urls));
    publisher.on('resumable', (resumable) => this.emit('resumable', resumable));
    publisher.on('warning', (warning) => this.emit('warning', warning));
    publisher.on('recovered', (recovered) => this.emit('recovered', recovered));
    publisher.on('error', (error) => this.#fail('broadcast', error));
    void publisher.closed.then(() => {
      this.#publisher = undefined;
      this.#air = 'ended';
      this.#ending = 'no';
      this.#viewers = 0;
      this.emit('resumable', undefined);
      this.#tell();
    });
    await publisher.start().catch((error: unknown) => this.#fail('broadcast', error));
  }

  #applyMute(): void {
    for (const kind of ['audio', 'video'] as const) {
      const off = this.#muted[kind];
      for (const track of this.#capture.media.getTracks()) if (track.kind === kind) track.enabled = !off;
      if (off) this.#publisher?.mute(kind);
      else this.#publisher?.unmute(kind);
    }
  }

  #fail(of: 'source' | 'broadcast', error: unknown): void {
    const told = error instanceof OnairError ? error : new OnairError('internal', error instanceof Error ? error.message : String(error), { cause: error });
    this.emit('failed', { of, error: told });
    this.#tell();
  }

  #tell(): void {
    this.emit('changed', this.state);
  }
}
