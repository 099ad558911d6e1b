import { ConfigError } from './settings.js';
import type { Config } from './config.js';
import { encoderFault } from './live/ladder-encoder-probe.js';
import { readLadder } from './live/ladder-options.js';
import type { LadderSettings } from './live/ladder.js';
import { Semaphore } from './live/semaphore.js';
import { findFfmpeg } from './live/ffmpeg-locator.js';
import type { FoundFfmpeg } from './live/ffmpeg-locator.js';
import { faultOf, folderFault } from './storage/folder-fault.js';

/** A folder for segments that is the wrong one stops the start. A disk that is full or fails does not, nor a data folder that can only be read: they are told. */
export function checkFolders({ SEGMENTS_DIR, DATA_DIR, RECORD, RECORDINGS_DIR, recordingsDir }: Config): string[] {
  const segments = folderFault(SEGMENTS_DIR);
  if (segments?.isWrong) throw new ConfigError('SEGMENTS_DIR', 'a directory that can be written', segments.words);
  const data = folderFault(DATA_DIR, 0o700);
  const recordings = RECORD === 'on' || RECORDINGS_DIR !== undefined ? folderFault(recordingsDir, 0o700) : undefined;
  if (recordings?.isWrong) throw new ConfigError('RECORDINGS_DIR', 'a directory that can be written', recordings.words);
  return [
    ...(recordings ? [`RECORDINGS_DIR: nothing is recorded until it can be written: ${recordings.words}`] : []),
    ...(segments ? [`SEGMENTS_DIR: segments stay in memory for as long as they can be watched: ${segments.words}`] : []),
    ...(data ? [`DATA_DIR: no key of a stream can be made, and no description outlives this process: ${data.words}`] : []),
  ];
}

/** What the system says of a file there is told in the words of a wrong setting. */
export function readDataDir<T>(dataDir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new ConfigError('DATA_DIR', 'a directory that can be read and written', faultOf(dataDir, error).words);
  }
}

/** A wrong FFMPEG_PATH stops the start like any wrong setting; having none at all does not. */
export async function locateFfmpeg(path: string | undefined): Promise<FoundFfmpeg | string> {
  try {
    return await findFfmpeg({ path });
  } catch (error) {
    if (path !== undefined) throw error;
    return (error as Error).message;
  }
}

/** Below this the source's own ffmpegs need the machine. */
const fewestCores = 4;

/**
 * Who makes which renditions on this machine: nobody, where it is small and nobody asked for it.
 * @throws {ConfigError} when LADDER_ENCODER does not work here
 */
export async function ladderSettings({ LADDER, LADDER_ENCODER, MAX_LADDERS }: Config, { ffmpegPath, cores }: { readonly ffmpegPath: string | undefined; readonly cores: number }): Promise<LadderSettings | undefined> {
  if (LADDER === 'off' || (LADDER === 'auto' && cores < fewestCores)) return undefined;
  // The one that comes with every ffmpeg that is taken need not be tried.
  const fault = LADDER_ENCODER === 'libx264' || ffmpegPath === undefined ? undefined : await encoderFault(ffmpegPath, LADDER_ENCODER);
  if (fault !== undefined) throw new ConfigError('LADDER_ENCODER', 'an encoder that works with the ffmpeg and the hardware of this machine', `"${LADDER_ENCODER}" (${fault})`);
  return { rungs: readLadder(LADDER), encoder: LADDER_ENCODER, slots: new Semaphore(MAX_LADDERS ?? Math.max(1, Math.floor(cores / 2))) };
}
