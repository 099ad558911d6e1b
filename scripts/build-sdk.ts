import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sdkEntries, sdkTypes } from './sdk-types.js';
import { workerText } from './worker-text.js';

/** Chunks of their own inside the package: a bundler leaves a whole file out more readily than a part of one. */
const parts = Object.fromEntries(['player', 'publisher', 'chat', 'capture', 'composition', 'copy', 'publishing/uplink-test'].map((name) => [`parts/${path.basename(name)}`, `src/web/sdk/${name}.ts`]));

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes the npm package: modules whose unused parts a bundler leaves out, their types, and hls.js as a dependency that is loaded when
 * it is needed. Nothing in it needs a DOM to be imported.
 * @param outDirectory emptied first
 */
export async function buildSdk(outDirectory: string): Promise<void> {
  await rm(outDirectory, { recursive: true, force: true });
  await mkdir(outDirectory, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: { ...sdkEntries, ...parts },
    outdir: outDirectory,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    plugins: [workerText({ target: 'es2022' })],
    packages: 'external',
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: true,
    logLevel: 'warning',
  });
  for (const [name, text] of await sdkTypes()) await writeFile(path.join(outDirectory, name), text);
  const project = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string; license: string; dependencies: Record<string, string> };
  const manifest = {
    name: 'onair-sdk',
    version: project.version,
    description: 'Go live from any page, and play live streams on any page, with an Onair server.',
    license: project.license,
    type: 'module',
    // The elements define themselves: that is what they are imported for.
    sideEffects: ['./elements.js'],
    exports: {
      '.': { types: './onair.d.ts', default: './onair.js' },
      './elements': { types: './elements.d.ts', default: './elements.js' },
      './package.json': './package.json',
    },
    dependencies: { 'hls.js': project.dependencies['hls.js'] },
  };
  await writeFile(path.join(outDirectory, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await writeFile(path.join(outDirectory, 'README.md'), await readFile(path.join(root, 'docs/sdk.md')));
  await writeFile(path.join(outDirectory, 'LICENSE'), await readFile(path.join(root, 'LICENSE')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSdk(path.join(root, 'dist/sdk'));
