import { explainRefusal, type Refusal } from '../refusal.js';
import { startTicker } from '../ticker.js';
import { chooseEncoder } from './encoder.js';
import { openFiller, type Filler, type PictureSize, type TrackKind } from './filler.js';
import { tellPictureSize, type PictureSizeTeller } from './picture-size.js';
import { keepScreenOn } from './wake-lock.js';

/** What a Publisher needs of its surroundings: the browser's own, or a test's. */
export interface PublisherParts {
  readonly openSocket: (url: string) => WebSocket;
  readonly explainRefusal: (url: string) => Promise<Refusal | undefined>;
  readonly chooseEncoder: typeof chooseEncoder;
  readonly startTicker: (intervalMs: number, onTick: () => void) => () => void;
  readonly openFiller: (kind: TrackKind, size: PictureSize) => Filler;
  readonly tellPictureSize: (track: MediaStreamTrack, onSize: (size: PictureSize) => void) => PictureSizeTeller;
  readonly keepScreenOn: () => () => void;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** In [0, 1), like Math.random. */
  readonly random: () => number;
  /** Tells whether the machine is on line, whenever that changes. @returns a function that stops it */
  readonly watchNetwork: (onChange: (online: boolean) => void) => () => void;
}

export const browserParts: PublisherParts = {
  openSocket: (url) => new WebSocket(url),
  explainRefusal,
  chooseEncoder,
  startTicker,
  openFiller,
  tellPictureSize,
  keepScreenOn,
  nowMs: () => performance.now(),
  random: () => Math.random(),
  watchNetwork: (onChange) => {
    const [online, offline] = [(): void => onChange(true), (): void => onChange(false)];
    addEventListener('online', online);
    addEventListener('offline', offline);
    return () => {
      removeEventListener('online', online);
      removeEventListener('offline', offline);
    };
  },
};
