import type Hls from 'hls.js';

/** So much of the new level must have come beyond what is shown. */
const enoughSeconds = 0.25;
/** A seek to where it stands would show a picture again. */
const pictureSeconds = 0.05;

/**
 * Shows another level as soon as it has come. A browser whose picture is beyond the keyframe with which the new level begins plays what it
 * had of the old one, and then shows nothing up to the next keyframe, although all is there: a seek to the next picture decodes it.
 */
export function joinLevels({ Events }: typeof Hls, hls: Hls): void {
  let level: number | undefined;
  let isHidden = false;
  hls.on(Events.BUFFER_APPENDED, (_event, { frag, part }) => {
    const { media } = hls;
    if (!media || frag.sn === 'initSegment') return;
    if (frag.level !== level) isHidden = level !== undefined && frag.start < media.currentTime;
    level = frag.level;
    if (!isHidden || (part ?? frag).end < media.currentTime + enoughSeconds) return;
    isHidden = false;
    media.currentTime += pictureSeconds;
  });
}
