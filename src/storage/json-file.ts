import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A small value on disk that is there whole or not at all: a crash while it is written leaves the one of before. */
export class JsonFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * What is in the file; undefined when there is none.
   * @throws {Error} when it can't be read
   * @throws {SyntaxError} when it is no JSON
   */
  read(): unknown {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Resolves when the value is safe on the disk. One call at a time. For the owner only: mode 0600. */
  async write(value: unknown): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const draft = `${this.path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.path);
  }
}
