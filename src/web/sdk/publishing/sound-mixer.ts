/** Louder than this is limited, in dB below full scale, so that sounds that come together are not distorted. */
const limitDb = -3;
const ratio = 20;
/** A change of level within this time makes no click. */
const rampSeconds = 0.02;
/** A compressor makes everything louder by this much of what it takes from the loudest (Web Audio, 1.19): taken back here. */
const makeUp = 10 ** ((-limitDb * (1 - 1 / ratio) * 0.6) / 20);

interface Input {
  readonly source: MediaStreamAudioSourceNode;
  readonly gain: GainNode;
}

/** Several sounds as one track, since a recorder takes one; inputs may come and go without the track's changing. */
export class SoundMixer {
  readonly #context = new AudioContext();
  readonly #output = this.#context.createMediaStreamDestination();
  readonly #limiter = new DynamicsCompressorNode(this.#context, { threshold: limitDb, knee: 0, ratio, attack: 0.002, release: 0.1 });
  readonly #inputs = new Map<MediaStreamTrack, Input>();

  constructor() {
    this.#limiter.connect(new GainNode(this.#context, { gain: 1 / makeUp })).connect(this.#output);
  }

  get track(): MediaStreamTrack | undefined {
    return this.#output.stream.getAudioTracks()[0];
  }

  /**
   * Mixes these tracks, and no others.
   * @param levelOf 0 is silence, 1 as it is; may be another one at the next call
   */
  use(tracks: readonly MediaStreamTrack[], levelOf: (track: MediaStreamTrack) => number = () => 1): void {
    for (const [track, { source, gain }] of this.#inputs) {
      if (tracks.includes(track)) continue;
      source.disconnect();
      gain.disconnect();
      this.#inputs.delete(track);
    }
    for (const track of tracks) this.#put(track, levelOf(track));
  }

  /** Browsers suspend sound until the page is touched. */
  resume(): Promise<void> {
    return this.#context.state === 'suspended' ? this.#context.resume() : Promise.resolve();
  }

  close(): void {
    this.use([]);
    this.track?.stop();
    if (this.#context.state !== 'closed') void this.#context.close();
  }

  #put(track: MediaStreamTrack, level: number): void {
    const before = this.#inputs.get(track);
    if (before !== undefined) {
      const { gain } = before.gain;
      const now = this.#context.currentTime;
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(gain.value, now);
      gain.linearRampToValueAtTime(level, now + rampSeconds);
      return;
    }
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    const gain = new GainNode(this.#context, { gain: level });
    source.connect(gain).connect(this.#limiter);
    this.#inputs.set(track, { source, gain });
  }
}
