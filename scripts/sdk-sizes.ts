import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { buildSdk } from './build-sdk.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs the package and hls.js in a project's node_modules, as `npm install` would. */
export async function installSdk(project: string): Promise<void> {
  const modules = path.join(project, 'node_modules');
  await mkdir(modules, { recursive: true });
  await buildSdk(path.join(modules, 'onair-sdk'));
  await symlink(path.join(root, 'node_modules/hls.js'), path.join(modules, 'hls.js'));
}

/** In kB of gzip. */
export interface BundleSize {
  /** What the page loads at once. */
  readonly first: number;
  /** What it loads to play by WebSocket, which most do. */
  readonly webSocket: number;
  /** What it loads when it is needed, the path by WebSocket and hls.js left out. */
  readonly later: number;
}

/** In kB of gzip: what a page may get for a Player at once, and altogether when it plays by WebSocket. */
export const playerAtMost = 11;
export const playingAtMost = 16.5;

/** How much of the package a page gets whose program this is, bundled and minified. The project has the package installed. */
export async function bundleSize(project: string, program: string): Promise<BundleSize> {
  const kilobytes = async (plugins: readonly Plugin[]): Promise<number> => {
    const { outputFiles } = await build({
      ...{ absWorkingDir: project, stdin: { contents: program, resolveDir: project }, plugins: [...plugins] },
      ...{ bundle: true, format: 'esm', minify: true, write: false, external: ['hls.js/light'], logLevel: 'silent' },
    });
    return gzipSync(outputFiles[0]?.contents ?? '').length / 1000;
  };
  const first = await kilobytes([withoutWhatComesLater(() => true)]);
  const playing = await kilobytes([withoutWhatComesLater((name) => !name.includes('web-socket-mse'))]);
  return { first, webSocket: playing - first, later: (await kilobytes([])) - playing };
}

function withoutWhatComesLater(leaveOut: (name: string) => boolean): Plugin {
  return {
    name: 'without what comes later',
    setup: (building) => building.onResolve({ filter: /./ }, ({ kind, path: name }) => (kind === 'dynamic-import' && leaveOut(name) ? { path: name, external: true } : undefined)),
  };
}

export const programs = {
  Player: `import { Player } from 'onair-sdk'; globalThis.player = new Player({ url: location.href, video: document.querySelector('video') });`,
  Publisher: `import { Publisher } from 'onair-sdk'; globalThis.publisher = new Publisher({ url: location.href, key: 'k', stream: 's' });`,
  'the elements': `import 'onair-sdk/elements';`,
} as const;
