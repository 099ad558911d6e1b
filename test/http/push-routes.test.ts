import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { LiveError } from '../../src/protocol/live-error.js';
import { makeCertificates } from './certificates.js';
import { withResolvers } from './fake-broadcast.js';
import { listen, startFakeServer, testKey } from './fake-server.js';
import { readToClose } from './socket-client.js';

interface Push {
  readonly request: ClientRequest;
  readonly answer: Promise<{ status: number; body: Record<string, unknown>; headers: IncomingMessage['headers'] }>;
  /** Whether the server asked for the body. */
  readonly continued: () => boolean;
}

function push(t: Test, address: string, path = `/live/cam/publish?key=${testKey}`, { method = 'PUT', headers = {} }: { method?: string; headers?: Record<string, string> } = {}): Push {
  let asked = false;
  const request = plainRequest(`http://${address}${path}`, { method, headers, agent: false });
  request.on('continue', () => (asked = true)).on('error', () => undefined);
  t.teardown(() => request.destroy());
  const answer = once(request, 'response').then(async ([response]: IncomingMessage[]) => {
    let text = '';
    for await (const chunk of response!) text += String(chunk);
    return { status: response!.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown>, headers: response!.headers };
  });
  answer.catch(() => undefined);
  return { request, answer, continued: () => asked };
}

t.test('a body is a broadcast, chunked or of known length, by PUT or POST; its end is answered with the facts', async (t) => {
  for (const [method, headers] of [['PUT', {}], ['POST', { 'content-length': '6' }], ['POST', { 'content-type': 'application/json' }], ['PUT', { 'content-type': 'text/plain' }]] as const) {
    const { app, broadcasts } = await startFakeServer(t);
    const { request, answer } = push(t, await listen(app), undefined, { method, headers });
    request.write('abc');
    while (!broadcasts.get('cam')) await new Promise(setImmediate);
    const cam = broadcasts.get('cam')!;
    await cam.ingest.until(() => cam.ingest.writes.length > 0);
    request.end('def');
    t.match(await answer, { status: 200, body: { stream: 'cam', broadcast: 'run1', receivedBytes: 4096, recording: { container: 'webm' }, urls: { watch: /\/watch\/cam$/ } } });
    t.equal(Buffer.concat(cam.ingest.writes).toString(), 'abcdef');
    t.equal(cam.ingest.events.at(-1), 'end');
    t.match((await app.inject('/metrics')).body, 'onair_ingest_bytes_total 6\n');
  }
});

t.test('who is refused is told before the body is asked for', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.add('taken');
  const address = await listen(app);
  const refusal = async (path: string, headers: Record<string, string> = {}) => {
    const { request, answer, continued } = push(t, address, path, { headers: { expect: '100-continue', ...headers } });
    request.flushHeaders();
    const { status, body, headers: answered } = await answer;
    t.notOk(continued(), `${path} was not asked for its body`);
    t.equal(answered.connection, 'close');
    return `${status} ${String(body.code)}`;
  };
  const key = `key=${testKey}`;
  t.equal(await refusal(`/live/a%20b/publish?${key}`), '400 malformed');
  t.equal(await refusal('/live/cam/publish'), '401 unauthorized');
  t.equal(await refusal('/live/cam/publish?key=wrong'), '401 unauthorized');
  t.equal(await refusal(`/live/taken/publish?${key}`), '409 already-live');
  t.equal(await refusal(`/live/taken/publish?${key}&resume=other`), '404 not-found');
  t.equal(await refusal(`/live/taken/publish?${key}&resume=token&from=9`), '400 malformed');
  t.equal(await refusal(`/live/cam/publish?${key}`, { 'content-encoding': 'gzip' }), '415 unsupported-media');
  t.equal(await refusal(`/live/cam/publish?${key}`, { 'content-type': 'multipart/form-data; boundary=x' }), '415 unsupported-media');
  broadcasts.refuse = new LiveError('unavailable', 'no room');
  t.equal(await refusal(`/live/cam/publish?${key}`), '503 unavailable');
  broadcasts.refuse = undefined;
  broadcasts.unavailableReason = 'no ffmpeg';
  t.equal(await refusal(`/live/cam/publish?${key}`), '503 unavailable');
  t.strictSame([...broadcasts.streams.keys()], ['taken']);
});

t.test('who is welcome and asks first is asked for the body', async (t) => {
  const { app } = await startFakeServer(t);
  const { request, answer, continued } = push(t, await listen(app), undefined, { headers: { expect: '100-continue' } });
  request.flushHeaders();
  await once(request, 'continue');
  t.ok(continued());
  request.end('abc');
  t.match(await answer, { status: 200 });
});

t.test('a refused client that sends all the same gets to read why, and is then cut off', async (t) => {
  const { app } = await startFakeServer(t);
  const socket = raw(t, await listen(app));
  socket.write('PUT /live/cam/publish?key=wrong HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const flood = setInterval(() => socket.write(`8000\r\n${'x'.repeat(0x8000)}\r\n`), 5);
  t.teardown(() => clearInterval(flood));
  t.match(await readToClose(socket), /^HTTP\/1\.1 401 [^]*"the publish key is wrong"/);
});

t.test('a broadcast that is refused or stopped while it is sent answers why', async (t) => {
  for (const [reason, status] of [[new LiveError('unsupported-media', 'expected WebM, got text'), 415], [new LiveError('unavailable', 'shutting down'), 503]] as const) {
    const { app, broadcasts } = await startFakeServer(t);
    const { request, answer } = push(t, await listen(app));
    request.write('hello');
    while (!broadcasts.get('cam')) await new Promise(setImmediate);
    await broadcasts.get('cam')!.abort(reason);
    t.match(await answer, { status, body: { code: reason.code, message: reason.message }, headers: { connection: 'close' } });
  }
});

t.test('a body that breaks off leaves the broadcast waiting, and its publisher goes on with a new recording', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const address = await listen(app);
  const lost = push(t, address);
  lost.request.write('abc');
  while (!broadcasts.get('cam')) await new Promise(setImmediate);
  const cam = broadcasts.get('cam')!;
  await cam.ingest.until(() => cam.ingest.writes.length > 0);
  lost.request.destroy();
  await cam.ingest.until(() => cam.ingest.events.includes('drop'));
  cam.ingest.waiting = true;
  const { request, answer } = push(t, address);
  request.end('def');
  t.match(await answer, { status: 200, body: { broadcast: 'run1' } });
  t.strictSame(cam.ingest.events, [3, 'drop', 'recording', 3, 'end']);
});

t.test('with the token, a body goes on from any offset that came; what came already is left out', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const cam = broadcasts.add('cam');
  cam.ingest.received = 4;
  const { request, answer } = push(t, await listen(app), `/live/cam/publish?key=${testKey}&resume=token&from=1`);
  request.write('bc');
  request.end('def');
  t.match(await answer, { status: 200 });
  t.strictSame(Buffer.concat(cam.ingest.writes).toString(), 'ef');
  t.notOk(cam.ingest.events.includes('recording'));
});

t.test('a later connection takes over, and the earlier one is told', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const address = await listen(app);
  const first = push(t, address);
  first.request.write('abc');
  while (!broadcasts.get('cam')) await new Promise(setImmediate);
  const cam = broadcasts.get('cam')!;
  await cam.ingest.until(() => cam.ingest.writes.length > 0);
  const second = push(t, address, `/live/cam/publish?key=${testKey}&resume=token`);
  second.request.end('def');
  t.match(await first.answer, { status: 409, body: { code: 'already-live', message: /took the broadcast over/ } });
  t.match(await second.answer, { status: 200 });
});

t.test('a stalled broadcast stops the body: the sender is held back', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const { request, answer } = push(t, await listen(app));
  request.write('a');
  while (!broadcasts.get('cam')) await new Promise(setImmediate);
  const { ingest } = broadcasts.get('cam')!;
  const gate = withResolvers<undefined>();
  ingest.gate = gate.promise;
  const slice = Buffer.alloc(64_000);
  for (let index = 0; index < 1000; index++) request.write(slice);
  for (let before = -1; before !== request.writableLength; ) {
    before = request.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.ok(request.writableLength > 30_000_000, `${request.writableLength} bytes wait at the sender`);
  gate.resolve(undefined);
  request.end();
  t.match(await answer, { status: 200 });
  t.equal(Buffer.concat(ingest.writes).length, 64_000_001, 'and nothing is lost');
});

t.test('a connection that says nothing any more is cut, and its broadcast waits', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { idleTimeoutMs: 300 });
  const socket = raw(t, await listen(app));
  socket.write(`PUT /live/cam/publish?key=${testKey} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  while (!broadcasts.get('cam')) await new Promise(setImmediate);
  const { ingest } = broadcasts.get('cam')!;
  for (let index = 0; index < 6; index++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.write('1\r\nx\r\n');
  }
  t.notOk(ingest.events.includes('drop'), 'one that is slow is not');
  await ingest.until(() => ingest.events.includes('drop'));
  t.equal(Buffer.concat(ingest.writes).toString(), 'abcxxxxxx');
});

t.test('over HTTP/2 it is the same', async (t) => {
  const files = makeCertificates(t);
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const { app, broadcasts } = await startFakeServer(t, { tls });
  const address = await listen(app);
  const open = (path: string, headers: Record<string, string> = {}) => {
    const session = connectHttp2(`https://${address}`, { ca: tls.cert });
    session.on('error', () => undefined);
    t.teardown(() => session.destroy());
    const stream = session.request({ ':method': 'PUT', ':path': path, ...headers }, { endStream: false });
    stream.on('error', () => undefined);
    const answer = once(stream, 'response').then(async ([head]: { ':status': number }[]) => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return { status: head![':status'], body: JSON.parse(text) as unknown };
    });
    answer.catch(() => undefined);
    return { session, stream, answer };
  };
  const path = `/live/cam/publish?key=${testKey}`;

  const whole = open(path, { expect: '100-continue' });
  await once(whole.stream, 'continue');
  whole.stream.write('abc');
  whole.stream.end('def');
  t.match(await whole.answer, { status: 200, body: { stream: 'cam' } });

  const wrong = open('/live/cam/publish?key=wrong');
  wrong.stream.write('abc');
  t.match(await wrong.answer, { status: 401, body: { code: 'unauthorized' } });
  if (!wrong.stream.closed) await once(wrong.stream, 'close');

  for (const breakOff of ['stream', 'session'] as const) {
    const lost = open(path);
    lost.stream.write('abc');
    while (!broadcasts.get('cam')) await new Promise((resolve) => setTimeout(resolve, 5));
    const cam = broadcasts.get('cam')!;
    await cam.ingest.until(() => cam.ingest.writes.length > 0);
    if (breakOff === 'stream') lost.stream.destroy(new Error('the publisher gave up'));
    else lost.session.destroy();
    await cam.ingest.until(() => cam.ingest.events.length > 1);
    t.strictSame(cam.ingest.events, [3, 'drop'], breakOff);
    await cam.end();
  }
});

function raw(t: Test, address: string): Socket {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  return socket;
}
