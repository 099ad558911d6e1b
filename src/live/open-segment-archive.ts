import { DiskMediaStore } from '../storage/disk-media-store.js';
import type { BroadcastOptions } from './broadcast-options.js';
import { SegmentArchive } from './segment-archive.js';
import { segmentFolder } from './segment-folders.js';

/**
 * Where the segments of a broadcast are kept, with what is logged and counted when that fails.
 * @param warn tells the publisher
 */
export function openSegmentArchive(options: BroadcastOptions, warn: (message: string) => void): SegmentArchive {
  const { stream, id, segmentsDirectory, openSegmentStore, diskTurns: turns, rewindSeconds = 0, log, onEvent } = options;
  const facts = { stream, broadcast: id };
  let toldOfReading = false;
  return new SegmentArchive({
    store: openSegmentStore?.() ?? new DiskMediaStore({ ...segmentFolder(segmentsDirectory, stream, id), turns }),
    onWriteFailure: (err) => {
      onEvent?.('store-failed');
      log.warn({ ...facts, err }, 'the segments folder does not take all that is written; the window stays in memory');
      warn(`The server's disk does not take all segments (${err.message}). The live stream goes on from memory.`);
    },
    onWriteRecovery: (untaken) => {
      log.info({ ...facts, untaken }, 'the segments folder takes what is written again');
      warn(`The server's disk takes segments again.${rewindSeconds > 0 ? ` ${untaken} of them can not be gone back to: they are a gap.` : ''}`);
    },
    onReadFailure: (err) => {
      onEvent?.('store-read-failed');
      if (!toldOfReading) log.warn({ ...facts, err }, 'the segments folder does not give back what it took, or not in time');
      toldOfReading = true;
    },
  });
}
