import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const entryPoints = {
  onair: 'src/web/sdk/index.ts',
  home: 'src/web/pages/home.ts',
  broadcast: 'src/web/pages/broadcast.ts',
  watch: 'src/web/pages/watch.ts',
  embed: 'src/web/pages/embed.ts',
};

export interface BuildWebOptions {
  /** Emptied first. */
  readonly outDirectory: string;
}

/** Bundles the SDK and the pages for browsers; what they share, and hls.js, become chunks beside them. */
export async function buildWeb(options: BuildWebOptions): Promise<Metafile> {
  await rm(options.outDirectory, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: options.outDirectory,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const metafile = await buildWeb({ outDirectory: path.join(root, 'public/assets') });
  for (const [file, { bytes, entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined) console.log(`${path.relative(root, path.join(root, file))}  ${(bytes / 1024).toFixed(1)} kB`);
  }
}
