import type { SpawnOptions } from 'node:child_process';
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { decode, type NumberedPicture } from './pictures-and-sound.js';
import { findProgram, startOwned, temporaryDirectory, waitUntil, type Teardown } from './programs.js';

export const vlcProgram = findProgram('vlc');

const nobody = 65_534;

export interface VlcOptions {
  /** Every how many pictures one is written. */
  readonly every?: number;
  readonly options?: readonly string[];
}

/** Has VLC write what it plays, at the times that it plays it, into an MPEG-TS file, until that is as long; resolves to its path. */
export async function recordInVlc(t: Teardown, url: string, bytes: number): Promise<string> {
  const directory = await temporaryDirectory(t, 'onair-vlc');
  await chmod(directory, 0o777);
  const file = join(directory, 'played.ts');
  startOwned(t, vlcProgram ?? 'vlc', ['-I', 'dummy', '--quiet', '--sout', `#std{access=file,mux=ts,dst=${file}}`, url], asNobody(directory));
  await waitUntil('VLC has played so much', async () => ((await stat(file).catch(() => undefined))?.size ?? 0) > bytes, 60_000, 100);
  return file;
}

/** Plays an address in VLC without a screen; resolves to the folder into which it writes what it shows, as numbered PNG files. */
export async function startVlc(t: Teardown, url: string, { every = 1, options = [] }: VlcOptions = {}): Promise<string> {
  const directory = await temporaryDirectory(t, 'onair-vlc');
  await chmod(directory, 0o777);
  const scene = ['--video-filter=scene', '--scene-format=png', '--scene-prefix=', `--scene-ratio=${String(every)}`, `--scene-path=${directory}`];
  const quiet = ['-I', 'dummy', '--quiet', '--vout=dummy', '--aout=dummy', '--no-video-title-show'];
  startOwned(t, vlcProgram ?? 'vlc', [...quiet, ...options, ...scene, url], asNobody(directory));
  return directory;
}

/** VLC refuses to run as root. */
function asNobody(directory: string): SpawnOptions {
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  return { ...user, cwd: directory, env: { ...process.env, HOME: directory } };
}

/** The pictures that VLC has written so far, in order. */
export async function picturesOfVlc(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.png')).sort();
}

/** Plays an address in VLC and gives the pictures it showed, in order, as soon as there are enough. */
export async function playInVlc(t: Teardown, url: string, wantedPictures: number, timeoutMs = 60_000): Promise<NumberedPicture[]> {
  const directory = await startVlc(t, url, { options: ['--no-drop-late-frames', '--no-skip-frames', '--play-and-exit'] });
  await waitUntil(`${String(wantedPictures)} pictures in VLC`, async () => (await picturesOfVlc(directory)).length > wantedPictures, timeoutMs, 200);
  const names = (await picturesOfVlc(directory)).slice(0, wantedPictures); // the last one may still be being written
  const pngs = await Promise.all(names.map((name) => readFile(join(directory, name))));
  const { pictures } = await decode(t, Buffer.concat(pngs), ['-f', 'png_pipe']);
  return [...pictures];
}
