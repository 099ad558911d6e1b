import { even, pictureConfig, PictureEncoders, profiles, renditionSizes, type PictureRendition, type Profile } from './picture-encoders.js';

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
const [warmUp, measured] = [5, 15];
/** An encoder that needs longer for them is too slow by far. */
const maxTrialMs = 1_000;
/** Page, camera and players want some of the machine too: it must be able to encode so much faster than pictures come. */
const headroom = 1.5;

/** Encodes a moving picture as fast as the machine can: what a browser says it supports is no promise that it is quick enough. */
export async function tryRenditions(options: TrialOptions, nowMs: () => number): Promise<Tried> {
  const most = renditionSizes(options, options.renditions).length;
  const [width, height] = [even(options.width), even(options.height)];
  const pictures = Array.from({ length: stripeWidth / stripeStep }, (_, index) => movingPicture(width, height, index));
  const profile = await supportedProfile(options);
  if (profile === undefined) return { renditions: 0, profile: profiles[0], message: `it encodes no H.264 of ${String(width)} by ${String(height)}` };
  let message = '';
  for (let count = most; count > 0; count -= 1) {
    const perSecond = await picturesPerSecond({ ...options, profile, width, height, renditions: options.renditions.slice(0, count) }, pictures, nowMs).catch((error: unknown) => {
      message = error instanceof Error ? error.message : String(error);
      return 0;
    });
    if (perSecond >= options.frameRate * headroom) return { renditions: count, profile, message: `${perSecond.toFixed(0)} pictures a second in a trial` };
    if (perSecond > 0) message = `${perSecond.toFixed(0)} pictures a second in a trial, ${(options.frameRate * headroom).toFixed(0)} are needed`;
  }
  return { renditions: 0, profile, message };
}

async function supportedProfile(options: TrialOptions): Promise<Profile | undefined> {
  for (const profile of profiles) {
    const configs = renditionSizes(options, options.renditions).map((size) => pictureConfig({ ...size, profile, frameRate: options.frameRate }));
    const answers = await Promise.all(configs.map((config) => VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }))));
    if (answers.every(({ supported }) => supported === true)) return profile;
  }
  return undefined;
}

async function picturesPerSecond(options: TrialOptions & { readonly profile: Profile }, pictures: readonly Uint8Array<ArrayBuffer>[], nowMs: () => number): Promise<number> {
  const { width: codedWidth, height: codedHeight } = options;
  const failures: unknown[] = [];
  const encoders = new PictureEncoders({ ...options, onPicture: () => undefined, onFailure: (error) => failures.push(error) });
  const encode = async (from: number, count: number): Promise<void> => {
    for (let index = from; index < from + count; index += 1) {
      const frame = new VideoFrame(pictures[index % pictures.length] ?? new Uint8Array(0), { format: 'I420', codedWidth, codedHeight, timestamp: index * 33_333 });
      encoders.encode(frame, index === 0);
      frame.close();
    }
    await Promise.race([encoders.flush(), new Promise((resolve) => setTimeout(resolve, maxTrialMs))]);
  };
  try {
    await encode(0, warmUp);
    const beganMs = nowMs();
    await encode(warmUp, measured);
    if (failures.length > 0) throw failures[0];
    return (measured * 1000) / Math.max(1, nowMs() - beganMs);
  } finally {
    encoders.close();
  }
}

const [stripeWidth, stripeStep] = [64, 8];

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
