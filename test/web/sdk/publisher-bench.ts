import { Publisher } from '../../../src/web/sdk/publisher.js';
import type { PublisherOptions } from '../../../src/web/sdk/publisher-events.js';
import { chooseEncoder } from '../../../src/web/sdk/publishing/encoder.js';
import type { Filler, PictureSize, TrackKind } from '../../../src/web/sdk/publishing/filler.js';
import type { PublisherParts } from '../../../src/web/sdk/publishing/publisher-parts.js';
import { FakeMediaRecorder, FakeTrack, installFakeMedia, mediaOf, settle } from './fake-media.js';
import { FakeSocket } from './fake-socket.js';

export interface PublisherBench {
  readonly publisher: Publisher;
  readonly camera: FakeTrack;
  readonly microphone: FakeTrack;
  readonly sockets: FakeSocket[];
  readonly recorders: FakeMediaRecorder[];
  readonly fillers: { readonly kind: TrackKind; readonly size: PictureSize; readonly track: FakeTrack; closed: boolean }[];
  /** States, warnings, recoveries and errors as they came. */
  readonly news: string[];
  readonly last: () => FakeSocket;
  /** Whether what was sent is acknowledged each second while it is live. */
  acknowledges: boolean;
  /** Time passes, ten ticks a second, with a sign of life of the server each second while it is live. */
  readonly passMs: (durationMs: number) => Promise<void>;
  readonly screen: { readonly on: boolean };
  readonly resize: (size: PictureSize) => void;
  /** That the present track gives each second; undefined where nobody counts. */
  picturesPerSecond: number | undefined;
  readonly goOnAir: () => Promise<void>;
}

type Teardown = Parameters<typeof installFakeMedia>[0];

/** A Publisher with a fake of everything around it, fed by a fake camera and microphone. */
export function publisherBench(t: Teardown, options: Partial<PublisherOptions> = {}, others: Partial<PublisherParts> = {}): PublisherBench {
  installFakeMedia(t);
  const camera = new FakeTrack('video', { width: 1280, height: 720 });
  const microphone = new FakeTrack('audio');
  const sockets: FakeSocket[] = [];
  const fillers: PublisherBench['fillers'] = [];
  const news: string[] = [];
  const screen = { on: false };
  let nowMs = 0;
  let onTick: () => void = () => undefined;
  let onSize: (size: PictureSize) => void = () => undefined;
  const parts: PublisherParts = {
    openSocket: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    explainRefusal: () => Promise.resolve(undefined),
    chooseEncoder,
    startTicker: (_, tick) => {
      onTick = tick;
      return () => (onTick = () => undefined);
    },
    openFiller: (kind, size): Filler => {
      const filler = { kind, size, track: new FakeTrack(kind), closed: false };
      fillers.push(filler);
      return { track: filler.track as unknown as MediaStreamTrack, tick: () => undefined, resume: () => Promise.resolve(), close: () => (filler.closed = true) };
    },
    tellPictureSize: (_, tell) => {
      onSize = tell;
      return { tick: () => undefined, pictures: () => (bench.picturesPerSecond === undefined ? undefined : Math.floor((nowMs * bench.picturesPerSecond) / 1000)), close: () => undefined };
    },
    nowMs: () => nowMs,
    keepScreenOn: () => {
      screen.on = true;
      return () => (screen.on = false);
    },
    random: () => 1,
    watchNetwork: () => () => undefined,
    ...others,
  };
  const publisher = new Publisher({ url: 'https://live.example', key: 'k', stream: 's', media: mediaOf(camera, microphone), ...options }, parts);
  publisher.on('state', (state) => news.push(state));
  publisher.on('warning', ({ code }) => news.push(code));
  publisher.on('recovered', ({ code }) => news.push(`${code} recovered`));
  publisher.on('error', ({ reason }) => news.push(`error ${reason}`));
  const bench: PublisherBench = {
    publisher,
    camera,
    microphone,
    sockets,
    recorders: FakeMediaRecorder.all,
    fillers,
    news,
    acknowledges: true,
    picturesPerSecond: undefined,
    last: () => sockets.at(-1)!,
    passMs: async (durationMs) => {
      for (let passed = 0; passed < durationMs; passed += 100) {
        nowMs += 100;
        if (nowMs % 1000 === 0 && publisher.state === 'live') {
          const received = bench.last().bytes.length;
          bench.last().say(bench.acknowledges ? { type: 'ack', received } : { type: 'stats', viewers: 1, ingestBitsPerSecond: 0 });
        }
        onTick();
      }
      await settle();
    },
    screen,
    resize: (size) => onSize(size),
    goOnAir: async () => {
      const started = publisher.start();
      await settle();
      bench.last().ready();
      await started;
      bench.last().say({ type: 'live' });
      news.length = 0;
    },
  };
  t.teardown(() => sockets.at(-1)?.say({ type: 'ended', message: 'the test is over' }));
  return bench;
}
