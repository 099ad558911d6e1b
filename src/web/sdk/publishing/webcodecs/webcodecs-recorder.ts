import { OnairError } from '../../errors.js';
import { recorderError, type RecorderOptions, type Recording, type SentPictures } from '../../recorder.js';
import { insertableStreams, mayStandStill } from '../../steady-video.js';
import type { EncodedRecording, EncoderHost, RecordingWord } from './encoder-host.js';
import { ladder } from './ladder.js';
import type { PictureRendition, Profile } from './picture-encoders.js';
import type { RenditionPolicy } from './rendition-policy.js';

const maxStopMs = 3_000;
/** Keyframes come each second: over a few of them, one more or less counts for little. */
const measuredMs = 4_000;

/** One recording by WebCodecs: frames are read from the tracks and encoded in a worker, each on its way as soon as it is encoded. */
export class WebCodecsRecorder implements Recording {
  readonly mimeType: string;
  readonly startedAtMs = performance.now();
  readonly #options: RecorderOptions;
  readonly #policy: RenditionPolicy;
  readonly #lines: number;
  readonly #renditions: readonly PictureRendition[];
  readonly #encoded: EncodedRecording;
  readonly #stopped: Promise<void>;
  #settleStopped: () => void = () => undefined;
  #stop: Promise<void> | undefined;
  #discarding = false;
  #lastChunkAtMs = performance.now();
  #hasGiven = false;
  #soundMissingMs = 0;
  #loads: Extract<RecordingWord, { type: 'load' }>[] = [];

  /** @param by `policy`: how many renditions there may be; hears how the encoders do */
  constructor(options: RecorderOptions, { host, policy, profile }: { readonly host: EncoderHost; readonly policy: RenditionPolicy; readonly profile: Profile }) {
    this.#options = options;
    this.#policy = policy;
    this.#lines = linesOf(options);
    this.#renditions = this.#ladder(options.quality.videoBitsPerSecond);
    policy.begin(this.#renditions.length);
    this.#stopped = new Promise((resolve) => (this.#settleStopped = resolve));
    const { media, quality } = options;
    const [video, audio] = [media.getVideoTracks()[0], media.getAudioTracks()[0]];
    this.mimeType = video === undefined ? 'audio/x-matroska;codecs=opus' : `video/x-matroska;codecs=avc1${audio === undefined ? '' : ',opus'}`;
    const picture = video && { readable: framesOf<VideoFrame>(video), standsStill: mayStandStill(video), frameRate: quality.frameRate, profile, renditions: this.#renditions };
    const sound = audio && { readable: framesOf<AudioData>(audio), bitsPerSecond: quality.audioBitsPerSecond };
    this.#encoded = host.record({ startedAtMs: performance.timeOrigin + this.startedAtMs, picture, sound }, (word) => this.#hear(word));
  }

  get hasGiven(): boolean {
    return this.#hasGiven;
  }

  get silentMs(): number {
    return performance.now() - this.#lastChunkAtMs;
  }

  get soundMissingMs(): number {
    return this.#soundMissingMs;
  }

  get sentPictures(): SentPictures[] {
    const [first, last] = [this.#loads[0], this.#loads.at(-1)];
    const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1000;
    return (last?.pictures ?? []).map(({ width, height, byteLength }, index) => {
      const bits = (byteLength - (first?.pictures[index]?.byteLength ?? 0)) * 8;
      return { width, height, bitsPerSecond: seconds > 0 ? Math.round(bits / seconds) : 0 };
    });
  }

  tick(): void {
    // The worker keeps its own time.
  }

  setBitRate(videoBitsPerSecond: number): boolean {
    const renditions = this.#ladder(videoBitsPerSecond);
    if (renditions.length !== this.#renditions.length) return false;
    this.#encoded.setBitRates(renditions.map(({ bitsPerSecond }) => bitsPerSecond));
    return true;
  }

  stop(): Promise<void> {
    this.#stop ??= this.#finish(false);
    return this.#stop;
  }

  discard(): void {
    this.#discarding = true;
    this.#stop ??= this.#finish(true);
  }

  #ladder(videoBitsPerSecond: number): PictureRendition[] {
    return ladder({ videoBitsPerSecond, lines: this.#lines }, this.#policy.renditions);
  }

  #finish(discard: boolean): Promise<void> {
    this.#encoded.stop(discard);
    // A worker that the browser ended says nothing any more.
    return Promise.race([this.#stopped, new Promise<void>((resolve) => setTimeout(resolve, maxStopMs))]);
  }

  #hear(word: RecordingWord): void {
    if (word.type === 'bytes' && !this.#discarding) {
      this.#lastChunkAtMs = performance.now();
      this.#hasGiven = true;
      this.#options.onChunk(word.bytes);
    }
    if (word.type === 'load' && this.#stop === undefined) {
      this.#soundMissingMs = word.soundMissingMs;
      this.#loads = [...this.#loads.filter(({ atMs }) => word.atMs - atMs <= measuredMs), word];
      if (this.#policy.sample({ ...word, nowMs: word.atMs })) this.#options.onOutgrown(undefined);
    }
    if (word.type === 'outgrown' && this.#stop === undefined) this.#options.onOutgrown(word.size);
    if (word.type === 'stopped') this.#settleStopped();
    if (word.type !== 'failed' || this.#stop !== undefined) return;
    const error = recorderError(new OnairError('recorder-failed', `The browser’s encoder stopped (${word.message}).`));
    // What it still held is lost with it: nothing is waited for.
    this.discard();
    this.#options.onStopped(error);
  }
}

/** Of the picture's shorter side; as asked for where the source does not say. */
function linesOf({ media, quality }: Pick<RecorderOptions, 'media' | 'quality'>): number {
  const { width, height } = media.getVideoTracks()[0]?.getSettings() ?? {};
  return Math.min(quality.height, width ?? Infinity, height ?? Infinity);
}

function framesOf<Item>(track: MediaStreamTrack): ReadableStream<Item> {
  const { MediaStreamTrackProcessor: Processor } = insertableStreams();
  if (Processor === undefined) throw new OnairError('unsupported-browser', 'This browser gives pages no frames of cameras and microphones.');
  return new Processor({ track }).readable as ReadableStream<unknown> as ReadableStream<Item>;
}
