import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram, temporaryDirectory } from '../../test/helpers/programs.js';
import type { Scope } from './scope.js';

interface Given {
  readonly givenMs: number;
  /** When the fragment after it was given. */
  readonly nextMs: number | undefined;
}

/** Of the fragment with this mark that was seen at this time; undefined: ffmpeg gave no such one. */
export type GivenTimes = (mark: string, seenMs: number) => Given | undefined;

/** An ffmpeg that notes when it gave each fragment: for FFMPEG_PATH, so that nothing in the server need be changed. */
export class TimedFfmpeg {
  readonly path: string;
  readonly #notes: string;

  private constructor(path: string, notes: string) {
    this.path = path;
    this.#notes = notes;
  }

  static async create(scope: Scope): Promise<TimedFfmpeg> {
    const ffmpeg = findProgram('ffmpeg');
    if (ffmpeg === undefined) throw new Error('expected ffmpeg on PATH, found none');
    const directory = await temporaryDirectory(scope, 'onair-bench-ffmpeg');
    const path = join(directory, 'ffmpeg');
    const notes = join(directory, 'fragments');
    const timed = [process.execPath, '--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'workers/timed-ffmpeg.ts'), ffmpeg, notes];
    // What the server asks before it starts (version, encoders) goes to ffmpeg as it is.
    await writeFile(path, `#!/bin/sh\ncase "$*" in *pipe:0*) exec ${timed.map(quote).join(' ')} "$@" ;; *) exec ${quote(ffmpeg)} "$@" ;; esac\n`);
    await chmod(path, 0o755);
    await writeFile(notes, '');
    return new TimedFfmpeg(path, notes);
  }

  /** When fragments left ffmpeg, all times on the machine's monotonic clock in milliseconds. */
  async given(): Promise<GivenTimes> {
    const lines = (await readFile(this.#notes, 'utf8')).split('\n').filter((line) => line !== '');
    const notes = lines.map((line) => {
      const [mark = '', givenMs = ''] = line.split(' ');
      return { mark, givenMs: Number(givenMs) };
    });
    const byMark = new Map<string, Given[]>();
    for (const [index, { mark, givenMs }] of notes.entries()) byMark.set(mark, [...(byMark.get(mark) ?? []), { givenMs, nextMs: notes[index + 1]?.givenMs }]);
    // The recording repeats itself after many seconds.
    return (mark, seenMs) => byMark.get(mark)?.findLast(({ givenMs }) => givenMs <= seenMs);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
