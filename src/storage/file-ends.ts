import { open } from 'node:fs/promises';

/** Longer than what stands at the beginning or at the end of a list of which the middle is not wanted. */
const endBytes = 16_384;

export interface FileEnds {
  readonly text: string;
  /** Of all of it, when it was read. */
  readonly byteLength: number;
}

/** The beginning and the end of a text file, as lines; all of a small one. */
export async function readEnds(path: string): Promise<FileEnds> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (from: number, length: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return buffer.toString('utf8', 0, bytesRead);
    };
    const text = size <= 2 * endBytes ? await read(0, size) : `${await read(0, endBytes)}\n${await read(size - endBytes, endBytes)}`;
    return { text, byteLength: size };
  } finally {
    await file.close();
  }
}
