import { OnairError } from './errors.js';
import type * as copying from './publishing/copy/local-copy.js';
import type { CopiedPublisher, LocalCopy, LocalCopyOptions } from './publishing/copy/local-copy.js';
import type * as privateFiles from './publishing/copy/private-files.js';
import type { LeftCopy } from './publishing/copy/private-files.js';

/**
 * Writes what a Publisher sends to files of this computer, too, while it is sent. What writes is loaded now, so that pages without a copy are none
 * the larger: await it before `start()`, or the copy begins with the next recording.
 * @throws {OnairError} unreachable, when it does not load
 */
export async function keepCopy(publisher: CopiedPublisher, { name, file }: LocalCopyOptions): Promise<LocalCopy> {
  return (await prepareCopy(file))(publisher, name);
}

/**
 * All that takes time before a copy can begin.
 * @param file as in `LocalCopyOptions`
 * @returns what begins one at once, and only one
 * @throws {OnairError} unreachable
 */
export async function prepareCopy(file?: FileSystemFileHandle): Promise<(publisher: CopiedPublisher, name: string) => LocalCopy> {
  const { LocalCopy, browserPlaces } = await load<typeof copying>(() => import('./publishing/copy/local-copy.js'));
  const places = await browserPlaces(file);
  return (publisher, name) => new LocalCopy(publisher, name, places);
}

/** Copies that this browser still keeps of pages that are gone. @throws {OnairError} unreachable */
export async function leftCopies(): Promise<LeftCopy[]> {
  return (await load<typeof privateFiles>(() => import('./publishing/copy/private-files.js'))).leftCopies();
}

async function load<Module>(from: () => Promise<Module>): Promise<Module> {
  try {
    return await from();
  } catch (error) {
    throw new OnairError('unreachable', 'What writes the copy did not load. Check your connection, then try again.', { cause: error });
  }
}
