import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { errorCodeOfClose } from '../../src/protocol/error-codes.js';
import type { Dice } from './dice.js';
import { mutateBytes, mutateText } from './mutations.js';
import { rtmpBeginning, rtmpMedia } from './rtmp-messages.js';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly rtmpPort: number;
  readonly key: string;
  /** Something real to ask of. */
  readonly stream: string;
  readonly broadcast: string;
  readonly recording: Buffer;
}

/** What one connection did, and how it went; throws when the server did what it must not. */
export type Attack = (dice: Dice, target: Target) => Promise<string>;

/** An answer later than this counts as a hang. */
const hangMs = 20_000;

/** One request by hand, so that nothing corrects what is wrong with it. */
const request: Attack = async (dice, target) => {
  const { stream, broadcast, key } = target;
  const live = `/live/${stream}`;
  const paths = [
    '/', '/watch/x', '/embed/x/~t', '/sdk/onair.js', '/styles.css', '/healthz', '/metrics', '/openapi.json', '/api/streams', `/api/streams/${stream}`, '/api/time', `/api/streams/${stream}/keys`,
    `${live}/index.m3u8`, `${live}/~token/index.m3u8`, `${live}/play`, `${live}/publish?key=${key}`, `${live}/publish?key=wrong&resume=x`, `${live}/${broadcast}/0.m4s`, `${live}/${broadcast}/init-0.mp4`, `${live}/${broadcast}/0.1.m4s`,
    `${live}/${broadcast}/media.m3u8?_HLS_msn=0`, `${live}/${broadcast}/media.m3u8?_HLS_msn=1&_HLS_part=0&_HLS_skip=YES`,
  ];
  const path = mutateText(dice, dice.pick(paths)).replaceAll(/[\r\n ]/g, dice.chance(20) ? ' ' : '');
  const method = dice.chance(8) ? dice.pick(['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'BREW', 'GET\0']) : 'GET';
  const body = method === 'POST' || method === 'PUT' || method === 'DELETE' ? mutateText(dice, '{"label":"x","expiresInSeconds":5}') : '';
  const fields = [
    'Host: fuzz', 'Connection: close',
    ...(dice.chance(4) ? [mutateText(dice, dice.pick(['Range: bytes=0-10', 'Accept: text/html', 'Accept-Encoding: gzip;q=1', 'Origin: https://a.example', `Authorization: Bearer ${key}`, 'X-Forwarded-For: 1.2.3.4', 'If-None-Match: "x"', 'Expect: 100-continue'])).replaceAll(/[\r\n]/g, '')] : []),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    ...(dice.chance(30) ? ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${mutateText(dice, 'dGhlIHNhbXBsZSBub25jZQ==').replaceAll(/[\r\n]/g, '')}`] : []),
  ];
  const sent = `${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
  const answer = await exchange(target, Buffer.from(sent), { leaveAfterBytes: 4000 });
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'cut';
  if (status === '500') throw new Error(`500 for ${JSON.stringify(sent)}: ${answer.slice(-300)}`);
  return `request ${status.replace(/\d\d$/, 'xx')}`;
};

/** Bytes that are no HTTP, and heads that stop in the middle. */
const noise: Attack = async (dice, target) => {
  const request = Buffer.from(`GET /live/${target.stream}/index.m3u8 HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n`);
  const bytes = dice.chance(2) ? dice.bytes(1 + dice.int(500)) : mutateBytes(dice, request);
  await exchange(target, bytes, { leaveAfterMs: 20 + dice.int(50) });
  return 'noise';
};

/** A publisher with the key and without manners. */
const publisher: Attack = async (dice, target) => {
  const socket = open(target, `publish?key=${target.key}`, `fuzz-${dice.int(1e9)}`);
  const closed = closeOf(socket);
  if (!(await opened(socket))) return 'publisher refused';
  for (let count = dice.int(6); count > 0 && socket.readyState === WebSocket.OPEN; count--) {
    if (dice.chance(2)) socket.send(mutateText(dice, dice.pick(['{"type":"end"}', '{"type":"recording","mimeType":"video/webm"}', '{"type":"clock"}'])));
    else socket.send(dice.chance(3) ? dice.bytes(dice.int(3000)) : mutateBytes(dice, target.recording.subarray(0, 500 + dice.int(20_000))));
  }
  return leave(dice, socket, closed, 'publisher');
};

/** A viewer that talks. */
const viewer: Attack = async (dice, target) => {
  const socket = open(target, dice.chance(4) ? '~token/play' : 'play');
  const closed = closeOf(socket);
  if (!(await opened(socket))) return 'viewer refused';
  for (let count = dice.int(4); count > 0 && socket.readyState === WebSocket.OPEN; count--) {
    if (dice.chance(3)) socket.send(dice.bytes(dice.int(2000)));
    else socket.send(mutateText(dice, '{"type":"ping","sentAtMs":1}'));
  }
  return leave(dice, socket, closed, 'viewer');
};

/** Somebody in the chat, with and without the key. */
const chatter: Attack = async (dice, target) => {
  const socket = open(target, dice.chance(6) ? `chat?key=${target.key}` : 'chat');
  const closed = closeOf(socket);
  if (!(await opened(socket))) return 'chatter refused';
  const said = ['{"type":"join","name":"Ann"}', `{"type":"join","name":"Host","key":"${dice.chance(8) ? 'wrong' : target.key}","token":"a.1.b"}`, '{"type":"message","text":"Hi"}', '{"type":"delete","id":1}', '{"type":"mute","person":"p"}', '{"type":"unmute","person":"p"}', '{"type":"ping"}'];
  if (!dice.chance(4)) socket.send(`{"type":"join","name":"Guest ${dice.int(1e6)}"}`);
  for (let count = dice.int(8); count > 0 && socket.readyState === WebSocket.OPEN; count--) {
    if (dice.chance(10)) socket.send(dice.bytes(dice.int(9000)));
    else socket.send(dice.chance(2) ? dice.pick(said) : mutateText(dice, dice.pick(said)));
  }
  return leave(dice, socket, closed, 'chatter');
};

/** WebSocket frames that are none. */
const frames: Attack = async (dice, target) => {
  const head = `GET /live/${dice.chance(2) ? `${target.stream}/play` : `fuzz-${dice.int(1e9)}/publish?key=${target.key}`} HTTP/1.1\r\nHost: fuzz\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  await exchange(target, Buffer.concat([Buffer.from(head), dice.bytes(2 + dice.int(100))]), { leaveAfterMs: 20 + dice.int(80) });
  return 'frames';
};

/** An encoder with the key and without manners. */
const encoder: Attack = async (dice, { host, rtmpPort, key }) => {
  const handshake = Buffer.concat([Buffer.from([3]), dice.bytes(2 * 1536)]);
  const beginning = rtmpBeginning(`fuzz-${dice.int(1e9)}?key=${key}`);
  const said = dice.chance(4) ? mutateBytes(dice, Buffer.concat([handshake, beginning])) : Buffer.concat([handshake, beginning, mutateBytes(dice, rtmpMedia)]);
  const answer = await exchange({ host, port: rtmpPort }, said, { leaveAfterMs: 50 + dice.int(150) });
  return `encoder ${/Publish\.(\w+)(?![\s\S]*Publish\.)/.exec(answer)?.[1] ?? 'cut'}`;
};

/** As often as they stand here. */
export const attacks: readonly Attack[] = [request, request, request, request, request, noise, publisher, publisher, viewer, chatter, frames, encoder];

async function exchange({ host, port }: Pick<Target, 'host' | 'port'>, bytes: Buffer, { leaveAfterBytes = Infinity, leaveAfterMs }: { leaveAfterBytes?: number; leaveAfterMs?: number }): Promise<string> {
  const socket = connect({ host, port });
  const chunks: Buffer[] = [];
  const timeout = AbortSignal.timeout(leaveAfterMs ?? hangMs);
  timeout.addEventListener('abort', () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunks.reduce((sum, { length }) => sum + length, 0) >= leaveAfterBytes) socket.destroy();
    // What never ends is let go of once it has begun.
    else if (/^HTTP\/1\.1 (1\d\d|200[\s\S]*video\/mp4)/.test(chunks[0]!.toString('latin1'))) socket.destroy();
  });
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  if (timeout.aborted && leaveAfterMs === undefined) throw new Error(`no answer within ${hangMs} ms to ${JSON.stringify(bytes.toString('latin1').slice(0, 300))}`);
  return Buffer.concat(chunks).toString('latin1');
}

function open({ host, port, stream }: Target, path: string, name = stream): WebSocket {
  const socket = new WebSocket(`ws://${host}:${port}/live/${name}/${path}`, { perMessageDeflate: false, handshakeTimeout: hangMs });
  socket.on('error', () => undefined);
  return socket;
}

async function opened(socket: WebSocket): Promise<boolean> {
  return Promise.race([once(socket, 'open').then(() => true, () => false), new Promise<boolean>((resolve) => socket.once('close', () => resolve(false)))]);
}

function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
}

async function leave(dice: Dice, socket: WebSocket, closed: Promise<{ code: number; reason: string }>, who: string): Promise<string> {
  if (dice.chance(3)) socket.terminate();
  else socket.close(dice.pick([1000, 1001, 4000]));
  const timer = setTimeout(() => socket.terminate(), hangMs);
  const startedAt = performance.now();
  const { code, reason } = await closed;
  clearTimeout(timer);
  if (performance.now() - startedAt >= hangMs) throw new Error(`a ${who}'s goodbye was not answered within ${hangMs} ms`);
  if (code === 1011) throw new Error(`a ${who} was closed with 1011: ${reason}`);
  return `${who} ${errorCodeOfClose(code) ?? (code === 1000 ? 'ended' : 'left')}`;
}
