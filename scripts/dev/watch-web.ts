import { watch } from 'node:fs';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { context, type Plugin } from 'esbuild';
import { buildWeb, bundling, listName } from '../build-web.js';

export interface WatchWebOptions {
  /** What is written by hand: pages and styles. */
  readonly publicDirectory: string;
  /** Holds the bundles. */
  readonly outDirectory: string;
}

const reload = fileURLToPath(new URL('../../src/web/dev/reload.ts', import.meta.url));

/**
 * Builds all, and the pages again after every change, with what loads open pages anew. These know of a build by the time of its list.
 * Resolves with what ends it, when the first bundles are there.
 */
export async function watchWeb({ publicDirectory, outDirectory }: WatchWebOptions): Promise<() => Promise<void>> {
  await buildWeb({ outDirectory });
  const tellPages = async (): Promise<void> => {
    const now = new Date();
    // The directory may be emptied at any moment by another build, which makes a list of its own.
    await utimes(path.join(outDirectory, listName), now, now).catch(() => undefined);
  };
  const { plugins, ...options } = bundling(outDirectory);
  const told: Plugin = { name: 'tell-pages', setup: (bundle) => bundle.onEnd(({ errors }) => (errors.length === 0 ? tellPages() : undefined)) };
  const bundles = await context({ ...options, inject: [reload], plugins: [...plugins, told] });
  await bundles.rebuild();
  await bundles.watch();
  const byHand = watch(publicDirectory, { recursive: true }, (_event, name) => {
    if (name === null || !path.join(publicDirectory, name).startsWith(outDirectory)) void tellPages();
  });
  return async () => {
    byHand.close();
    await bundles.dispose();
  };
}
