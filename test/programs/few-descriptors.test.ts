import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';

import { startOwned, temporaryDirectory, waitUntil } from '../helpers/programs.js';

t.setTimeout(60_000);

const files = 256;
const fit = 192;

t.test('a process that may open few files says so at its start, tells whom it has no room for, and logs it once', async (t) => {
  const directory = await temporaryDirectory(t);
  const root = join(import.meta.dirname, '../..');
  // The shell lowers the hard limit too: Node raises the soft one to it.
  const child = startOwned(t, 'sh', ['-c', `ulimit -n ${String(files)}; exec "$0" --import=tsx src/main.ts`, process.execPath], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'warn', LADDER: 'off', DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (bytes: Buffer) => (said.stdout += String(bytes)));
  child.stderr?.on('data', (bytes: Buffer) => (said.stderr += String(bytes)));
  const [, port] = await waitUntil('the links', () => /watch +http:\/\/127\.0\.0\.1:(\d+)\//.exec(said.stdout));
  t.match(said.stdout, `MAX_CONNECTIONS is 25000, but this process may open ${String(files)} files, so ${String(fit)} connections are taken.`);
  t.match(said.stdout, /ulimit -n 33334/);

  const ended = { told: 0, cut: 0 };
  const sockets = Array.from({ length: 400 }, () => {
    const socket = connect(Number(port), '127.0.0.1');
    t.teardown(() => socket.destroy());
    let text = '';
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => (text += String(bytes)));
    socket.on('close', () => (text.startsWith('HTTP/1.1 503') ? (ended.told += 1) : (ended.cut += 1)));
    socket.write('GET /live/nobody/index.m3u8 HTTP/1.1\r\nHost: x\r\n');
    return socket;
  });
  await waitUntil('all beyond the spare ones to be cut', () => ended.cut >= 400 - fit - Math.ceil(fit / 10));
  const refused = sockets.filter((socket) => !socket.destroyed);
  for (const socket of refused) socket.write('Connection: keep-alive\r\n\r\n');
  await waitUntil('the rest of what is too many to be told', () => ended.told > 0);
  t.equal(ended.told + ended.cut, 400 - fit, 'those that fit are answered and stay');
  const lines = said.stderr.split('\n').filter((line) => line.includes('turned away'));
  t.equal(lines.length, 1, said.stderr);
  for (const socket of sockets) socket.destroy();
  const answer = await waitUntil('room again', () => fetch(`http://127.0.0.1:${port ?? ''}/healthz`).catch(() => undefined));
  t.equal(answer.status, 200);
  child.kill('SIGTERM');
  await once(child, 'close');
});
