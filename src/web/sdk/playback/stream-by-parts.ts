import type Hls from 'hls.js';
import type { HlsConfig, LevelDetails, MediaFragment } from 'hls.js';

type StreamController = HlsConfig['streamController'];

/** Sound and picture of a segment end so near to each other, and levels are aligned as well as that. */
const sameSeconds = 0.1;
/** A level that a line was found to carry comes in about so much of its time. */
const loadShare = 0.85;
/** A keyframe is larger than other pictures, and its playlist takes its time as well. */
const keyframeSeconds = 0.3;
/** Beyond what is shown, before the picture moves again. */
const enoughSeconds = 0.25;

/**
 * hls.js's choice of what to load next, as its option `streamController`. Its own (1.7.4) begins another level with the segment in which the
 * buffer ends. Where that segment has come whole, it loads it once more, since its sound ends a little before its picture. And after a
 * hasty step down late in a segment, all of it has to come over the slow line before the picture moves on, while the next
 * keyframe is nearly there: this goes on with the next one then, and leaves out what lies between. At the end of a list it chooses the last
 * segment again, which is the one with the number 0 in the first seconds of a broadcast: what it loaded by parts of that one it takes for lost,
 * and loads it again and again until its parts are no longer listed, while the picture stands. That one is never chosen.
 */
export function streamByParts({ DefaultConfig, Events }: typeof Hls): StreamController {
  return class StreamByParts extends DefaultConfig.streamController {
    #leftInHaste: number | 'initSegment' | undefined;

    constructor(...args: ConstructorParameters<StreamController>) {
      super(...args);
      args[0].on(Events.FRAG_LOAD_EMERGENCY_ABORTED, (_event, { frag }) => (this.#leftInHaste = frag.sn));
    }

    protected override getFragmentAtPosition(bufferEnd: number, end: number, details: LevelDetails): MediaFragment | null {
      const found = super.getFragmentAtPosition(bufferEnd, end, details);
      if (found === null) return null;
      const next = [...details.fragments, details.fragmentHint].find((fragment) => fragment?.sn === found.sn + 1);
      if (isSegmentZeroInParts(found, details)) return next ?? null;
      const had = this.getAppendedFrag(bufferEnd - sameSeconds);
      if (had === null || had.level === found.level) return found;
      if (found.end - bufferEnd < sameSeconds) return next ?? found;
      if (found.sn !== this.#leftInHaste || !details.live || !isNextSooner(found, next, bufferEnd, details)) return found;
      return next ?? null;
    }
  };
}

/** Whether hls.js (1.7.4) would go round in circles with it. */
function isSegmentZeroInParts({ sn }: MediaFragment, { live, partList }: LevelDetails): boolean {
  return sn === 0 && live && partList?.some(({ fragment }) => fragment.sn === 0) === true;
}

/** Than all of this one up to what is shown. */
function isNextSooner(found: MediaFragment, next: MediaFragment | undefined, bufferEnd: number, { partEnd, partTarget, fragments }: LevelDetails): boolean {
  const againSeconds = (bufferEnd + enoughSeconds - found.start) * loadShare;
  const nextStart = next?.start ?? found.start + (fragments.at(-1)?.duration ?? Infinity);
  const untilListedSeconds = Math.max(0, nextStart + partTarget - partEnd);
  return untilListedSeconds + partTarget * loadShare + keyframeSeconds < againSeconds;
}
