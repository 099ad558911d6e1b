import type Hls from 'hls.js';
import type { Fragment, HlsConfig, LevelDetails, MediaFragment, Part } from 'hls.js';

type StreamController = HlsConfig['streamController'];

/** Sound and picture of a segment end so near to each other, and levels are aligned as well as that. */
const sameSeconds = 0.1;
/** A level that a line was found to carry comes in about so much of its time. */
const loadShare = 0.85;
/** A keyframe is larger than other pictures, and its playlist takes its time as well; but what has come was listed a while ago. */
const keyframeSeconds = 0.2;

/**
 * hls.js's choice of what to load next, as its option `streamController`. Its own (1.7.4) begins another level with the last keyframe before
 * the end of the buffer. Where that segment has come whole, it loads it once more, since its sound ends a little before its picture. And after a
 * hasty step down long after a keyframe, all since then has to come over the slow line before the picture moves on, while the next
 * keyframe is nearly there: this goes on with the next one then, and leaves out what lies between. At the end of a list it chooses the last
 * segment again, which is the one with the number 0 in the first seconds of a broadcast: what it loaded by parts of that one it takes for lost,
 * and loads it again and again until its parts are no longer listed, while the picture stands. That one is never chosen.
 *
 * Nothing public reaches that far: a loader (`fLoader`) is given what was chosen already, `nextLoadLevel` chooses levels, not segments,
 * and `startLoad(position)` throws away what is on its way and begins as after a seek. A test names what an upgrade of hls.js no longer has.
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
      if (isLoadedToItsEnd(found, bufferEnd, details)) return next ?? null;
      const had = this.getAppendedFrag(bufferEnd - sameSeconds);
      if (had === null || had.level === found.level) return found;
      if (found.end - bufferEnd < sameSeconds) return next ?? found;
      if (found.sn !== this.#leftInHaste || !details.live) return found;
      const { last, following } = keyframesAround(found, next, bufferEnd, details);
      const untilListedSeconds = Math.max(0, following + details.partTarget - details.partEnd);
      if (!isSooner(untilListedSeconds, last, bufferEnd, details.partTarget)) return found;
      if (following >= endOf(found, details) - sameSeconds) return next ?? null;
      return untilListedSeconds > sameSeconds ? null : found;
    }

    override getNextPart(parts: Part[], fragment: Fragment, bufferEnd: number): number {
      const index = super.getNextPart(parts, fragment, bufferEnd);
      const part = parts[index];
      if (!part || part.fragment.sn !== this.#leftInHaste || !part.independent || part.end > bufferEnd + sameSeconds) return index;
      const following = parts.findIndex((each) => each.fragment === part.fragment && each.independent && each.start > bufferEnd - sameSeconds);
      return following >= 0 && isSooner(0, part.start, bufferEnd, part.duration) ? following : index;
    }
  };
}

/** Whether hls.js (1.7.4) would go round in circles with it. */
function isSegmentZeroInParts({ sn }: MediaFragment, { live, partList }: LevelDetails): boolean {
  return sn === 0 && live && partList?.some(({ fragment }) => fragment.sn === 0) === true;
}

/** Begun in its middle, hls.js stays with a segment until its first parts are no longer listed, and loads nothing, since all of it is buffered. */
function isLoadedToItsEnd({ sn, end }: MediaFragment, bufferEnd: number, { partList }: LevelDetails): boolean {
  return end - bufferEnd < sameSeconds && partList?.findLast(({ fragment }) => fragment.sn === sn)?.loaded === true;
}

/** Whether it takes less to begin with a keyframe that is listed in so many seconds than to load all since the last one up to what is shown. */
function isSooner(untilListedSeconds: number, lastKeyframe: number, bufferEnd: number, partSeconds: number): boolean {
  // The picture moves again with the first whole part beyond what is shown.
  const parts = Math.ceil((bufferEnd + sameSeconds - lastKeyframe) / partSeconds);
  return untilListedSeconds + partSeconds * loadShare + keyframeSeconds < parts * partSeconds * loadShare;
}

/** When the last one before the end of the buffer is, and the one after it: that may be yet to come. */
function keyframesAround(found: MediaFragment, next: MediaFragment | undefined, bufferEnd: number, details: LevelDetails): { readonly last: number; readonly following: number } {
  const keyframes = (details.partList ?? []).filter(({ independent }) => independent).map(({ start }) => start);
  const last = Math.max(found.start, ...keyframes.filter((start) => start < bufferEnd - sameSeconds && start < found.end));
  const interval = Math.min(endOf(found, details) - found.start, ...keyframes.slice(1).map((start, index) => start - (keyframes[index] ?? start)));
  const listed = keyframes.find((start) => start > last + sameSeconds);
  return { last, following: Math.min(listed ?? last + interval, next?.start ?? Infinity) };
}

/** Also of one that is not complete. */
function endOf(found: MediaFragment, { fragments, fragmentHint }: LevelDetails): number {
  return found.sn === fragmentHint?.sn ? found.start + (fragments.at(-1)?.duration ?? Infinity) : found.end;
}
