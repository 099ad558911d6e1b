import type { OnairError } from '../../../src/web/sdk/errors.js';
import { Listeners } from '../../../src/web/sdk/listeners.js';
import type { PublisherEvents, PublisherOptions } from '../../../src/web/sdk/publisher-events.js';
import { LiveCapture } from '../../../src/web/sdk/publishing/live-capture.js';
import { defaultQuality } from '../../../src/web/sdk/quality.js';
import { Composition } from '../../../src/web/sdk/publishing/composition/composition.js';
import { StudioSession } from '../../../src/web/ui/studio-session.js';
import type { StudioState } from '../../../src/web/ui/studio-state.js';
import { FakeCompositionParts } from '../sdk/fake-composition.js';
import { FakeDevices } from '../sdk/fake-devices.js';
import { installFakeMedia, settle } from '../sdk/fake-media.js';

/** A Publisher whose server is the test. */
export class FakePublisher extends Listeners<PublisherEvents> {
  readonly options: Omit<PublisherOptions, 'url'>;
  readonly calls: string[] = [];
  readonly history = [];
  readonly closed: Promise<OnairError | null>;
  #close: (outcome: OnairError | null) => void = () => undefined;
  #started: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: Omit<PublisherOptions, 'url'>) {
    super();
    this.options = options;
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  start(): Promise<void> {
    this.emit('state', 'connecting');
    return new Promise((resolve, reject) => (this.#started = { resolve, reject }));
  }

  take(): void {
    this.emit('state', 'connected');
    this.#started?.resolve();
    this.emit('state', 'live');
  }

  refuse(error: OnairError): void {
    this.#started?.reject(error);
    this.over(error);
  }

  over(outcome: OnairError | null): void {
    this.emit('state', 'ended');
    this.#close(outcome);
    this.#started?.resolve();
  }

  end(): Promise<void> {
    this.calls.push('end');
    this.over(null);
    return Promise.resolve();
  }

  setQuality({ name }: { readonly name: string }): Promise<void> {
    this.calls.push(`quality ${name}`);
    return Promise.resolve();
  }

  mute(kind: string): void {
    this.calls.push(`mute ${kind}`);
  }

  unmute(): void {
    return;
  }

  describe({ title }: { readonly title?: string | undefined }): void {
    this.calls.push(`title ${title ?? ''}`);
  }
}

export interface Bench {
  readonly session: StudioSession;
  readonly devices: FakeDevices;
  readonly composing: FakeCompositionParts;
  /** What goes on air from now on, each time that it becomes another. */
  readonly joints: () => readonly string[];
  readonly publishers: FakePublisher[];
  readonly state: () => StudioState;
  readonly failures: string[];
  readonly passMs: (durationMs: number) => void;
  readonly onAirNow: () => string[];
  readonly goLive: () => Promise<void>;
}

export const broadcast = { stream: 's', key: 'k', description: {} };

export function bench(t: Parameters<typeof installFakeMedia>[0]): Bench {
  installFakeMedia(t);
  const devices = new FakeDevices();
  const composing = new FakeCompositionParts();
  const publishers: FakePublisher[] = [];
  const failures: string[] = [];
  let nowMs = 0;
  const session = new StudioSession({
    wish: { picture: 'camera', microphone: true, quality: defaultQuality },
    capture: new LiveCapture(devices.parts),
    openComposition: async ({ of, ...settings }) => {
      if (composing.failure !== undefined) throw composing.failure;
      const composition = new Composition(composing.parts);
      await composition.set(settings);
      await composition.use(of);
      return composition;
    },
    openPublisher: (options) => {
      const publisher = new FakePublisher(options);
      publishers.push(publisher);
      return publisher;
    },
    nowMs: () => nowMs,
  });
  session.on('failed', ({ of, error }) => failures.push(`${of}: ${error.reason}`));
  const all: Bench = {
    session,
    devices,
    composing,
    joints: () => {
      const media = publishers.at(-1)?.options.media;
      const seen: string[] = [];
      if (media !== undefined && 'media' in media) media.follow?.(() => seen.push(all.onAirNow().join(' + ')));
      return seen;
    },
    publishers,
    state: () => session.state,
    failures,
    passMs: (durationMs) => (nowMs += durationMs),
    onAirNow: () => {
      const media = publishers.at(-1)?.options.media;
      return media !== undefined && 'media' in media ? media.media.getTracks().map(({ label }) => label) : [];
    },
    goLive: async () => {
      void session.goLive(broadcast);
      devices.last.give();
      await settle();
      publishers.at(-1)?.take();
      await settle();
    },
  };
  return all;
}
