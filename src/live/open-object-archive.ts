import { join } from 'node:path';
import { ObjectStore, type ObjectStoreOptions } from '../storage/object-store.js';
import type { LiveEvent, LiveLog } from './broadcast-options.js';
import { ObjectArchive } from './object-archive.js';

export interface OpenObjectArchiveOptions {
  readonly store: ObjectStoreOptions;
  readonly recordingsDirectory: string;
  readonly maxSpoolBytes: number;
  /** Whether viewers are sent to the store. */
  readonly redirects: boolean;
  /** Where everybody can read the bucket; private recordings are signed all the same. */
  readonly publicUrl: string | undefined;
  readonly log: LiveLog;
  readonly onEvent: (event: LiveEvent) => void;
  /** Its manifest says since then that some of it is missing. */
  readonly onLost: (id: string) => void;
}

/** A player that got an address may ask again with it for as long. */
const signedSeconds = 3600;

/** Where recordings go, with what is logged and counted when that fails. */
export function openObjectArchive({ store: settings, recordingsDirectory, maxSpoolBytes, redirects, publicUrl, log, onEvent, onLost }: OpenObjectArchiveOptions): ObjectArchive {
  const store = new ObjectStore(settings);
  const deliver = async (key: string, isPrivate: boolean): Promise<string> => (publicUrl === undefined || isPrivate ? store.signedUrl(key, signedSeconds) : store.publicUrl(publicUrl, key));
  return new ObjectArchive({
    ...{ store, maxSpoolBytes },
    folder: (id) => join(recordingsDirectory, id),
    deliver: redirects ? deliver : undefined,
    onState: (err) => {
      if (!err) return log.info({}, 'the object store takes recordings again');
      onEvent('object-store-failed');
      log.warn({ err }, 'the object store does not take recordings; what comes waits on the disk, and it is tried again');
    },
    onLost: (recording, names, missingSeconds) => {
      onLost(recording);
      onEvent('recording-lost');
      log.warn({ recording, segments: names.length, first: names[0], missingSeconds }, 'the object store does not have all that it took of a recording; what is missing is a gap in it');
    },
  });
}
