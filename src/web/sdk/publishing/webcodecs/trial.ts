import { even, pictureConfig, PictureEncoders, profiles, renditionSizes, type EncodedPicture, type PictureRendition, type Profile, type RenditionSize } from './picture-encoders.js';

export interface TrialOptions {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly renditions: readonly PictureRendition[];
}

export interface Tried {
  /** How many, from the first on, this machine encodes in time; 0: not one. */
  readonly renditions: number;
  readonly profile: Profile;
  /** The figures in words. */
  readonly message: string;
}

/** How many pictures it takes: the first ones start the encoders. */
const [warmUp, measured] = [3, 12];
/** Going live waits for it. */
const maxTrialMs = 900;
/** From the first picture on: by then it is known how quick they come. */
const maxPassMs = 360;
/** Page, camera and players want some of the machine too: it must be able to encode so much faster than pictures come. */
const headroom = 1.5;

/** Encodes a moving picture as fast as the machine can: what a browser says it supports is no promise that it is quick enough. */
export async function tryRenditions(options: TrialOptions, nowMs: () => number): Promise<Tried> {
  const untilMs = nowMs() + maxTrialMs;
  const sizes = renditionSizes(options, options.renditions);
  const [width, height] = [even(options.width), even(options.height)];
  const profile = await supportedProfile(options);
  if (profile === undefined) return { renditions: 0, profile: profiles[0], message: `it encodes no H.264 of ${String(width)} by ${String(height)}` };
  const pictures = Array.from({ length: stripeWidth / stripeStep }, (_, index) => movingPicture(width, height, index));
  const needed = options.frameRate * headroom;
  let message = 'nothing was encoded in a trial';
  for (let count = sizes.length; count > 0 && nowMs() < untilMs; ) {
    const perSecond = await picturesPerSecond({ ...options, profile, width, height, renditions: options.renditions.slice(0, count) }, pictures, { nowMs, untilMs }).catch((error: unknown) => {
      message = error instanceof Error ? error.message : String(error);
      return 0;
    });
    if (perSecond >= needed) return { renditions: count, profile, message: `${perSecond.toFixed(0)} pictures a second in a trial` };
    if (perSecond > 0) message = `${perSecond.toFixed(0)} pictures a second in a trial, ${needed.toFixed(0)} are needed`;
    count = fewer(sizes, count, perSecond / needed);
  }
  return { renditions: 0, profile, message };
}

/** How many renditions to try next: what a picture takes goes by its size. @param share of the pace that is needed */
function fewer(sizes: readonly RenditionSize[], count: number, share: number): number {
  const pixels = (of: number): number => sizes.slice(0, of).reduce((sum, size) => sum + size.width * size.height, 0);
  let next = count - 1;
  while (next > 1 && (share * pixels(count)) / pixels(next) < 1) next -= 1;
  return next;
}

async function supportedProfile(options: TrialOptions): Promise<Profile | undefined> {
  for (const profile of profiles) {
    const configs = renditionSizes(options, options.renditions).map((size) => pictureConfig({ ...size, profile, frameRate: options.frameRate }));
    const answers = await Promise.all(configs.map((config) => VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }))));
    if (answers.every(({ supported }) => supported === true)) return profile;
  }
  return undefined;
}

interface PassLimit {
  readonly nowMs: () => number;
  readonly untilMs: number;
}

async function picturesPerSecond(options: TrialOptions & { readonly profile: Profile }, pictures: readonly Uint8Array<ArrayBuffer>[], { nowMs, untilMs }: PassLimit): Promise<number> {
  const { width: codedWidth, height: codedHeight } = options;
  const failures: unknown[] = [];
  const came = renditionSizes(options, options.renditions).map(() => 0);
  const beganMs = nowMs();
  let [endsAtMs, warmAtMs, out] = [untilMs, Infinity, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let end: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => (end = resolve));
  const endIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(end, Math.max(0, ms));
  };
  const onPicture = ({ rendition }: EncodedPicture): void => {
    came[rendition] = (came[rendition] ?? 0) + 1;
    const slowest = Math.min(...came);
    if (slowest === out) return;
    out = slowest;
    if (out === 1) endIn((endsAtMs = Math.min(untilMs, nowMs() + maxPassMs)) - nowMs());
    if (out === warmUp) warmAtMs = nowMs();
  };
  endIn(untilMs - beganMs);
  const encoders = new PictureEncoders({ ...options, onPicture, onFailure: (error) => failures.push(error) });
  try {
    for (let index = 0; index < warmUp + measured && nowMs() < endsAtMs; index += 1) {
      const frame = new VideoFrame(pictures[index % pictures.length] ?? new Uint8Array(0), { format: 'I420', codedWidth, codedHeight, timestamp: index * 33_333 });
      encoders.encode(frame, index === 0);
      frame.close();
    }
    await Promise.race([encoders.flush(), isOver]);
    if (failures.length > 0) throw failures[0];
    const isWarm = out > warmUp;
    return ((isWarm ? out - warmUp : out) * 1000) / Math.max(1, nowMs() - (isWarm ? warmAtMs : beganMs));
  } finally {
    clearTimeout(timer);
    encoders.close();
  }
}

const [stripeWidth, stripeStep] = [64, 16];

/** Stripes that wander over noise that stays, as I420: neither as cheap as a still nor as dear as nothing but noise. */
function movingPicture(width: number, height: number, index: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array((width * height * 3) / 2).fill(128);
  let noise = 1;
  for (let at = 0; at < width * height; at += 1) {
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) & 0x7fffffff;
    const isBright = ((at % width) + index * stripeStep) % stripeWidth < stripeWidth / 2;
    pixels[at] = (isBright ? 150 : 50) + ((noise >> 16) & 15);
  }
  return pixels;
}
