import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import t from 'tap';
import ts from 'typescript';
import { bundleSize, installSdk, playerAtMost, playingAtMost, programs } from '../../scripts/sdk-sizes.js';

const run = promisify(execFile);

t.test('the package is what a developer expects', async (t) => {
  // As installed: a project of its own with the package and hls.js in its node_modules.
  const project = t.testdir({ 'package.json': '{"type":"module"}' });
  await installSdk(project);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(path.join(project, name), text);
    return path.join(project, name);
  };

  t.test('it is imported where there is no DOM, and does nothing there', async (t) => {
    const program = await write('server.js', `import * as sdk from 'onair-sdk'; import * as elements from 'onair-sdk/elements'; console.log(Object.keys({ ...sdk, ...elements }).join(' '));`);
    const { stdout, stderr } = await run(process.execPath, [program]);
    t.match(stdout, /\bPlayer\b/);
    t.match(stdout, /\bPublisher\b/);
    t.match(stdout, /\bOnairPlayerElement\b/);
    t.equal(stderr, '');
  });

  t.test('its types are strict, and the elements speak of the same Player', async (t) => {
    const consumer = await write(
      'consumer.ts',
      `import { Player, Publisher, OnairError, type PlayerEvents } from 'onair-sdk';
       import { OnairPlayerElement } from 'onair-sdk/elements';
       const player: Player = new Player({ url: 'https://host/live/cam', video: document.createElement('video'), mode: 'smooth' });
       const off: () => void = player.on('state', ({ state }: PlayerEvents['state']) => { const word: string = state; return word; });
       off();
       const publisher = new Publisher({ url: 'https://host', key: 'k', stream: 'cam' });
       void publisher.closed.then((error: OnairError | null) => error?.reason);
       const element = new OnairPlayerElement();
       const same: Player | undefined = element.player;
       element.addEventListener('onair-stats', ({ detail }) => detail.latencySeconds);
       void same;
       // @ts-expect-error an event that there is not
       player.on('nothing', () => undefined);
       // @ts-expect-error a mode that there is not
       player.mode = 'fast';`,
    );
    const { Bundler: bundler } = ts.ModuleResolutionKind;
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: bundler, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [], strict: true, noEmit: true, exactOptionalPropertyTypes: true };
    const faults = ts.getPreEmitDiagnostics(ts.createProgram([consumer], options));
    t.strictSame(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')), []);
  });

  t.test('who only plays gets a player and nothing of publishing, and the path it takes when it takes it', async (t) => {
    const { first, webSocket, later } = await bundleSize(project, programs.Player);
    t.comment(`Player alone: ${first.toFixed(1)} kB gzip, ${webSocket.toFixed(1)} kB to play by WebSocket, ${later.toFixed(1)} kB for the HLS paths`);
    t.ok(first > 5, 'there is a player in it');
    t.ok(first <= playerAtMost, `${first.toFixed(1)} kB gzip`);
    t.ok(webSocket > 3 && later > 1, 'the paths come later');
    t.ok(first + webSocket <= playingAtMost, 'both together are no more than they need be');
    t.ok((await bundleSize(project, programs.Publisher)).first > first, 'a publisher is more');
  });

  t.test('who publishes without a composition loads none of it; who has one loads its worker with it, as text', async (t) => {
    const bundled = async (name: string, text: string): Promise<{ readonly first: string; readonly later: string }> => {
      const { outputFiles } = await build({ entryPoints: [await write(name, text)], outdir: path.join(project, 'out'), bundle: true, splitting: true, format: 'esm', minify: true, write: false, external: ['hls.js/light'], logLevel: 'silent' });
      const [entry, rest] = [outputFiles.filter((file) => path.basename(file.path) === name), outputFiles.filter((file) => path.basename(file.path) !== name)];
      const dynamic = rest.filter((file) => path.basename(file.path).startsWith('composition-'));
      // What is shared is called a chunk; what is asked for when it is used (WebCodecs too) has its own name.
      const first = [...entry, ...rest.filter((file) => path.basename(file.path).startsWith('chunk-'))];
      return { first: first.map((file) => file.text).join(''), later: dynamic.map((file) => file.text).join('') };
    };
    const start = 'globalThis.publisher = new Publisher({ url: location.href, key: "k", stream: "s" });';
    const plain = await bundled('publisher.js', `import { Publisher } from 'onair-sdk'; ${start}`);
    const composed = await bundled('composed.js', `import { Publisher, openComposition } from 'onair-sdk'; ${start} globalThis.compose = openComposition;`);
    t.match(plain.first, 'MediaRecorder', 'there is a publisher in it');
    t.notOk(plain.first.includes('./composition-'), 'nor even knows where it is');
    t.ok(composed.first.includes('import("./composition-'), 'asked for when it is used');
    t.notOk(/OffscreenCanvas|roundRect/.test(plain.first + composed.first));
    t.ok(composed.later.includes('onmessage=({data:'), 'the worker’s program');
    t.ok(composed.later.includes('OffscreenCanvas'));
    const [bytes, more] = [gzipSync(plain.first).length, gzipSync(composed.first).length];
    t.ok(more - bytes < 700, `${String(more - bytes)} bytes more before it is asked for`);
    t.comment(`Publisher alone: ${(bytes / 1000).toFixed(1)} kB gzip; the composition, when it is asked for: ${(gzipSync(composed.later).length / 1000).toFixed(1)} kB`);
  });
});
