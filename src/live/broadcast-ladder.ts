import type { Presentation } from '../hls/presentation.js';
import type { BroadcastOptions } from './broadcast-options.js';
import type { FragmentBus } from './fragment-bus.js';
import { Ladder } from './ladder.js';
import type { Renditions } from './renditions.js';
import type { Viewers } from './viewers.js';

export interface LadderParts {
  readonly presentation: Presentation;
  readonly bus: FragmentBus;
  readonly createBus: () => FragmentBus;
  /** Its publisher's. */
  readonly renditions: Renditions;
  readonly viewers: Viewers;
}

/** The ladder of a broadcast, where the server makes any, with what is logged and counted when it has trouble. */
export function ladderOf({ ladder, startTranscoder, ffmpegMajor, hungAfterMs, restartDelayMs, stream, id: broadcast, log, onEvent }: BroadcastOptions, { renditions, viewers, ...parts }: LadderParts): Ladder | undefined {
  if (!ladder) return undefined;
  return new Ladder({
    ...ladder,
    ...parts,
    ...{ startTranscoder, ffmpegMajor, hungAfterMs, restartDelayMs },
    isPublishers: () => renditions.areOn,
    isWatched: (ids) => ids.some((id) => viewers.countByRendition.has(id)),
    onChange: () => viewers.renditionsChanged(),
    onTrouble: (what) => {
      onEvent?.('ladder-trouble');
      log.warn({ stream, broadcast, what }, 'a ladder has trouble');
    },
  });
}
