import { connect } from 'node:net';
import t from 'tap';
import { LiveError } from '../../src/protocol/live-error.js';
import { jpegOf } from '../helpers/jpeg.js';
import { withResolvers } from './fake-broadcast.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, readToClose, refusal } from './socket-client.js';

t.test('a publisher is told ready first, with the token and the addresses under which it came', async (t) => {
  const { app } = await startFakeServer(t);
  const address = await listen(app);
  const client = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}`);
  t.match(await client.next(), {
    type: 'ready',
    broadcast: 'run1',
    resume: 'token',
    received: 0,
    urls: { watch: `http://${address}/watch/cam`, hls: `http://${address}/live/cam/index.m3u8`, play: `ws://${address}/live/cam/play` },
  });
});

t.test('the key may come as a bearer token', async (t) => {
  const { app } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish`, { headers: { authorization: `Bearer ${testKey}` } });
  t.match(await client.next(), { type: 'ready' });
});

t.test('what is wrong is told before the upgrade, with a status and words', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('taken');
  const base = `ws://${await listen(app)}/live`;
  t.match(await refusal(t, `${base}/a%20b/publish?key=${testKey}`), { status: 400, body: { code: 'malformed', message: /stream name/ } });
  t.match(await refusal(t, `${base}/cam/publish`), { status: 401, body: { code: 'unauthorized', message: /got none/ } });
  t.match(await refusal(t, `${base}/cam/publish?key=wrong`), { status: 401, body: { code: 'unauthorized', message: 'the publish key is wrong' } });
  t.match(await refusal(t, `${base}/taken/publish?key=${testKey}`), { status: 409, body: { code: 'already-live', message: /live already/ } });
  t.match(await refusal(t, `${base}/taken/publish?key=${testKey}&resume=other`), { status: 404, body: { code: 'not-found', message: String } });
  broadcasts.refuse = new LiveError('unavailable', 'no room');
  t.match(await refusal(t, `${base}/cam/publish?key=${testKey}`), { status: 503, body: { code: 'unavailable', message: 'no room' } });
  broadcasts.refuse = undefined;
  broadcasts.unavailableReason = 'no ffmpeg';
  t.match(await refusal(t, `${base}/cam/publish?key=${testKey}`), { status: 503, body: { code: 'unavailable', message: 'no ffmpeg' } });
  t.strictSame([...broadcasts.streams.keys()], ['taken']);
});

t.test('a plain request is told that a WebSocket is expected, once it has the key', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const answer = await app.inject(`/live/cam/publish?key=${testKey}`);
  t.equal(answer.statusCode, 426);
  t.match(answer.headers, { upgrade: 'websocket' });
  t.match(answer.json(), { code: 'malformed', message: /WebSocket/ });
  t.equal((await app.inject('/live/cam/publish')).statusCode, 401);
  t.equal(broadcasts.streams.size, 0);
});

t.test('a handshake that fails leaves no broadcast behind', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const [host, port] = (await listen(app)).split(':') as [string, string];
  const socket = connect(Number(port), host);
  t.teardown(() => socket.destroy());
  socket.write(`GET /live/cam/publish?key=${testKey} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n`);
  t.match(await readToClose(socket), /^HTTP\/1.1 400/);
  while (broadcasts.streams.size > 0) await new Promise(setImmediate);
  t.equal(broadcasts.streams.size, 0);
});

t.test('bytes and messages are handled strictly in order, however slow the broadcast takes them', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const { ingest } = broadcasts.get('cam')!;
  const gate = withResolvers<undefined>();
  ingest.gate = gate.promise;
  client.socket.send(Buffer.from('abc'));
  client.socket.send('{"type":"recording","mimeType":"video/webm"}');
  client.socket.send(Buffer.from('de'));
  client.socket.send('{"type":"end"}');
  await ingest.until(() => ingest.events.length > 0);
  t.strictSame(ingest.events, [3]);
  gate.resolve(undefined);
  t.match(await client.nextOf('ended'), { type: 'ended', message: String });
  t.strictSame(ingest.events.slice(0, 4), [3, 'recording', 2, 'end']);
  t.equal(Buffer.concat(ingest.writes).toString(), 'abcde');
  t.equal((await client.closed).code, 1000);
});

t.test('what is received is acknowledged while it comes, and once more before the end', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  client.socket.send(Buffer.alloc(1000));
  t.strictSame(await client.nextOf('ack'), { type: 'ack', received: 1000 });
  client.socket.send(Buffer.alloc(500));
  client.socket.send('{"type":"end"}');
  t.strictSame(await client.next(), { type: 'ack', received: 1500 });
  t.match(await client.next(), { type: 'ended' });
  t.match((await app.inject('/metrics')).body, 'onair_ingest_bytes_total 1500\n');
  t.equal(broadcasts.streams.size, 0);
});

t.test('what the broadcast has to say reaches the publisher', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  broadcasts.get('cam')!.ingest.say({ type: 'live' });
  t.strictSame(await client.next(), { type: 'live' });
});

t.test('a stalled broadcast stops the socket: memory stays bounded and the sender is held back', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const { ingest } = broadcasts.get('cam')!;
  const gate = withResolvers<undefined>();
  ingest.gate = gate.promise;
  const messages = 1000;
  const slice = Buffer.alloc(64_000);
  for (let index = 0; index < messages; index++) client.socket.send(slice);
  const [server] = [...app.websocketServer.clients];
  while (!server!.isPaused) await new Promise(setImmediate);
  // The sender's own buffer stops draining when the server's and the kernel's are full.
  for (let before = -1; before !== client.socket.bufferedAmount; ) {
    before = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.ok(client.socket.bufferedAmount > 30_000_000, `${client.socket.bufferedAmount} bytes wait at the sender`);
  t.equal(server!.isPaused, true);
  gate.resolve(undefined);
  await ingest.until(() => ingest.events.length === messages);
  t.equal(ingest.writes.reduce((sum, { length }) => sum + length, 0), messages * slice.length, 'and nothing is lost');
});

t.test('a message that is no control message closes with 4400 and says what was expected', async (t) => {
  for (const text of ['hello', '{"type":"dance"}', '[]', '{"type":"recording","mimeType":5}']) {
    const { app, broadcasts } = await startFakeServer(t);
    const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
    await client.nextOf('ready');
    client.socket.send(text);
    t.match(await client.nextOf('ended'), { code: 'malformed', message: /^expected/ });
    const { code, reason } = await client.closed;
    t.equal(code, 4400);
    t.match(reason, /^expected/);
    while (broadcasts.streams.size > 0) await new Promise(setImmediate);
  }
});

t.test('a message over the limit closes with 4413 and ends the broadcast', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { maxMessageBytes: 2000 });
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const { ingest } = broadcasts.get('cam')!;
  client.socket.send(Buffer.alloc(2000));
  client.socket.send(Buffer.alloc(2001));
  const { code, reason } = await client.closed;
  t.equal(code, 4413);
  t.match(reason, 'over the size limit');
  await ingest.until(() => ingest.events.includes('end'));
  t.strictSame(ingest.events, [2000, 'end']);
});

t.test('a broadcast that fails tells its publisher why, in a message and in the close code', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const words = `${'ä'.repeat(100)} is not media`;
  await broadcasts.get('cam')!.abort(new LiveError('unsupported-media', words));
  t.strictSame(await client.nextOf('ended'), { type: 'ended', code: 'unsupported-media', message: words });
  const { code, reason } = await client.closed;
  t.equal(code, 4415);
  t.match(reason, /^ä{55,60}…$/, 'cut to what a close frame can carry');
});

t.test('close code 1000 ends the broadcast, a connection that just drops leaves it waiting', async (t) => {
  for (const [leave, event] of [
    [(client: SocketClient) => client.socket.close(1000), 'end'],
    [(client: SocketClient) => client.socket.close(1001), 'drop'],
    [(client: SocketClient) => client.socket.close(), 'drop'],
    [(client: SocketClient) => client.socket.terminate(), 'drop'],
  ] as const) {
    const { app, broadcasts } = await startFakeServer(t);
    const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
    await client.nextOf('ready');
    const { ingest } = broadcasts.get('cam')!;
    client.socket.send(Buffer.from('x'));
    await ingest.until(() => ingest.events.length > 0);
    leave(client);
    await ingest.until(() => ingest.events.length > 1);
    t.strictSame(ingest.events, [1, event]);
  }
});

t.test('a resumed broadcast goes on where it was, and the connection before it is let go', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const address = await listen(app);
  const first = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}`);
  await first.nextOf('ready');
  first.socket.send(Buffer.alloc(100));
  await first.nextOf('ack');
  const second = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}&resume=token`);
  t.match(await second.nextOf('ready'), { broadcast: 'run1', received: 100 });
  t.equal((await first.closed).code, 4409);
  t.ok(broadcasts.get('cam'));
});

t.test('a server that stops tells its publishers to try again, and takes no new ones', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const address = await listen(app);
  const client = new SocketClient(t, `ws://${address}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  const stopped = app.close();
  t.match(await client.nextOf('ended'), { code: 'unavailable', message: /shutting down/ });
  t.equal((await client.closed).code, 4503);
  await stopped;
  t.ok(broadcasts.closed);
});

t.test('a data URL is a picture, told from control messages; one that is none says what was expected', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const base = `ws://${await listen(app)}/live`;
  const publish = (stream: string): SocketClient => new SocketClient(t, `${base}/${stream}/publish?key=${testKey}`);
  const client = publish('cam');
  await client.next();
  client.socket.send(`data:image/jpeg;base64,${jpegOf(8, 8).toString('base64')}`);
  client.socket.send(jpegOf(8, 8));
  const { ingest } = broadcasts.get('cam')!;
  await ingest.until(() => ingest.events.length === 2);
  t.same(ingest.events, ['picture', jpegOf(8, 8).length]);
  t.same(ingest.writes[0], jpegOf(8, 8));
  for (const [text, code, words] of [
    ['data:,', 4400, /a canvas without width or height gives that/],
    ['data:image/png;base64,iVBORw0KGgo=', 4415, /toDataURL\('image\/jpeg'\)/],
  ] as const) {
    const wrong = publish(`wrong-${code}`);
    await wrong.next();
    wrong.socket.send(text);
    t.match(await wrong.nextOf('ended'), { message: words });
    t.equal((await wrong.closed).code, code);
  }
});

t.test('two sockets of one publisher, one a part, feed one broadcast; nobody else joins it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const url = `ws://${await listen(app)}/live/cam/publish?key=${testKey}`;
  const chunk = new SocketClient(t, `${url}&part=chunk`);
  t.match(await chunk.next(), { type: 'ready', broadcast: 'run1' });
  const blob = new SocketClient(t, `${url}&part=blob`);
  t.match(await blob.next(), { type: 'ready', broadcast: 'run1' });
  const { ingest } = broadcasts.get('cam')!;
  blob.socket.send(Buffer.from([0x1a]));
  await new Promise((resolve) => blob.socket.once('pong', resolve).ping());
  chunk.socket.send(Buffer.from([0x45, 0xdf, 0xa3]));
  await ingest.until(() => ingest.events.length === 3);
  t.strictSame(ingest.events, ['recording', 1, 3]);
  t.match(await refusal(t, url), { status: 409 });
  t.match(await refusal(t, `${url}&part=whole`), { status: 400, body: { code: 'malformed', message: 'expected part to be "blob" or "chunk", got "whole"' } });
  const again = new SocketClient(t, `${url}&part=chunk`);
  t.match(await again.next(), { type: 'ready' });
  t.equal((await chunk.closed).code, 4409, 'a later one of the same part takes over');
  again.socket.close(1000);
  await ingest.until(() => ingest.events.at(-1) === 'end');
  t.notOk(ingest.events.includes('drop'));
});

t.test('a part does not join a broadcast that came on one socket', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  t.match(await refusal(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}&part=chunk`), { status: 409, body: { code: 'already-live' } });
});

t.test('a publisher says what its stream is about; words that can not be taken are told, and end nothing', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const client = new SocketClient(t, `ws://${await listen(app)}/live/cam/publish?key=${testKey}`);
  await client.nextOf('ready');
  client.socket.send('{"type":"describe","title":"Harbour"}');
  client.socket.send(`{"type":"describe","title":"${'x'.repeat(101)}","description":"never read"}`);
  t.match(await client.nextOf('warning'), { code: 'description-refused', message: /stay as they were: expected a title of 1 to 100 characters, got 101/ });
  t.strictSame(broadcasts.descriptions.get('cam'), { title: 'Harbour' });
  client.socket.send('{"type":"describe","title":7}');
  t.match(await client.closed, { code: 4400 });
});
