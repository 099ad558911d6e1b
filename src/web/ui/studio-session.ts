import { OnairError } from '../sdk/errors.js';
import { Listeners } from '../sdk/listeners.js';
import type { Publisher } from '../sdk/publisher.js';
import type { PublisherOptions, PublisherState, StreamDescription } from '../sdk/publisher-events.js';
import type { CaptureWish } from '../sdk/publishing/capture-wish.js';
import type { SoundName } from '../sdk/publishing/composition/settings.js';
import type { EncoderFacts } from '../sdk/publishing/encoder.js';
import type { TrackKind } from '../sdk/publishing/filler.js';
import type { LiveCapture } from '../sdk/publishing/live-capture.js';
import { StudioMedia, type StudioMediaOptions } from './studio-media.js';
import { compositionOf, defaultLook, type StudioEvents, type StudioLook, type StudioState } from './studio-state.js';
import { handOnWarnings } from './studio-warnings.js';

/** A second click of the one that went live is no wish to end. */
const endableAfterMs = 1_000;

export type StudioPublisher = Pick<Publisher, 'on' | 'start' | 'end' | 'closed' | 'setQuality' | 'mute' | 'unmute' | 'describe' | 'history'>;

export interface StudioSessionOptions {
  readonly wish: CaptureWish;
  readonly capture: LiveCapture;
  readonly openComposition: StudioMediaOptions['openComposition'];
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
  /** How many qualities of the picture are made at most. */
  readonly renditions?: number | undefined;
}

/** The studio without its page: what is chosen, what is open, what is on air; whatever is pressed, in whatever order. */
export class StudioSession extends Listeners<StudioEvents> {
  readonly #options: StudioSessionOptions;
  readonly #capture: LiveCapture;
  readonly #media: StudioMedia;
  #look = defaultLook;
  #pause: StudioState['pause'] = 'no';
  #title: string | undefined;
  #wish: CaptureWish;
  /** Something was opened and not closed since: choices are followed at once. */
  #isOpen = false;
  /** Wishes that are being opened: nothing is composed before the last of them is. */
  #choosing = 0;
  #publisher: StudioPublisher | undefined;
  #air: PublisherState = 'idle';
  #going = false;
  #goneLiveAtMs = -Infinity;
  #ending: StudioState['ending'] = 'no';
  #muted: Record<TrackKind, boolean> = { audio: false, video: false };
  #viewers = 0;
  #encoder: EncoderFacts | undefined;

  constructor(options: StudioSessionOptions) {
    super();
    this.#options = options;
    this.#capture = options.capture;
    this.#media = new StudioMedia(options);
    this.#wish = options.wish;
    this.#capture.on('changed', () => {
      // Sharing that was stopped, or a device that would not open: what holds instead is what is shown as chosen.
      if (this.#isOpen && this.#capture.wish !== undefined) this.#wish = this.#capture.wish;
      this.#applyMute();
      void this.#compose();
      this.#tell();
    });
    this.#media.on('changed', () => {
      this.#applyMute();
      this.#tell();
    });
    this.#media.on('warning', (warning) => this.emit('warning', warning));
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
      look: this.#look,
      pause: this.#pause,
      drawn: this.#media.drawn,
      sounds: this.#sounds,
      media: this.#media.media,
      muted: { ...this.#muted },
      viewers: this.#viewers,
      encoder: this.#encoder,
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
    this.#choosing += 1;
    try {
      await this.#capture.choose(this.#wish).finally(() => (this.#choosing -= 1));
      this.emit('opened', undefined);
      return await this.#compose();
    } catch (error) {
      if (this.#capture.media.getTracks().length === 0) this.#isOpen = false;
      else void this.#compose();
      this.#fail('source', error);
      return false;
    }
  }

  /** Another look, at once where something is open. */
  compose(change: Partial<StudioLook>): void {
    this.#look = { ...this.#look, ...change };
    void this.#compose();
    this.#tell();
  }

  /** A card in place of the pictures, and silence where the look says so; before going live, too. */
  setPaused(paused: boolean, title?: string): void {
    if (paused === (this.#pause !== 'no')) return;
    this.#pause = paused ? 'starting' : 'no';
    this.#title = title;
    void this.#compose();
    this.#tell();
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
    if (this.#pause !== 'no' && description.title !== undefined) {
      this.#title = description.title;
      void this.#compose();
    }
    this.#publisher?.describe(description);
  }

  /** Sound that the browser has suspended until the page is touched. */
  resumeSound(): void {
    void this.#media.resumeSound();
  }

  get history(): StudioPublisher['history'] {
    return this.#publisher?.history ?? [];
  }

  async #publish({ stream, key, resume, description, renditions }: BroadcastWish): Promise<void> {
    const publisher = this.#options.openPublisher({ stream, key, media: this.#media, quality: this.#wish.quality, ...(resume !== undefined && { resume }), ...(renditions !== undefined && { renditions }) });
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
    publisher.on('encoder', (facts) => {
      this.#encoder = facts;
      this.#tell();
    });
    publisher.on('urls', (urls) => this.emit('urls', urls));
    publisher.on('resumable', (resumable) => this.emit('resumable', resumable));
    const takeWarningsBack = handOnWarnings(publisher, this);
    publisher.on('error', (error) => this.#fail('broadcast', error));
    void publisher.closed.then(() => {
      this.#publisher = undefined;
      this.#air = 'ended';
      this.#ending = 'no';
      this.#viewers = 0;
      this.#encoder = undefined;
      takeWarningsBack();
      this.emit('resumable', undefined);
      // Whoever goes live again is not in a pause.
      this.setPaused(false);
      this.#tell();
    });
    await publisher.start().catch((error: unknown) => this.#fail('broadcast', error));
  }

  /** Puts together what is open as it is wished. @returns whether that is on air */
  async #compose(): Promise<boolean> {
    if (!this.#isOpen) return false;
    const pause = this.#pause === 'no' ? undefined : { title: this.#title };
    try {
      await this.#media.compose({ ...compositionOf(this.#look, this.#wish, pause), isSettled: this.#choosing === 0 && !this.#capture.opening });
      if (this.#pause === 'starting' && this.#media.drawn) this.#pause = 'on';
      this.#tell();
      return true;
    } catch (error) {
      this.#withdraw();
      this.#fail('source', error);
      return false;
    }
  }

  /** What cannot be composed is no longer the wish. */
  #withdraw(): void {
    this.#pause = 'no';
    this.#look = { ...this.#look, nameTag: undefined, levels: defaultLook.levels };
    if (this.#wish.picture === 'both') this.#wish = { ...this.#wish, picture: 'screen' };
    if (this.#capture.wish?.picture === 'both') this.#capture.choose(this.#wish).catch(() => undefined);
    else void this.#compose();
  }

  get #sounds(): readonly SoundName[] {
    const { microphone, screenSound } = this.#capture.tracks;
    return [...(microphone === undefined ? [] : ['microphone' as const]), ...(screenSound === undefined ? [] : ['screen' as const])];
  }

  #applyMute(): void {
    for (const kind of ['audio', 'video'] as const) {
      const off = this.#muted[kind];
      const tracks = [...this.#media.media.getTracks(), ...this.#capture.media.getTracks(), ...Object.values(this.#capture.tracks)];
      for (const track of tracks) if (track.kind === kind) track.enabled = !off;
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
