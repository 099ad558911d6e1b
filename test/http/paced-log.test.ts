import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { PacedLog } from '../../src/http/paced-log.js';
import { listen, startFakeServer } from './fake-server.js';

t.test('of one kind the first line comes at once, and of all that follow one a window, with their number', async (t) => {
  const lines: unknown[] = [];
  const note = (level: string) => (facts: object, message?: string) => void lines.push([level, facts, message]);
  const log = new PacedLog({ log: { info: note('info'), warn: note('warn'), error: note('error') } as never, everyMs: 20 });
  t.teardown(() => log.close());
  for (let number = 0; number < 1000; number++) log.write('info', 'failed', { number });
  log.write('error', 'other', {}, 'in words');
  t.strictSame(lines.splice(0), [['info', { number: 0 }, 'failed'], ['error', {}, 'in words']]);
  while (lines.length < 1) await new Promise(setImmediate);
  t.strictSame(lines.splice(0), [['info', { number: 999, times: 999 }, 'failed']]);
  log.write('info', 'failed', { number: 7 });
  while (lines.length < 1) await new Promise(setImmediate);
  t.strictSame(lines.splice(0), [['info', { number: 7, times: 1 }, 'failed']]);
});

/** What the server logged while something happened. */
async function logged(t: Test, act: (address: string) => Promise<void>): Promise<Record<string, unknown>[]> {
  const captured = t.capture(process.stderr, 'write', () => true);
  const { app, broadcasts } = await startFakeServer(t, { logLevel: 'info' });
  broadcasts.add('cam');
  await act(await listen(app));
  const lines = captured().map(({ args }) => String(args[0])).filter((line) => line.startsWith('{'));
  captured.restore();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => !/listening/i.test(String(msg)));
}

const upgrade = 'GET /live/cam/play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
/** A frame of an opcode that there is none of, RFC 6455 §5.2. */
const brokenFrame = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

for (const [what, bytes] of [
  ['upgrades that are asked for in front of an answer', Buffer.from(`GET /live/cam/index.m3u8?_HLS_msn=9 HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`)],
  ['upgrades to where there are none', Buffer.from(upgrade.replace('/live/cam/play', '/live/cam/index.m3u8'))],
  ['upgrades that can not be decoded', Buffer.from(upgrade.replace('/live/cam/play', '/%zz'))],
  ['upgrades of another version', Buffer.from(upgrade.replace('Version: 13', 'Version: 99'))],
  ['broken frames', Buffer.concat([Buffer.from(upgrade), brokenFrame])],
  ['what is no HTTP', Buffer.from('\u0016\u0003\u0001\r\n\r\n')],
] as const) {
  t.test(`a flood of ${what} is at most one line in the log`, async (t) => {
    const lines = await logged(t, async (address) => {
      for (let round = 0; round < 50; round++) {
        const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
        socket.on('error', () => undefined).on('data', () => undefined);
        socket.write(bytes);
        await once(socket, 'close');
      }
    });
    t.ok(lines.length <= 1, JSON.stringify(lines.slice(0, 2)));
  });
}
