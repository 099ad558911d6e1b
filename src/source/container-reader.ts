import type { ByteFeed } from './byte-feed.js';
import type { SourceEvent } from './source-events.js';

/**
 * What one step through a container came to: `again` (moved on), `more` (needs bytes that have not come), `recording`
 * (a new container header stands here), `lost` (no structure to be seen any more), or why this is no media.
 */
export type Step = 'again' | 'more' | 'recording' | 'lost' | { readonly notMedia: string };

/** Walks one recording of one container format. */
export interface ContainerReader {
  /** Handles the element at the feed's position. */
  step(feed: ByteFeed, events: SourceEvent[]): Step;
  /** Nothing follows: tells what was held because more could have followed. */
  finish?(events: SourceEvent[]): void;
}

/** A frame longer than this is left out: it is held until it is whole. */
export const maxFrameBytes = 16 * 1024 * 1024;


/** For what made no sense any more: takes everything, tells nothing. */
export const quietReader: ContainerReader = {
  step(feed) {
    feed.skipToEnd();
    return 'more';
  },
};
