import { build, type Plugin } from 'esbuild';

/** Programs of workers, each with the module that exports its text. */
const programs = new Map([
  ['draw-worker-text.ts', { program: 'draw-worker.ts', name: 'drawWorkerText' }],
  ['encode-worker-text.ts', { program: 'encode-worker.ts', name: 'encodeWorkerText' }],
]);

/**
 * Puts a worker's whole program where its module has none: a page of any origin can start it from there, whatever bundles the page.
 * @param options as those of the build around it
 */
export function workerText(options: { readonly target: string | string[] }): Plugin {
  return {
    name: 'worker-text',
    setup: (bundle) => {
      bundle.onLoad({ filter: /-worker-text\.ts$/ }, async ({ path }) => {
        const found = [...programs].find(([file]) => path.endsWith(file));
        if (found === undefined) throw new Error(`expected a worker's program for ${path}, got none: name it in scripts/worker-text.ts`);
        const [file, { program, name }] = found;
        const entry = path.slice(0, -file.length) + program;
        const { outputFiles, metafile } = await build({ entryPoints: [entry], bundle: true, format: 'iife', minify: true, write: false, metafile: true, ...options });
        return { contents: `export const ${name} = ${JSON.stringify(outputFiles[0]?.text.trim())};`, loader: 'ts', watchFiles: Object.keys(metafile.inputs) };
      });
    },
  };
}
