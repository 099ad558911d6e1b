import type { Test } from 'tap';
import t from 'tap';

import { openAccess, type AccessOptions } from '../../src/access/access.js';
import { AddressBudget } from '../../src/access/address-budget.js';
import { PublishAdmission } from '../../src/access/publish-admission.js';
import { liveStreamUrls } from '../../src/protocol/urls.js';
import { RtmpServer, type RtmpServerOptions } from '../../src/rtmp/rtmp-server.js';
import { writeAmf0 } from '../../src/rtmp/wire/amf0.js';
import { messageType } from '../../src/rtmp/wire/message.js';
import { temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { RtmpClient, tags } from '../helpers/rtmp-client.js';
import { serveWebSite } from '../helpers/web-site.js';
import { openStudio, type Studio } from '../live/fake-studio.js';
import type { FakeTranscoder } from '../live/fake-transcoder.js';
import { readBack } from '../source/fixture.js';

const serverKey = 'the-key-of-the-server';

interface Rtmp extends Omit<Studio, 'transcoder'> {
  readonly server: RtmpServer;
  readonly access: ReturnType<typeof openAccess>;
  readonly transcoder: (number: number) => Promise<FakeTranscoder>;
  readonly client: () => RtmpClient;
}

async function startRtmp(t: Test, options: Partial<RtmpServerOptions & AccessOptions & { resumeWindowSeconds: number; wrongKeysPerMinute: number; hungAfterMs: number }> = {}): Promise<Rtmp> {
  const studio = await openStudio(t, options);
  const access = openAccess({
    ...{ serverKey, dataDir: await temporaryDirectory(t), viewKey: undefined, publishCheckUrl: undefined, viewCheckUrl: undefined, checkTimeoutMs: 1000, viewCheckCacheMs: 0 },
    ...options,
  });
  const server = new RtmpServer({
    broadcasts: studio.broadcasts,
    admission: new PublishAdmission({ access, wrongKeys: new AddressBudget({ perMinute: options.wrongKeysPerMinute ?? 1000 }) }),
    admitConnection: () => undefined,
    urlsFor: (host, stream) => liveStreamUrls(`http://${host}:8080`, stream),
    onBytes: () => undefined,
    onFault: (fault) => t.fail(fault.message),
    maxMessageBytes: 1_000_000,
    setupTimeoutMs: 10_000,
    silenceTimeoutMs: 10_000,
    ...options,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  return { ...studio, transcoder: (number) => studio.transcoder(number), server, access, client: () => new RtmpClient(t, server.port ?? 0) };
}

t.test('what a publisher sends reaches ffmpeg as one recording, and its goodbye ends the broadcast', async (t) => {
  const { running, client, transcoder } = await startRtmp(t);
  const encoder = client();
  t.match(await encoder.publish(`cam?key=${serverKey}`), { level: 'status', code: 'NetStream.Publish.Start' });
  encoder.send(messageType.dataAmf0, 0, writeAmf0(['@setDataFrame', 'onMetaData', { width: 640 }]));
  encoder.media(0, 60);
  const first = await transcoder(0);
  await waitUntil('all of it', () => readBack(Buffer.concat(first.written)).length === 120);
  t.match(first.plan.tracks, [{ kind: 'video', sourceCodec: 'h264', action: 'copy' }, { kind: 'audio', sourceCodec: 'aac', action: 'copy' }]);
  const broadcast = running('cam')!;
  encoder.command('FCUnpublish', 5, null, 'cam');
  encoder.command('deleteStream', 6, null, 1);
  t.equal(await broadcast.closed, null, 'as it should');
  t.match(await encoder.status(), { level: 'status', code: 'NetStream.Unpublish.Success' });
});

t.test('who may not publish is told why, and hung up on', async (t) => {
  const { broadcasts, client } = await startRtmp(t);
  const refused = async (name: string, app?: string): Promise<unknown> => {
    const encoder = client();
    const status = await encoder.publish(name, app).catch(() => encoder.status());
    await encoder.closed;
    return status;
  };
  t.match(await refused('cam?key=wrong'), { level: 'error', code: 'NetStream.Publish.Denied', description: 'the publish key is wrong' });
  t.match(await refused('cam'), { code: 'NetStream.Publish.Denied', description: /NAME\?key=KEY/ });
  t.match(await refused(`not a name?key=${serverKey}`), { code: 'NetStream.Publish.BadName', description: /letters, digits/ });
  const publisher = client();
  await publisher.publish(`cam?key=${serverKey}`);
  publisher.media(0, 1);
  t.match(await refused(`cam?key=${serverKey}`), { code: 'NetStream.Publish.BadName', description: '"cam" is live already, from elsewhere; choose another name or end it first' });
  t.equal(broadcasts.list().length, 1);

  const lost = client();
  await lost.shakeHands();
  lost.command('connect', 1, { app: 'elsewhere?key=secret' });
  t.match(await lost.status(), { code: 'NetConnection.Connect.Rejected', description: "expected the server's address to end with /live, got /elsewhere" });
  await lost.closed;

  const viewer = client();
  await viewer.shakeHands();
  viewer.command('connect', 1, { app: 'live', tcUrl: 'rtmp://live.example/live' });
  viewer.command('play', 2, null, 'cam');
  t.match(await viewer.status(), { level: 'error', code: 'NetStream.Play.Failed', description: /http:\/\/live\.example:8080\/live\/cam\/stream\.flv/ });
  await viewer.closed;
});

t.test('keys of a stream open that stream alone; guessing slows an address down', async (t) => {
  const { client, access } = await startRtmp(t, { wrongKeysPerMinute: 2 });
  const { key } = await access.streamKeys.create('cam', 'for a test');
  const encoder = client();
  t.match(await encoder.publish(`cam?key=${key}`), { code: 'NetStream.Publish.Start' });
  t.match(await client().publish(`other?key=${key}`), { code: 'NetStream.Publish.Denied' });
  t.match(await client().publish('other?key=guess'), { code: 'NetStream.Publish.Denied' });
  t.match(await client().publish(`other?key=${serverKey}`), { code: 'NetStream.Publish.Rejected', description: /too many wrong keys/ });
});

t.test("the operator's own service is asked, and what it says is told", async (t) => {
  const site = await serveWebSite(t, {});
  const { client } = await startRtmp(t, { publishCheckUrl: `${site}/check` });
  t.match(await client().publish(`cam?key=${serverKey}`), { code: 'NetStream.Publish.Denied', description: 'publishing "cam" is not allowed' });
});

t.test('a publisher that was lost comes back with its key and goes on with its broadcast; nobody else does', async (t) => {
  const { running, client, access, transcoder } = await startRtmp(t);
  const { key } = await access.streamKeys.create('cam', 'somebody else');
  const first = client();
  await first.publish(`cam?key=${serverKey}`);
  first.media(0, 30);
  await transcoder(0);
  const { id } = running('cam')!;
  first.socket.resetAndDestroy();
  await waitUntil('the loss to be seen', () => running('cam')?.state === 'waiting');
  t.match(await client().publish(`cam?key=${key}`), { code: 'NetStream.Publish.BadName' }, 'another key is another publisher');
  const second = client();
  t.match(await second.publish(`cam?key=${serverKey}`), { code: 'NetStream.Publish.Start' });
  second.media(0, 30);
  await transcoder(1); // a second recording
  t.equal(running('cam')?.id, id, 'in the same broadcast');
});

t.test('a connection that only seems to live does not stand in its own publisher\'s way', async (t) => {
  const { running, client } = await startRtmp(t, { seemsGoneAfterMs: 20 });
  const first = client();
  await first.publish(`cam?key=${serverKey}`);
  first.media(0, 1);
  const { id } = await waitUntil('its bytes', () => (running('cam')?.ingest.received ?? 0) > 0 && running('cam'));
  const status = await waitUntil('to be let in', async () => {
    const answer = await client().publish(`cam?key=${serverKey}`);
    return answer.code === 'NetStream.Publish.Start' && answer;
  });
  t.ok(status);
  t.equal(running('cam')?.id, id);
  t.match(await first.status(), { code: 'NetStream.Publish.BadName', description: 'another connection of this publisher took the broadcast over' });
  await first.closed;
});

t.test('a publisher that goes away without a word is noticed by its silence', async (t) => {
  const { running, client } = await startRtmp(t, { silenceTimeoutMs: 150 });
  const encoder = client();
  await encoder.publish(`cam?key=${serverKey}`);
  encoder.media(0, 1);
  await encoder.closed;
  await waitUntil('the broadcast to wait', () => running('cam')?.state === 'waiting');
  t.ok(encoder.messages.some(({ type, body }) => type === messageType.userControl && body.readUInt16BE(0) === 6), 'it was asked');
});

t.test('who takes for ever to say what he wants is cut, however much he says', async (t) => {
  const { client } = await startRtmp(t, { setupTimeoutMs: 100 });
  await client().closed;
  const talker = client();
  await talker.shakeHands();
  const chatter = setInterval(() => talker.command('_checkbw', 0), 20);
  t.teardown(() => clearInterval(chatter));
  await talker.closed;
});

t.test('what is no RTMP, too large, or no media for us is told in words and ends the broadcast', async (t) => {
  const { running, client } = await startRtmp(t, { maxMessageBytes: 10_000 });
  const http = client();
  http.socket.write('GET / HTTP/1.1\r\n\r\n');
  await http.closed;

  const large = client();
  await large.publish(`large?key=${serverKey}`);
  const { closed } = running('large')!;
  large.send(messageType.video, 0, Buffer.alloc(10_001, 0x17));
  t.match(await large.status(), { code: 'NetStream.Publish.Rejected', description: /at most 10000 bytes, got one of 10001/ });
  await closed;

  const bare = client();
  await bare.publish(`bare?key=${serverKey}`);
  for (let frame = 0; frame < 1000; frame++) bare.send(messageType.video, frame * 40, Buffer.concat([Buffer.from([0xa1]), Buffer.from('avc1'), Buffer.from([0, 0, 0, 9, 9, 9])]));
  t.match(await bare.status(), { code: 'NetStream.Publish.Rejected', description: /expected pictures that can be decoded, got \d+ frames of h264, and no parameter sets came/ });

  const early = client();
  await early.shakeHands();
  early.send(messageType.video, 0, tags.keyframe());
  t.match(await early.status(), { level: 'error', description: 'expected "publish" before sound and pictures, got none' });
});

t.test('a slow ffmpeg slows the publisher, and nothing is lost', async (t) => {
  const { running, client, transcoder } = await startRtmp(t, { hungAfterMs: 600_000 });
  const encoder = client();
  await encoder.publish(`cam?key=${serverKey}`);
  encoder.media(0, 30);
  const slow = await transcoder(0);
  slow.init();
  slow.pictures(1);
  slow.hungry = false;
  const picture = Buffer.concat([tags.picture(), Buffer.alloc(100_000, 1)]);
  for (let frame = 30; frame < 330; frame++) encoder.send(messageType.video, frame * 40, picture);
  const received = (): number => running('cam')?.ingest.received ?? 0;
  let before = -1;
  await waitUntil('the server to stop reading', () => {
    const stands = received() === before;
    before = received();
    return stands && before > 0;
  }, 20_000, 300);
  t.ok(received() < 15_000_000, `${String(received())} of 30,000,000 bytes`);
  t.ok(encoder.socket.writableLength > 5_000_000, 'the rest waits with the publisher');
  slow.feed();
  await waitUntil('all of it', () => received() > 30_000_000);
});

t.test('publishers are told that the server stops', async (t) => {
  const { broadcasts, server, client } = await startRtmp(t);
  const encoder = client();
  await encoder.publish(`cam?key=${serverKey}`);
  const idle = client();
  await idle.shakeHands();
  await broadcasts.close();
  await server.close();
  t.match(await encoder.status(), { level: 'error', code: 'NetStream.Publish.Rejected', description: /shutting down/ });
  await Promise.all([encoder.closed, idle.closed]);
});

t.test('a connection too many is told so', async (t) => {
  const { client } = await startRtmp(t, { admitConnection: () => 'there are 3 connections from this address already; close some of them' });
  const encoder = client();
  await encoder.shakeHands();
  encoder.command('connect', 1, { app: 'live' });
  t.match(await encoder.status(), { code: 'NetConnection.Connect.Rejected', description: /close some of them/ });
  await encoder.closed;
});

t.test('an encoder whose broadcast fails while a recording waits is told and let go, and the server can close', async (t) => {
  const { running, server, client, transcoder } = await startRtmp(t);
  const encoder = client();
  await encoder.publish(`cam?key=${serverKey}`);
  encoder.media(0, 30);
  const slow = await transcoder(0);
  slow.lingers = true;
  // Another configuration begins another recording, which waits for the one before and holds its writer back.
  encoder.send(messageType.video, 1200, tags.avcHeader(0x1f));
  const picture = Buffer.concat([tags.keyframe(), Buffer.alloc(400_000, 1)]);
  for (let frame = 31; frame < 60; frame++) encoder.send(messageType.video, frame * 40, picture);
  const received = (): number => running('cam')?.ingest.received ?? 0;
  await waitUntil('the writer to be held back', () => received() > 8_400_000);
  slow.die('it can not be read');
  t.match(await encoder.status(), { code: 'NetStream.Publish.Rejected', description: 'it can not be read' });
  await encoder.closed;
  const from = performance.now();
  await server.close();
  t.ok(performance.now() - from < 1000, 'no session is left to be waited for');
});
