import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { TrackRun } from '../../src/fmp4/fragment.js';
import { readInitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { Encoded } from '../../src/hls/encoded.js';
import { Packager } from '../../src/hls/packager.js';
import { Presentation } from '../../src/hls/presentation.js';
import { audioTrack, fragment, initSegment, samplesOf, tracksOf, videoTrack, type Sample, type Script } from './media-builder.js';
import { readMediaPlaylist, type ReadPlaylist } from './playlist-reader.js';

export const packagedFromMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** What became of one segment: whether each of its pictures is a keyframe, part by part. */
export interface PackagedSegment {
  readonly uri: string;
  readonly keyframes: readonly (readonly boolean[])[];
  readonly saidIndependent: readonly boolean[];
  readonly discontinuity: boolean;
  /** The tracks of the fragments of its first part, one after another. */
  readonly firstTracks: readonly number[];
}

/** A presentation filled by the packager, every playlist it ever showed, and every segment it ever had. */
export class Packaged {
  readonly seen: ReadPlaylist[] = [];
  readonly segments: PackagedSegment[] = [];
  readonly presentation: Presentation;
  readonly packager: Packager;
  #lastBody: unknown;

  constructor({ segmentTargetSeconds = 2, partSeconds = 0.334, listedSegments = 6 } = {}) {
    this.presentation = new Presentation({
      listedSegments,
      broadcast: 'run1',
      onSegment: ({ uri, parts, discontinuity }) =>
        this.segments.push({
          uri,
          discontinuity,
          firstTracks: runsOf(Buffer.concat(parts[0]?.media.pieces ?? [])).map(({ trackId }) => trackId),
          keyframes: parts.map(({ media }) => pictureKeyframes(Buffer.concat(media.pieces))),
          saidIndependent: parts.map(({ independent }) => independent),
        }),
    });
    this.packager = new Packager({ presentation: this.presentation, segmentTargetSeconds, partSeconds });
  }

  begin(tracks: readonly Track[], captureTimeMs = packagedFromMs): void {
    this.packager.startTimeline({ init: readInitSegment(initSegment(tracks)), captureTimeMs });
  }

  async push(samples: readonly Sample[]): Promise<void> {
    for (const [index, sample] of samples.entries()) {
      this.packager.push(fragment([sample], index));
      await this.look();
    }
  }

  /** Packages a script as it is, whatever the packager says of it. */
  async run(script: Script, captureTimeMs = packagedFromMs): Promise<this> {
    const samples = samplesOf(script);
    this.begin(tracksOf(samples), captureTimeMs);
    await this.push(samples);
    this.packager.endTimeline();
    await this.look();
    return this;
  }

  /** Packages a copied source as the server does: from a picture on that is not taken it is encoded, up to its next keyframe. */
  async publish(samples: readonly Sample[], captureTimeMs = packagedFromMs, tracks = tracksOf(samples)): Promise<void> {
    const origin = samples[0]?.startSeconds ?? 0;
    let zero = origin;
    let keyframeAt: number | undefined;
    const begin = (startSeconds: number): void => {
      this.packager.endTimeline();
      this.begin(tracks, Math.max(captureTimeMs + (startSeconds - origin) * 1000, this.presentation.endTimeMs ?? -Infinity));
      zero = startSeconds;
    };
    begin(origin);
    for (const [index, sample] of samples.entries()) {
      const isPicture = sample.track.kind === 'video';
      let keyframe = sample.keyframe;
      const given = (): ReturnType<typeof fragment> => fragment([{ ...sample, startSeconds: sample.startSeconds - zero, keyframe }], index);
      if (keyframeAt !== undefined && isPicture && sample.keyframe) {
        begin(sample.startSeconds);
        keyframeAt = undefined;
      } else if (isPicture && keyframeAt !== undefined) {
        keyframe = sample.startSeconds - keyframeAt >= 2;
        if (keyframe) keyframeAt = sample.startSeconds;
      } else if (!this.packager.accepts(given())) {
        begin(sample.startSeconds);
        keyframeAt = sample.startSeconds;
        keyframe = true;
      }
      this.packager.push(given());
      await this.look();
    }
    this.packager.endTimeline();
    await this.look();
  }

  async look(): Promise<void> {
    const { body } = await this.presentation.lead.mediaPlaylist({}, () => () => undefined);
    if (!(body instanceof Encoded) || body === this.#lastBody) return;
    this.#lastBody = body;
    const text = body.identity.toString();
    if (this.seen.at(-1)?.text !== text) this.seen.push(readMediaPlaylist(text));
  }
}

function runsOf(media: Buffer): TrackRun[] {
  const fragments = new FragmentReader().push(media).flatMap((event) => (event.type === 'fragment' ? event.fragment.runs : []));
  return fragments.filter(({ sampleCount }) => sampleCount > 0);
}

function pictureKeyframes(media: Buffer): boolean[] {
  return runsOf(media)
    .filter(({ trackId }) => trackId === videoTrack.trackId)
    .map(({ startsWithSync }) => startsWithSync);
}

/** Whatever a segment claims that is not so, in words. */
export function* claimsBroken({ uri, keyframes, saidIndependent, discontinuity, firstTracks }: PackagedSegment): Generator<string> {
  // Media Source Extensions §3.5.8, step 6: behind a hole in the sound browsers leave out pictures up to the next keyframe.
  if (discontinuity && firstTracks.includes(audioTrack.trackId) && firstTracks[0] === videoTrack.trackId) yield `${uri} begins anew with a picture, before its first sound`;
  if (keyframes.flat()[0] === false) yield `${uri} shows a picture before its first keyframe`;
  for (const [index, pictures] of keyframes.entries()) {
    if (pictures.length > 0 && pictures.includes(true) !== saidIndependent[index]) yield `part ${index} of ${uri} is said to be ${saidIndependent[index] ? '' : 'not '}independent`;
  }
}
