import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocketServer, type WebSocket } from 'ws';
import { NodeProof, proofHeader } from '../../src/cluster/node-proof.js';
import { upstreamsBy, type UpstreamEnd } from '../../src/cluster/upstream.js';

const proof = new NodeProof('the-secret-of-all-nodes');
const hello = JSON.stringify({ type: 'hello', run: '1', broadcast: 'run1', hasMedia: true });

async function listen(t: Test, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** How the connection to such a node ends, and what was heard on it. */
async function endAt(node: string, isWanted = true): Promise<{ end: UpstreamEnd; cause: string; heard: string[] }> {
  const heard: string[] = [];
  const open = upstreamsBy(proof, 'rules', { answerMs: 300, askEveryMs: 30 });
  const upstream = open('cam', node, undefined, {
    message: ({ type }) => {
      heard.push(type);
      return isWanted;
    },
    media: (number, boxes) => {
      heard.push(`${String(number)}: ${String(boxes)}`);
      if (number === 9) throw new RangeError('expected another number, got 9');
    },
  });
  const { end, cause } = await upstream.closed;
  return { end, cause: String(cause), heard };
}

async function nodeThat(t: Test, does: (socket: WebSocket, request: IncomingMessage) => void, options: { readonly autoPong?: boolean } = {}): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, ...options });
  sockets.on('connection', (socket, request) => does(socket, request));
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
  return listen(t, server);
}

t.test('a node that does not feed this one is told from one that can not be reached just now', async (t) => {
  const answering = (status: number): Promise<string> => listen(t, createServer((_request: IncomingMessage, response: ServerResponse) => void response.writeHead(status).end()));
  for (const [status, end] of [[404, 'refused'], [400, 'refused'], [401, 'refused'], [429, 'lost'], [503, 'lost']] as const) {
    t.match(await endAt(await answering(status)), { end, cause: new RegExp(`got HTTP ${String(status)}`) });
  }
  t.match(await endAt('http://127.0.0.1:9'), { end: 'lost', cause: /ECONNREFUSED/ });
  const silent = createServer(() => undefined);
  silent.on('upgrade', () => undefined);
  t.match(await endAt(await listen(t, silent)), { end: 'lost', cause: /timed out/ }, 'one whose process stands still takes the connection, and says nothing');
});

t.test('the words at the end say where to go on, and what makes no sense is no reason to ask again', async (t) => {
  for (const [code, end] of [[1012, 'away'], [4404, 'absent'], [4400, 'refused'], [1011, 'lost'], [1006, 'lost']] as const) {
    t.match(await endAt(await nodeThat(t, (socket) => (code === 1006 ? socket.terminate() : socket.close(code)))), { end, heard: [] });
  }
  t.match(await endAt(await nodeThat(t, (socket) => socket.send('{"type":"hello"}'))), { end: 'refused', cause: /expected a message of a feed/ });
  t.match(await endAt(await nodeThat(t, (socket) => socket.send(Buffer.from([9, 65])))), { end: 'refused', cause: /expected another number/, heard: ['9: A'] });
  t.match(await endAt(await nodeThat(t, (socket) => socket.send(hello)), false), { end: 'ended', heard: ['hello'] });
  const repeated = await endAt(await nodeThat(t, (socket) => {
    socket.send(hello);
    socket.send(hello);
  }), false);
  t.strictSame(repeated.heard, ['hello'], 'nothing is taken behind the end');
});

t.test('a node that stands still while the connection stays is given up; one that answers is not, however little it has to send', async (t) => {
  const asked = await nodeThat(t, (socket) => socket.send(hello), { autoPong: false });
  t.match(await endAt(asked), { end: 'lost', cause: /expected a sign of life/, heard: ['hello'] });
  let pings = 0;
  const answering = await nodeThat(t, (socket) => socket.on('ping', () => ++pings > 12 && socket.close(1012)));
  t.match(await endAt(answering), { end: 'away' });
});

t.test('it proves itself to the node for this one address', async (t) => {
  let proven: unknown;
  const node = await nodeThat(t, (socket, { url = '', headers: { host = '', [proofHeader]: header } }) => {
    proven = [url, proof.read(String(header), { method: 'FEED', url, host })?.address, proof.read(String(header), { method: 'GET', url, host })];
    socket.close(4404);
  });
  await endAt(node);
  t.strictSame(proven, ['/nodes/feed/cam?version=1&rules=rules', '127.0.0.1', undefined]);
});
