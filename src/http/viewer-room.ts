import { LiveError } from '../protocol/live-error.js';
import type { Watched } from './relayed.js';

export interface ViewerRoomOptions {
  readonly maxViewersPerStream: number;
  /** Of all streams together. */
  readonly maxViewers: number;
  /** How many are sent fragments by this server, of all streams together. */
  readonly countViewers: () => number;
}

/**
 * Whether there is room for one more viewer.
 * @throws {LiveError} unavailable, when the returned function is called
 */
export function viewerRoom({ maxViewersPerStream, maxViewers, countViewers }: ViewerRoomOptions): (watched: Watched) => void {
  return ({ stream, viewers }) => {
    if (viewers.count >= maxViewersPerStream) throw new LiveError('unavailable', `"${stream}" has as many viewers as it can take`);
    if (countViewers() >= maxViewers) throw new LiveError('unavailable', 'the server has as many viewers as it can take');
  };
}
