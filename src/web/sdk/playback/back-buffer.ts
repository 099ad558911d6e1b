import type Hls from 'hls.js';

/** So much that was played is kept, and as much more until it is worth to remove it. */
const keptSeconds = 15;

/**
 * Removes what was played of parts, in place of hls.js's `backBufferLength`: that removes at any time, forgets by it which parts of a segment
 * it has already while another is loaded (1.7.4), and then loads nothing until the segment has left the list, for two to four seconds. Here it is done as soon as a part is in
 * hand, before the next has come.
 */
export function trimBackBuffer({ Events }: typeof Hls, hls: Hls): void {
  hls.on(Events.FRAG_BUFFERED, () => {
    const { media } = hls;
    if (!media || media.buffered.length === 0 || media.currentTime - media.buffered.start(0) < 2 * keptSeconds) return;
    hls.trigger(Events.BUFFER_FLUSHING, { startOffset: 0, endOffset: media.currentTime - keptSeconds, type: null });
  });
}
