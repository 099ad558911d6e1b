/** How often the level is told to those who hear it read out; it is drawn with every picture. */
const toldEveryMs = 500;

/** Shows how loud a track is on an element with `role="meter"`, through its custom property `--level`. */
export class LevelMeter {
  readonly #element: HTMLElement;
  #context: AudioContext | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #analyser: AnalyserNode | undefined;
  #frame = 0;
  #toldAtMs = -Infinity;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** Measures this track from now on; undefined: nothing. */
  measure(track: MediaStreamTrack | undefined): void {
    this.#source?.disconnect();
    this.#source = undefined;
    cancelAnimationFrame(this.#frame);
    this.#toldAtMs = -Infinity;
    this.#show(0);
    if (track === undefined) return;
    const context = (this.#context ??= new AudioContext());
    this.#analyser ??= new AnalyserNode(context, { fftSize: 1024 });
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    this.wake();
    const samples = new Float32Array(this.#analyser.fftSize);
    const draw = (): void => {
      this.#analyser?.getFloatTimeDomainData(samples);
      this.#show(loudness(samples));
      this.#frame = requestAnimationFrame(draw);
    };
    draw();
  }

  /** Browsers start sound only after a gesture: call this in one. */
  wake(): void {
    if (this.#context?.state === 'suspended') void this.#context.resume();
  }

  #show(level: number): void {
    const percent = Math.round(level * 100);
    this.#element.style.setProperty('--level', `${percent}%`);
    if (performance.now() - this.#toldAtMs < toldEveryMs) return;
    this.#toldAtMs = performance.now();
    this.#element.setAttribute('aria-valuenow', String(percent));
  }
}

/** 0 (-60 dBFS or less) to 1 (full scale), even to the ear. */
export function loudness(samples: Float32Array): number {
  const meanSquare = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const decibels = 10 * Math.log10(meanSquare + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}
