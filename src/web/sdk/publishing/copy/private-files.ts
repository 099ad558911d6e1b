import type { PieceStore } from './copy-places.js';

/** A copy that an earlier page made, and that this browser still keeps. */
export interface LeftCopy {
  readonly name: string;
  readonly blob: Blob;
  /** The browser need not keep it any longer. */
  readonly discard: () => Promise<void>;
}

const folderName = 'onair-copies';
const lockOf = (name: string): string => `onair-copy ${name}`;
/** They are read in this order. */
const pieceName = (number: number): string => String(number).padStart(6, '0');
/** Without files of its own a browser has no more than its memory for a copy. */
const mostInMemory = 512 * 1024 * 1024;

/** What the browser is asked for. */
export interface PrivateParts {
  /** Files that belong to this origin alone; undefined where a page has none. */
  readonly root: () => Promise<FileSystemDirectoryHandle | undefined>;
  /** Of all pages of this origin one alone has a lock; undefined where there are none. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
}

export const browserPrivateParts: PrivateParts = {
  root: async () => {
    try {
      return 'createWritable' in FileSystemFileHandle.prototype ? await navigator.storage.getDirectory() : undefined;
    } catch {
      return undefined; // a private window, or a page that may store nothing
    }
  },
  get locks() {
    return 'locks' in navigator ? navigator.locks : undefined;
  },
};

/** Pieces in files of the browser's own where it has them, else in its memory, up to half a gigabyte. */
export async function privatePieces({ root, locks }: PrivateParts = browserPrivateParts, maxBytes = mostInMemory): Promise<PieceStore> {
  const folder = await (await root())?.getDirectoryHandle(folderName, { create: true }).catch(() => undefined);
  return folder ? inFiles(folder, locks) : inMemory(maxBytes);
}

function inFiles(folder: FileSystemDirectoryHandle, locks: PrivateParts['locks']): PieceStore {
  const letGo = new Map<string, () => void>();
  return {
    put: async (name, number, piece) => {
      if (!letGo.has(name)) letGo.set(name, hold(locks, lockOf(name)));
      const its = await folder.getDirectoryHandle(name, { create: true });
      const file = await its.getFileHandle(pieceName(number), { create: true });
      const writable = await file.createWritable();
      await writable.write(piece);
      await writable.close();
      return file.getFile();
    },
    discard: async (name) => {
      await folder.removeEntry(name, { recursive: true });
      letGo.get(name)?.();
      letGo.delete(name);
    },
  };
}

function inMemory(maxBytes: number): PieceStore {
  const held = new Map<string, number>();
  return {
    put: async (name, _number, piece) => {
      const all = [...held.values()].reduce((sum, bytes) => sum + bytes, piece.size);
      if (all > maxBytes) throw new Error(`this browser gives pages no files, and ${Math.round(maxBytes / 1e6)} MB are as much as is kept in its memory`);
      held.set(name, (held.get(name) ?? 0) + piece.size);
      return piece;
    },
    discard: async (name) => void held.delete(name),
  };
}

/** Until it is let go of, or the page is gone: another page knows by it that a copy is still somebody's. */
function hold(locks: PrivateParts['locks'], name: string): () => void {
  let letGo: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (letGo = resolve));
  void locks?.request(name, () => released);
  return letGo;
}

/** Copies of pages that are gone: they were closed, or their browser died. */
export async function leftCopies({ root, locks }: PrivateParts = browserPrivateParts): Promise<LeftCopy[]> {
  const folder = await (await root())?.getDirectoryHandle(folderName).catch(() => undefined);
  if (!folder || !locks) return [];
  const left: LeftCopy[] = [];
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind !== 'directory') continue;
    const isLeft = await locks.request(lockOf(name), { ifAvailable: true }, (lock) => lock !== null);
    if (!isLeft) continue;
    const blob = new Blob(await piecesIn(entry));
    const discard = (): Promise<void> => folder.removeEntry(name, { recursive: true });
    if (blob.size > 0) left.push({ name, blob, discard });
    else await discard().catch(() => undefined);
  }
  return left;
}

async function piecesIn(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const named: { readonly name: string; readonly file: File }[] = [];
  for await (const [name, entry] of folder.entries()) if (entry.kind === 'file') named.push({ name, file: await (entry).getFile() });
  return named.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ file }) => file);
}
