/** Where a copy of what is sent is written to. */
export interface CopyPlace {
  /** Begins a file. @throws {Error} when it can't be written */
  open(name: string): Promise<OpenCopy>;
}

/** A file of a copy that is being written. */
export interface OpenCopy {
  readonly name: string;
  /** Resolves when there is room for more. @throws {Error} when the disk refuses: what it took before is kept by `close()` */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** @throws {Error} when the last of it could not be written: called again, it gives what there is */
  close(): Promise<ClosedCopy>;
}

export interface ClosedCopy {
  /** What the browser keeps, to be given to the broadcaster; undefined: it is where the broadcaster wanted it. */
  readonly blob?: Blob | undefined;
  readonly byteLength: number;
  /** The browser need not keep it any longer. */
  readonly discard: () => Promise<void>;
}

/** From here on, each time that a picked file has become twice as large, what is written of it is put in its place. */
const firstCommitBytes = 32 * 1024 * 1024;

const nothing = (): Promise<void> => Promise.resolve();

/**
 * The file that somebody picked. Browsers write beside it and put that into its place when it is closed: so it is closed now and then,
 * for a browser that dies, or a disk that is full, to leave half of it at least.
 */
export function pickedPlace(handle: FileSystemFileHandle, firstCommit = firstCommitBytes): CopyPlace {
  return {
    open: async () => {
      let writable = await handle.createWritable();
      let isBroken = false;
      let written = 0;
      let committed = 0;
      const broken = (error: unknown): never => {
        isBroken = true;
        throw error;
      };
      const commit = async (): Promise<void> => {
        await writable.close();
        committed = written;
        writable = await handle.createWritable({ keepExistingData: true });
        await writable.seek(written);
      };
      return {
        name: handle.name,
        write: async (bytes) => {
          await writable.write(bytes).catch(broken);
          written += bytes.length;
          if (written >= Math.max(firstCommit, 2 * committed)) await commit().catch(broken);
        },
        close: async () => {
          if (!isBroken) {
            await writable.close().catch(broken);
            committed = written;
          }
          return { byteLength: committed, discard: nothing };
        },
      };
    },
  };
}

/** Keeps pieces of a file. */
export interface PieceStore {
  /** @throws {Error} when there is no room for it */
  put(name: string, number: number, piece: Blob): Promise<Blob>;
  discard(name: string): Promise<void>;
}

/** Small beside what a browser has, and written whole: what was written stays, whatever happens to the page. */
const pieceBytes = 4 * 1024 * 1024;

/** Files that the browser keeps in pieces until the broadcaster has them. */
export function piecesPlace(store: PieceStore, bytesOfPiece = pieceBytes): CopyPlace {
  return {
    open: async (name) => {
      const pieces: Blob[] = [];
      let waiting: Uint8Array<ArrayBuffer>[] = [];
      let waitingBytes = 0;
      const put = async (): Promise<void> => {
        const piece = new Blob(waiting);
        waiting = [];
        waitingBytes = 0;
        if (piece.size > 0) pieces.push(await store.put(name, pieces.length, piece));
      };
      return {
        name,
        write: async (bytes) => {
          waiting.push(bytes);
          waitingBytes += bytes.length;
          if (waitingBytes >= bytesOfPiece) await put();
        },
        close: async () => {
          await put();
          const blob = new Blob(pieces);
          return { blob, byteLength: blob.size, discard: () => store.discard(name) };
        },
      };
    },
  };
}
