import { open } from 'node:fs/promises';

/** Longer than what stands at the beginning or at the end of a list of which the middle is not wanted. */
const endBytes = 16_384;

/** The beginning and the end of a text file, as lines; all of a small one. */
export async function readEnds(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (from: number, length: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return buffer.toString('utf8', 0, bytesRead);
    };
    if (size <= 2 * endBytes) return await read(0, size);
    return `${await read(0, endBytes)}\n${await read(size - endBytes, endBytes)}`;
  } finally {
    await file.close();
  }
}
