import { once } from 'node:events';
import t, { type Test } from 'tap';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { SocketClient, refusal } from './socket-client.js';

async function entered(t: Test, url: string): Promise<SocketClient> {
  const client = new SocketClient(t, url);
  await client.nextOf('history');
  return client;
}

async function join(client: SocketClient, fields: object): Promise<Record<string, unknown>> {
  client.socket.send(JSON.stringify({ type: 'join', ...fields }));
  return client.nextOf('joined');
}

const say = (client: SocketClient, text: string): void => client.socket.send(JSON.stringify({ type: 'message', text }));

t.test('what one says all read, also who comes later and who has no name', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  const [ann, ben] = [new SocketClient(t, url), new SocketClient(t, url)];
  t.strictSame(await ann.next(), { type: 'history', broadcast: 'run1', messages: [] });
  t.match(await join(ann, { name: ' Ann\u202E ' }), { name: 'Ann', publisher: false, person: String, token: String });
  await ben.nextOf('history');
  say(ann, '<img src=x onerror=alert(1)>');
  const said = await ben.nextOf('message');
  t.match(said, { id: 1, name: 'Ann', publisher: false, text: '<img src=x onerror=alert(1)>' });
  t.match(await ann.nextOf('message'), { id: 1 });
  const { type: _type, ...entry } = said;
  t.strictSame((await new SocketClient(t, url).nextOf('history')).messages, [entry]);
  ben.socket.send('{"type":"ping"}');
  t.strictSame(await ben.nextOf('pong'), { type: 'pong' });
  say(ben, 'who am I?');
  t.match(await ben.nextOf('refused'), { reason: 'not-joined' });
});

t.test('the publisher is proven by the key, in the first message, the query or the head', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { wrongKeysPerMinute: 2 });
  broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  t.match(await join(await entered(t, url), { name: 'Host', key: testKey }), { publisher: true });
  for (const client of [new SocketClient(t, `${url}?key=${testKey}`), new SocketClient(t, url, { headers: { authorization: `Bearer ${testKey}` } })]) {
    await client.nextOf('history');
    t.match(await join(client, { name: 'Host' }), { publisher: true });
  }
  const viewer = new SocketClient(t, url);
  await viewer.nextOf('history');
  viewer.socket.send('{"type":"join","name":"H0st"}');
  t.match(await viewer.nextOf('refused'), { reason: 'name' });
  t.match(await refusal(t, `${url}?key=wrong`), { status: 401, body: { code: 'unauthorized' } });
  const guesser = new SocketClient(t, url);
  await guesser.nextOf('history');
  guesser.socket.send('{"type":"join","name":"Host","key":"a wrong one"}');
  t.strictSame(await guesser.closed, { code: 4401, reason: 'the publish key is wrong' });
  const third = new SocketClient(t, url);
  await third.nextOf('history');
  third.socket.send(JSON.stringify({ type: 'join', name: 'Host', key: testKey }));
  t.match(await third.closed, { code: 4503, reason: /too many wrong keys/ }, 'the budget of wrong keys is one, also for the right one');
});

t.test('only the publisher moderates, and everybody sees it', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  const [ann, ben, host] = [new SocketClient(t, url), new SocketClient(t, url), new SocketClient(t, url)];
  for (const client of [ann, ben, host]) await client.nextOf('history');
  const { person } = await join(ann, { name: 'Ann' });
  await join(ben, { name: 'Ben' });
  await join(host, { name: 'Host', key: testKey });
  say(ann, 'rude');
  const { id } = await ben.nextOf('message');
  for (const act of [{ type: 'delete', id }, { type: 'mute', person }, { type: 'unmute', person }]) {
    ben.socket.send(JSON.stringify(act));
    t.match(await ben.nextOf('refused'), { reason: 'not-publisher' }, act.type);
  }
  host.socket.send(JSON.stringify({ type: 'delete', id }));
  t.strictSame(await ann.nextOf('deleted'), { type: 'deleted', id });
  host.socket.send(JSON.stringify({ type: 'mute', person }));
  t.match(await ann.nextOf('muted'), { muted: true });
  say(ann, 'again');
  t.match(await ann.nextOf('refused'), { reason: 'muted' });
  host.socket.send(JSON.stringify({ type: 'unmute', person }));
  t.match(await ann.nextOf('muted'), { muted: false });
});

t.test('an address talks no faster over many connections', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { chatMessagesPerMinute: 1 });
  broadcasts.add('cam');
  broadcasts.add('other');
  const address = await listen(app);
  let said = 0;
  for (let count = 0; count < 8; count++) {
    const client = new SocketClient(t, `ws://${address}/live/${count % 2 === 0 ? 'cam' : 'other'}/chat`);
    await client.nextOf('history');
    await join(client, { name: `Bot ${count}` });
    say(client, 'Buy');
    let answer = await client.next() as Record<string, unknown>;
    while (answer.type !== 'message' && answer.type !== 'refused') answer = await client.next() as Record<string, unknown>;
    if (answer.type === 'message') said += 1;
    else t.match(answer, { reason: 'too-fast', waitSeconds: Number });
  }
  t.equal(said, 6);
});

t.test('what is no chat message, or too large, or far too much, ends the connection', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  const sent: readonly (readonly [string | Buffer, number])[] = [['no json', 4400], ['{"type":"dance"}', 4400], [Buffer.from('{}'), 4400], [JSON.stringify({ type: 'message', text: 'x'.repeat(9000) }), 4413]];
  for (const [data, code] of sent) {
    const client = new SocketClient(t, url);
    await client.nextOf('history');
    client.socket.send(data);
    t.equal((await client.closed).code, code);
  }
  const loud = new SocketClient(t, url);
  await loud.nextOf('history');
  for (let count = 0; count < 301; count++) say(loud, 'x');
  t.equal((await loud.closed).code, 4413);
  const wordy = new SocketClient(t, url);
  await wordy.nextOf('history');
  await join(wordy, { name: 'Ann' });
  say(wordy, '\u{1F4A5}'.repeat(301));
  t.strictSame(await wordy.nextOf('refused'), { type: 'refused', reason: 'text', message: 'Expected a message of 1 to 300 characters, got 301.' }, 'what is only too long is told');
});

t.test('who does not read takes a bounded amount of memory and is let go', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  const slow = new SocketClient(t, url);
  await slow.nextOf('history');
  slow.socket.pause();
  // The publisher writes faster than sockets carry.
  const room = cam.chat!;
  const host = room.enter({ sink: { send: () => undefined, backlogBytes: 0, end: () => undefined, moveAway: () => undefined, drop: () => undefined }, address: '', publisher: true });
  room.join(host, 'Host', undefined);
  const [connection] = [...app.websocketServer.clients];
  let backlogBytes = 0;
  const text = '💥'.repeat(300);
  // The kernel's buffers come first, however large they are.
  for (let count = 0; room.count > 1 && count < 20_000; count++) {
    room.say(host, text);
    backlogBytes = Math.max(backlogBytes, (connection as unknown as { _socket: { writableLength: number } })._socket.writableLength);
    await new Promise(setImmediate);
  }
  t.equal(room.count, 1, 'it has been let go of');
  t.ok(backlogBytes > 0 && backlogBytes < 280_000, `${backlogBytes} bytes waited for it`);
  slow.socket.resume();
  t.equal((await slow.closed).code, 4503, 'and may come back');
});

t.test('a room is refused before the upgrade: not live, full, switched off', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const url = `ws://${await listen(app)}/live/cam/chat`;
  t.match(await refusal(t, url), { status: 404, body: { code: 'not-found' } });
  const cam = broadcasts.add('cam');
  t.equal((await app.inject('/live/cam/chat')).statusCode, 426);
  for (let count = 0; count < 10; count++) await new SocketClient(t, url).nextOf('history');
  t.match(await refusal(t, url), { status: 503, body: { message: /as many people/ } });
  cam.chat = undefined;
  t.match(await refusal(t, url), { status: 404, body: { message: /switched off/ } });
  t.equal((await app.inject('/api/streams/cam')).json<{ chat: boolean }>().chat, false);
});

t.test('a room closes with its broadcast, and who leaves is forgotten', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  const url = `ws://${await listen(app)}/live/cam/chat`;
  const [ann, ben] = [new SocketClient(t, url), new SocketClient(t, url)];
  for (const client of [ann, ben]) await client.nextOf('history');
  ben.socket.close();
  await once(ben.socket, 'close');
  while (cam.chat!.count > 1) await new Promise(setImmediate);
  await cam.end();
  t.strictSame(await ann.nextOf('ended'), { type: 'ended' });
  t.equal((await ann.closed).code, 1000);
});

t.test('where links are signed, who may not watch may not read or talk either', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey: 'a-view-key-of-sixteen', corsOrigins: ['https://friend.example'] });
  broadcasts.add('cam');
  const address = await listen(app);
  t.match(await refusal(t, `ws://${address}/live/cam/chat`), { status: 401 });
  const made = await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { authorization: `Bearer ${testKey}` }, payload: { expiresInSeconds: 60 } });
  const { token } = made.json<{ token: string }>();
  await new SocketClient(t, `ws://${address}/live/cam/~${token}/chat`).nextOf('history');
  t.match(await refusal(t, `ws://${address}/live/cam/~${token}/chat`, { headers: { origin: 'https://stranger.example' } }), { status: 401 });
});
