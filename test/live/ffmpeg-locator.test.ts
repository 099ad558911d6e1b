import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { findFfmpeg } from '../../src/live/ffmpeg-locator.js';

/** A folder with a program that answers like an ffmpeg. */
async function fakeFfmpeg(t: Test, { avutil = '57. 28.100', version = '5.1.9', encoders = ['libx264', 'aac'] } = {}): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'onair-ffmpeg-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const list = encoders.map((name) => ` V....D ${name}              A codec`).join('\n');
  const script = `#!/bin/sh\nif [ "$1" = -version ]; then\ncat <<E\nffmpeg version ${version} Copyright\nlibavutil      ${avutil} / ${avutil}\nE\nelse cat <<E\n${list}\nE\nfi\n`;
  await writeFile(path.join(folder, 'ffmpeg'), script);
  await chmod(path.join(folder, 'ffmpeg'), 0o755);
  return folder;
}

const nothingBundled = (): never => {
  throw new Error('not installed');
};

t.test('FFMPEG_PATH is taken as it is, or refused in words that name it', async (t) => {
  const given = path.join(await fakeFfmpeg(t, { avutil: '56. 14.100', version: '4.0' }), 'ffmpeg');
  t.same(await findFfmpeg({ path: given }), { path: given, version: '4.0', major: 4, source: 'FFMPEG_PATH' });
  await t.rejects(findFfmpeg({ path: '/nowhere/ffmpeg' }), { message: /^FFMPEG_PATH: expected .*, got \/nowhere\/ffmpeg \(no such program\)$/ });
  const poor = path.join(await fakeFfmpeg(t, { encoders: ['aac'] }), 'ffmpeg');
  await t.rejects(findFfmpeg({ path: poor }), { message: /without libx264/ });
});

t.test('the first good one on PATH is taken, past ones that are too old or too poor', async (t) => {
  const folders = [
    await fakeFfmpeg(t, { avutil: '57. 17.100', version: '5.0' }),
    await fakeFfmpeg(t, { encoders: ['aac'] }),
    await fakeFfmpeg(t, { avutil: '59.  8.100', version: 'n7.0-nightly' }),
  ];
  const found = await findFfmpeg({ searchPath: folders.join(path.delimiter), resolve: nothingBundled });
  t.same(found, { path: path.join(folders[2] ?? '', 'ffmpeg'), version: 'n7.0-nightly', major: 7, source: 'PATH' });
});

t.test('without a good one on PATH the bundled one is made executable and taken, with a note', async (t) => {
  const bundled = path.join(await fakeFfmpeg(t, { avutil: '56. 24.101', version: 'N-47683' }), 'ffmpeg');
  await chmod(bundled, 0o644);
  const old = await fakeFfmpeg(t, { avutil: '56. 70.100', version: '4.4' });
  const asked: string[] = [];
  const found = await findFfmpeg({ searchPath: old, resolve: (specifier) => (asked.push(specifier), bundled) });
  t.same(asked, [`@ffmpeg-installer/${process.platform}-${process.arch}/ffmpeg`]);
  t.match(found, { path: bundled, version: 'N-47683', major: 4, source: 'bundled', note: /version 4\.4 is older than 5\.1/ });
});

t.test('without any, it is said what was expected, what was looked at and what to install', async (t) => {
  const old = await fakeFfmpeg(t, { avutil: '56. 70.100', version: '4.4' });
  await t.rejects(findFfmpeg({ searchPath: old, resolve: nothingBundled }), {
    message: /^expected ffmpeg 5\.1 or newer with libx264 and aac; looked at .*4\.4 is older than 5\.1; @ffmpeg-installer\/.*: not installed\. Install one .* or set FFMPEG_PATH/,
  });
});
