import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Faults that no waiting mends: the folder, or the user that the process runs as, is the wrong one. */
const wrongFolder = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT']);

export interface FolderFault {
  /** Which folder, which user, and what to do. */
  readonly words: string;
  /** Whether a setting is wrong; otherwise the disk is full or fails, and may be well again later. */
  readonly isWrong: boolean;
}

/** Makes the folder if need be (with that mode, of POSIX) and tries to write there, as nothing else tells the truth for every file system. */
export function folderFault(path: string, mode?: number): FolderFault | undefined {
  try {
    mkdirSync(path, { recursive: true, mode });
    const probe = join(path, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return undefined;
  } catch (error) {
    return faultOf(path, error);
  }
}

/** What an error of a file in this folder means to the person who runs the server. */
export function faultOf(path: string, error: unknown): FolderFault {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException;
  return { words: `${JSON.stringify(path)} (${code}): ${advice(code, path) ?? message}`, isWrong: wrongFolder.has(code) };
}

function advice(code: string, path: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${whoWeAre()} may not write there; give the folder to that user (chown -R ${process.getuid?.() ?? 'USER'} ${path}), or name another one`;
    case 'EROFS':
      return 'that file system is read-only; mount it for writing, or name another folder';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of that path is a file; name another folder';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left; make some, or name a folder on another disk';
    default:
      return undefined;
  }
}

function whoWeAre(): string {
  const id = process.getuid?.();
  try {
    return `user ${userInfo().username}${id === undefined ? '' : ` (${id})`}`;
  } catch {
    return `user ${String(id)}`; // one without a name, as containers have them
  }
}
