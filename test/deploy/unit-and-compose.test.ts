import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

import { settingNames } from '../../src/settings.js';
import { findProgram, run, skipWithout, startOwned, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { freePort } from '../helpers/free-port.js';
import { configured } from './proxies.js';

t.setTimeout(90_000);

const root = join(import.meta.dirname, '../..');
const analyze = findProgram('systemd-analyze');

t.test('systemd finds no fault with the unit', { skip: skipWithout(analyze, 'systemd-analyze') }, async (t) => {
  const path = join(await temporaryDirectory(t), 'onair.service');
  await writeFile(path, await configured('systemd/onair.service', { '/usr/bin/node': process.execPath }));
  const { stderr } = await run(analyze ?? '', ['verify', path]);
  t.notMatch(stderr, 'onair.service');
});

t.test('the unit sets only what the server reads, and lets it open as many files as MAX_CONNECTIONS needs', async (t) => {
  const unit = readFileSync(join(root, 'deploy/systemd/onair.service'), 'utf8');
  const names = [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) => line.split(' ').map((pair) => pair.split('=')[0] ?? ''));
  t.ok(names.length > 3);
  t.strictSame(names.filter((name) => name !== 'NODE_ENV' && !(settingNames as string[]).includes(name)), []);
  t.ok(Number(/^LimitNOFILE=(\d+)$/m.exec(unit)?.[1]) * 0.75 >= 25_000);
});

interface Compose {
  readonly services: Readonly<Record<string, {
    readonly ports: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly volumes: readonly string[];
    readonly tmpfs: readonly string[];
    readonly stop_grace_period: string;
  }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

t.test('what Compose and the image say goes together, and their command runs, is healthy and stops in time', async (t) => {
  const compose = parse(readFileSync(join(root, 'compose.yaml'), 'utf8')) as Compose;
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const onair = compose.services.onair;
  if (!onair) throw new Error('expected a service "onair"');
  const image: Record<string, string> = {};
  for (const [, line = ''] of dockerfile.matchAll(/^ENV (.*)$/gm)) for (const [, name = '', value = ''] of line.matchAll(/(\w+)=(\S+)/g)) image[name] = value;
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  const health = JSON.parse(/^HEALTHCHECK .*? CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  const [, user = ''] = /^USER (\d+):/m.exec(dockerfile) ?? [];

  t.ok(onair.ports.every((mapping) => mapping.endsWith(`:${image.PORT ?? ''}`)), 'the published port is the one that is listened on');
  t.ok(onair.volumes.some((volume) => volume.endsWith(`:${image.DATA_DIR ?? ''}`)), 'the key is kept in a volume');
  t.ok(onair.volumes.every((volume) => (volume.split(':')[0] ?? '') in compose.volumes), 'that there is');
  t.ok(onair.tmpfs.some((mount) => mount.startsWith(`${image.SEGMENTS_DIR ?? ''}:`) && mount.includes(`uid=${user}`)), "the image's user may write the segments");
  t.strictSame(Object.keys(onair.environment).filter((name) => !(settingNames as string[]).includes(name)), []);

  const directory = await temporaryDirectory(t);
  const port = String(await freePort());
  // `${NAME:-default}`, as Compose reads it where NAME is not set.
  const given = Object.fromEntries(Object.entries(onair.environment).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]));
  const env = { PATH: process.env.PATH, ...image, ...given, PORT: port, DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments') };
  t.equal(command.join(' '), 'node dist/main.js');
  const child = startOwned(t, process.execPath, ['--import=tsx', 'src/main.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += String(bytes)));
  await waitUntil('the links', () => said.includes('watch'));
  t.match(said, `watch      ${given.PUBLIC_URL ?? ''}/`);
  await run(process.execPath, health.slice(1), { env });
  t.pass('and is healthy');
  const startMs = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  t.equal(code, 0);
  t.ok(performance.now() - startMs < Number.parseInt(onair.stop_grace_period, 10) * 1000, 'it stops in time');
});
