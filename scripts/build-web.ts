import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { sdkEntries, sdkTypes } from './sdk-types.js';
import { workerText } from './worker-text.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const entryPoints = {
  ...sdkEntries,
  home: 'src/web/pages/home.ts',
  broadcast: 'src/web/pages/broadcast.ts',
  watch: 'src/web/pages/watch.ts',
  embed: 'src/web/pages/embed.ts',
  recordings: 'src/web/pages/recordings.ts',
  recording: 'src/web/pages/recording.ts',
};

const target = ['chrome109', 'firefox115', 'safari16.4'];

export interface BuildWebOptions {
  /** Holds this build, and the chunks of the one before, afterwards; all else in it is deleted. */
  readonly outDirectory: string;
}

/** In the output directory: the files of the newest build, by path from there. */
export const listName = 'build.json';

/** What every bundling of the SDK and the pages has in common. */
export function bundling(outDirectory: string) {
  return {
    absWorkingDir: root,
    entryPoints,
    outdir: outDirectory,
    bundle: true,
    splitting: true,
    format: 'esm',
    target,
    plugins: [workerText({ target })],
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: true,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/**
 * Bundles the SDK and the pages for browsers; what they share, and hls.js, become chunks beside them. A page that was opened
 * before an upgrade still loads its own chunks after it: those of one build are kept through the next.
 */
export async function buildWeb(options: BuildWebOptions): Promise<Metafile> {
  const { outDirectory } = options;
  const before = await filesOfLastBuild(outDirectory);
  const { metafile } = await build({ ...bundling(outDirectory), minify: true, metafile: true });
  const types = await sdkTypes();
  for (const [name, text] of types) await writeFile(path.join(outDirectory, name), text);
  const files = [...Object.keys(metafile.outputs).map((file) => path.relative(outDirectory, path.resolve(root, file))), ...types.keys()];
  const kept = new Set([...files, ...before.filter((file) => path.dirname(file) === 'chunks'), listName]);
  for (const file of await filesIn(outDirectory)) if (!kept.has(file)) await rm(path.join(outDirectory, file));
  await writeFile(path.join(outDirectory, listName), JSON.stringify(files));
  return metafile;
}

async function filesOfLastBuild(outDirectory: string): Promise<string[]> {
  try {
    return JSON.parse(await readFile(path.join(outDirectory, listName), 'utf8')) as string[];
  } catch {
    return [];
  }
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const metafile = await buildWeb({ outDirectory: path.join(root, 'public/assets') });
  for (const [file, { bytes, entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined) console.log(`${path.relative(root, path.join(root, file))}  ${(bytes / 1024).toFixed(1)} kB`);
  }
}
