// Sends what comes on standard input to a publish address, a buffer a message: gst-launch-1.0 … ! fdsink | node publish.mjs URL
import { once } from 'node:events';
import { WebSocket } from 'ws';

const url = process.argv[2];
if (url === undefined) {
  console.error('usage: gst-launch-1.0 -q … ! fdsink | node publish.mjs "ws://HOST:8080/live/NAME/publish?key=KEY"');
  process.exit(2);
}

/** More than this unsent, and the pipeline is held back. */
const maxUnsentBytes = 1024 * 1024;

// Ctrl+C is for the pipeline: the end of its output is the end of the broadcast.
process.on('SIGINT', () => undefined);

const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on('message', (data, isBinary) => {
  const message = isBinary ? undefined : JSON.parse(data.toString());
  if (message?.type === 'live') console.error('live');
  if (message?.type === 'warning' || message?.type === 'ended') console.error(`${message.type}: ${message.message}`);
});
socket.on('unexpected-response', async (_request, response) => {
  let body = '';
  for await (const chunk of response) body += chunk;
  console.error(`refused: ${body}`);
  process.exit(1);
});
socket.on('error', ({ message }) => console.error(message));
socket.on('close', (code) => process.exit(code === 1000 ? 0 : 1));
await once(socket, 'open');

for await (const buffer of process.stdin) {
  socket.send(buffer);
  while (socket.bufferedAmount > maxUnsentBytes) await new Promise((resolve) => setTimeout(resolve, 10));
}
socket.send('{"type":"end"}');
