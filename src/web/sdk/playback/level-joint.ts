import type Hls from 'hls.js';
import { readRanges } from './buffered-ranges.js';

/** So much of what replaced the picture must have come beyond it. */
const enoughSeconds = 0.25;
/** Browsers have decoded so far ahead of what they show. */
const decodedSeconds = 0.3;
/** A seek to where it stands would show a picture again. */
const pictureSeconds = 0.05;
/** Levels are aligned as well as that. */
const sameSeconds = 0.1;

/**
 * Shows another level as soon as it has come. A browser whose picture, or what it decoded ahead, has been replaced together with its keyframe plays what it
 * had, and then shows nothing up to the next keyframe, although all is there: a seek to the next picture decodes it. Where
 * what comes begins behind a hole, it is gone on with there.
 */
export function joinLevels({ Events }: typeof Hls, hls: Hls): void {
  let level: number | undefined;
  let endSeconds = -Infinity;
  let isReplaced = false;
  hls.on(Events.BUFFER_APPENDED, (_event, { frag, part }) => {
    const { media } = hls;
    if (!media || frag.sn === 'initSegment') return;
    const { start, end } = part ?? frag;
    if (start < endSeconds - sameSeconds) isReplaced = start < media.currentTime + decodedSeconds;
    const isOther = level !== undefined && frag.level !== level;
    level = frag.level;
    endSeconds = end;
    if (isOther && end > media.currentTime && skipHole(media, start, end)) return;
    if (!isReplaced || end < media.currentTime + enoughSeconds) return;
    isReplaced = false;
    media.currentTime += pictureSeconds;
  });
}

/** @returns whether there is one before what begins in this part: its keyframe may stand in its middle */
function skipHole(media: HTMLMediaElement, partStart: number, partEnd: number): boolean {
  const behind = readRanges(media.buffered).find(({ startSeconds }) => startSeconds > Math.max(media.currentTime, partStart - sameSeconds) && startSeconds < partEnd);
  if (behind) media.currentTime = behind.startSeconds;
  return behind !== undefined;
}
