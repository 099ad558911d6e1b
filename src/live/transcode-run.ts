import { FragmentReader } from '../fmp4/fragment-reader.js';
import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import { leadOf, type InitSegment } from '../fmp4/init-segment.js';
import { outputInits, type NamedOutput, type OutputInit } from '../fmp4/named-outputs.js';
import { TracksApart } from '../fmp4/tracks-apart.js';
import { WholeMoments } from '../fmp4/whole-moments.js';
import { OutputWatch } from './output-watch.js';
import type { ReadOptions, Take } from './take.js';
import { TranscoderError, type Transcoder } from './transcoder.js';

/** How times in a transcoder's output stand to those on the take's own clock. */
export interface OutputTimes {
  /** Where the output begins on the take's own clock: the time of the first frame that is wanted, or when it is decoded, if that is earlier. */
  readonly startSeconds: number;
  /** Time on the take's own clock at which the output's time 0 stands. */
  readonly zeroSeconds: number;
}

/** Where a broadcast's media goes: that of all its outputs, in the order in which it comes. */
export interface MediaOutput {
  /** What follows comes under these init segments, the source's first; fragments are told apart by their track ids. */
  startTimeline(outputs: readonly OutputInit[], times: OutputTimes): void;
  /** The timeline goes on, from another transcoder: under the same init segments, at other times. */
  resumeTimeline(outputs: readonly OutputInit[], times: OutputTimes): void;
  /** Fragments that came in one go. */
  push(fragments: readonly Fragment[]): void;
  /**
   * As `push`, of a picture that is copied: it may be cut at its own keyframes only.
   * @returns how many were taken; not all where it went on without a keyframe for longer than a segment may last
   */
  offer(fragments: readonly Fragment[]): number;
  /** Everything that is held is published. */
  endTimeline(): void;
}

export interface TranscodeRunOptions {
  readonly transcoder: Transcoder;
  /** What it was asked to give, the source first. */
  readonly outputs: readonly NamedOutput[];
  readonly take: Take;
  readonly read: Omit<ReadOptions, 'signal'>;
  /** Known when there is output. */
  readonly times: () => OutputTimes;
  readonly hungAfterMs: number;
  readonly output: MediaOutput;
  /** It may have to be broken off where its keyframes lie too far apart. */
  readonly copiesPicture: boolean;
  /** It copies what one before it broke off, and goes on in its timeline. */
  readonly resumed?: OpenTimeline | undefined;
}

/**
 * A timeline that a transcoder left open which copied pictures that are out of order. Of those that it gave the last may be shown after some that it did not: only where
 * it broke off can it be gone on with, and whoever has its references can decode what follows there.
 */
export interface OpenTimeline {
  readonly inits: readonly OutputInit[];
  /** How many pictures of the take viewers have, from its first on. */
  readonly pictures: number;
}

export interface RunResult {
  /** undefined: all it was to read is in the output. */
  readonly failure: TranscoderError | undefined;
  /** Up to where in the take viewers have it all; undefined when nothing came out. */
  readonly deliveredSeconds: number | undefined;
  /** It was broken off: its picture went on without a keyframe for longer than a segment may last. */
  readonly tooFarApart: boolean;
  /** How much came out. */
  readonly mediaSeconds: number;
  /** It failed, and another one can go on in its timeline: whoever has none that does ends it. */
  readonly open: OpenTimeline | undefined;
}

/** One transcoder at work on one stretch of a take. */
export class TranscodeRun {
  /** Resolves when the transcoder is gone. */
  readonly finished: Promise<RunResult>;
  readonly #options: TranscodeRunOptions;
  readonly #reading = new AbortController();
  readonly #watch: OutputWatch;
  #silence: TranscoderError | undefined;
  #fedAll = false;
  #tooFarApart = false;
  #deliveredSeconds: number | undefined;
  #mediaSeconds = 0;
  #newFromSeconds: number | undefined;
  /** Of the timeline that it began, or goes on in. */
  #inits: readonly OutputInit[] | undefined;
  /** Of the source's pictures: how many viewers have from the first on that is read. */
  #pictures: number;
  #toLeaveOut: number;
  #leftOut = 0;
  readonly #picturesBefore: number;

  constructor(options: TranscodeRunOptions) {
    const { resumed, read, take } = options;
    this.#options = options;
    this.#inits = resumed?.inits;
    this.#picturesBefore = take.picturesBefore(read.from ?? 0);
    this.#pictures = this.#toLeaveOut = resumed ? resumed.pictures - this.#picturesBefore : 0;
    this.#watch = new OutputWatch({
      hungAfterMs: options.hungAfterMs,
      onSilent: (reason, bytes) => {
        this.#silence = silenceOf(reason, bytes, options.hungAfterMs);
        this.#reading.abort();
        void options.transcoder.close();
      },
    });
    this.finished = this.#run();
  }

  /** Nothing more is fed; what is inside still comes out. */
  end(): void {
    this.#reading.abort();
    this.#options.transcoder.end();
  }

  async #run(): Promise<RunResult> {
    const { transcoder } = this.#options;
    void transcoder.closed.then(() => this.#reading.abort());
    try {
      const [garbled] = await Promise.all([this.#deliver(), this.#feed()]);
      const died = await transcoder.closed;
      const early = this.#fedAll || this.#tooFarApart ? undefined : new TranscoderError('media', 'ffmpeg ended before the recording did');
      const failure = this.#silence ?? garbled ?? died ?? early;
      const open = failure && this.#inits && this.#isCountedByPicture ? { inits: this.#inits, pictures: this.#picturesBefore + this.#pictures } : undefined;
      if (this.#inits && !open) this.#options.output.endTimeline();
      const [deliveredSeconds, mediaSeconds, tooFarApart] = [this.#deliveredSeconds, this.#mediaSeconds, this.#tooFarApart];
      return { failure, deliveredSeconds, mediaSeconds, tooFarApart, open };
    } finally {
      this.#watch.stop();
      this.#reading.abort();
      await transcoder.close();
    }
  }

  async #feed(): Promise<void> {
    const { transcoder, take, read } = this.#options;
    const { signal } = this.#reading;
    for await (const bytes of take.read({ ...read, signal })) {
      this.#watch.offered(bytes.length, take.frames);
      await transcoder.write(bytes);
      this.#watch.taken();
    }
    if (signal.aborted) return;
    this.#fedAll = true;
    transcoder.end();
  }

  /** Resolves when the output is over: undefined, or why it made no sense. */
  async #deliver(): Promise<TranscoderError | undefined> {
    const { transcoder, output, copiesPicture } = this.#options;
    const reader = new FragmentReader();
    let inits: readonly OutputInit[] = [];
    let apart: TracksApart | undefined;
    let moments: WholeMoments | undefined;
    const timeline = { isBegun: false };
    let garbled: TranscoderError | undefined;
    const give = (fragments: readonly Fragment[]): void => {
      const source = inits[0]?.init;
      if (!source || fragments.length === 0) return;
      if (!timeline.isBegun) this.#begin(inits, fragments, source);
      timeline.isBegun = true;
      const lacking = this.#lacking(fragments, source);
      if (lacking.length === 0) return;
      let taken = lacking.length;
      if (copiesPicture) taken = output.offer(lacking);
      else output.push(lacking);
      this.#note(lacking.slice(0, taken), source);
      if (taken < lacking.length) this.#breakOff();
    };
    await transcoder.read((chunk) => {
      if (garbled || this.#tooFarApart) return;
      const fragments: Fragment[] = [];
      try {
        // Nothing but its reading: what our own consumers throw is no fault of ffmpeg's.
        for (const event of reader.push(chunk)) {
          if (event.type === 'fragment') fragments.push(...(apart?.push(event.fragment) ?? [event.fragment]));
          else {
            inits = outputInits(event.init, this.#options.outputs);
            [apart, moments, timeline.isBegun] = [new TracksApart(event.init.tracks), new WholeMoments(inits), false];
          }
        }
      } catch (error) {
        garbled = new TranscoderError('server', `ffmpeg wrote what is no MP4: ${(error as Error).message}`, { cause: error });
        this.#reading.abort();
        void transcoder.close();
      }
      if (fragments.length > 0) this.#watch.gave();
      give(moments?.push(fragments) ?? []);
    });
    // Of a moment that one broke off in the middle of, nothing is given: the next one gives it to all outputs.
    const isAllThere = (await transcoder.closed) === null && !this.#silence && !garbled && !this.#tooFarApart;
    if (isAllThere) give(moments?.flush() ?? []);
    return garbled;
  }

  #begin(inits: readonly OutputInit[], fragments: readonly Fragment[], source: InitSegment): void {
    const { output, times, resumed } = this.#options;
    if (resumed && isSame(resumed.inits, inits)) return output.resumeTimeline(inits, times());
    // Nothing but another header makes a decoder begin: the group is given from its beginning.
    if (resumed) output.endTimeline();
    [this.#inits, this.#toLeaveOut, this.#pictures] = [inits, 0, 0];
    // Only the first fragment tells how long before they are shown pictures are decoded.
    output.startTimeline(inits, withDecoding(times(), fragments, source));
  }

  /** Without the pictures that viewers have. Sound that they have is known by its time. */
  #lacking(fragments: readonly Fragment[], { tracks }: InitSegment): readonly Fragment[] {
    if (this.#leftOut >= this.#toLeaveOut) return fragments;
    const lead = leadOf(tracks)?.trackId;
    return fragments.filter(({ runs }) => {
      const count = countOf(runs, lead);
      if (count === 0 || this.#leftOut >= this.#toLeaveOut) return true;
      this.#leftOut += count;
      return false;
    });
  }

  #breakOff(): void {
    this.#tooFarApart = true;
    this.#reading.abort();
    void this.#options.transcoder.close();
  }

  /** Takes note of how much of the take is in what came out. */
  #note(fragments: readonly Fragment[], { tracks }: InitSegment): void {
    const { take, times, resumed } = this.#options;
    const { startSeconds, zeroSeconds } = times();
    const lead = leadOf(tracks);
    let last: TrackRun | undefined;
    for (const { runs } of fragments) {
      last = runs.find(({ trackId }) => trackId === lead?.trackId) ?? last;
      this.#pictures += countOf(runs, lead?.trackId);
    }
    if (!last || !lead) return;
    const timeSeconds = zeroSeconds + last.baseMediaDecodeTime / lead.timescale;
    const endSeconds = timeSeconds + last.duration / lead.timescale;
    this.#newFromSeconds ??= resumed ? timeSeconds : startSeconds;
    this.#mediaSeconds = endSeconds - this.#newFromSeconds;
    this.#deliveredSeconds = lead.kind === 'video' ? pictureAt(take, timeSeconds) : endSeconds;
    if (this.#isCountedByPicture) take.deliveredPictures(this.#picturesBefore + this.#pictures);
    else take.delivered(this.#deliveredSeconds);
  }

  /** Which pictures viewers have is known by their number where times do not tell: they come as they came in. Of several outputs that is not so. */
  get #isCountedByPicture(): boolean {
    const { copiesPicture, outputs, take } = this.#options;
    return copiesPicture && outputs.length === 1 && take.isReordered;
  }
}

function countOf(runs: readonly TrackRun[], trackId: number | undefined): number {
  return runs.find((run) => run.trackId === trackId)?.sampleCount ?? 0;
}

function isSame(one: readonly OutputInit[], other: readonly OutputInit[]): boolean {
  return one.length === other.length && one.every(({ init }, index) => other[index]?.init.bytes.equals(init.bytes));
}

function withDecoding(times: OutputTimes, fragments: readonly Fragment[], { tracks: [lead] }: InitSegment): OutputTimes {
  const first = fragments.flatMap(({ runs }) => runs).find(({ trackId }) => trackId === lead?.trackId);
  if (lead?.kind !== 'video' || !first) return times;
  return { ...times, startSeconds: Math.min(times.startSeconds, times.zeroSeconds + first.baseMediaDecodeTime / lead.timescale) };
}

/** Pictures come out within 2 ms of where they belong. */
const toleranceSeconds = 0.003;

/** Time of the picture of the take that came out at this time. */
function pictureAt(take: Take, timeSeconds: number): number {
  const nearest = take.leadNearest(timeSeconds);
  return nearest !== undefined && Math.abs(nearest - timeSeconds) <= toleranceSeconds ? nearest : timeSeconds;
}

function silenceOf(reason: 'no-first-output' | 'no-output' | 'no-input', bytes: number, hungAfterMs: number): TranscoderError {
  if (reason === 'no-first-output') return new TranscoderError('media', `ffmpeg found no picture and no sound in ${bytes} bytes`);
  const seconds = Math.round(hungAfterMs / 100) / 10;
  const what = reason === 'no-input' ? 'took no more of the recording' : 'took the recording and gave nothing';
  return new TranscoderError('server', `ffmpeg hung: it ${what} for ${seconds} s`);
}
