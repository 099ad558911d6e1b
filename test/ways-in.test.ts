import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { openAccess } from '../src/access/access.js';
import { AddressBudget } from '../src/access/address-budget.js';
import { PublishAdmission } from '../src/access/publish-admission.js';
import type { LocalBroadcasts } from '../src/live/local-broadcasts.js';
import type { Publisher } from '../src/live/taking-over.js';
import { liveStreamUrls } from '../src/protocol/urls.js';
import { RtmpServer } from '../src/rtmp/rtmp-server.js';
import { RtmpClient } from './helpers/rtmp-client.js';
import { temporaryDirectory } from './helpers/programs.js';
import { listen, startFakeServer, testKey } from './http/fake-server.js';
import { openStudio, recording, until, type Studio } from './live/fake-studio.js';
import { table, type Row, type WayIn } from './live/taking-over-table.js';

/** Somebody who was let in. */
interface Guest {
  /** Bytes of a recording. */
  readonly feed: () => void;
  /** Leaves without a word. */
  readonly leave: () => void;
}

/** Asks to be let in; answers the guest, or the code of a refusal. */
type Knock = (stream: string, key: string, resumeToken?: string) => Promise<Guest | string>;

interface House extends Studio {
  readonly knock: Readonly<Record<WayIn, Knock>>;
  readonly otherKey: (stream: string) => Promise<string>;
  /** Whose connections seem gone as soon as nothing comes; those of all others never do. */
  readonly impatientAbout: Set<string>;
}

/** The real server with all its ways in, over transcoders that are not. */
async function openHouse(t: Test): Promise<House> {
  const studio = await openStudio(t, { maxStreams: 1000 });
  const impatientAbout = new Set<string>();
  const admit: LocalBroadcasts['admit'] = (stream, publisher, isGone) => {
    const seemsGoneAfterMs = publisher.seemsGoneAfterMs && (impatientAbout.has(stream) ? 1 : 1e9);
    return studio.broadcasts.admit(stream, { ...publisher, seemsGoneAfterMs } satisfies Publisher, isGone);
  };
  const { broadcasts: real } = studio;
  const broadcasts = new Proxy(real, {
    get: (_target, name) => {
      if (name === 'admit') return admit;
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });
  const access = openAccess({ serverKey: testKey, dataDir: await temporaryDirectory(t), viewKey: undefined, publishCheckUrl: undefined, viewCheckUrl: undefined, checkTimeoutMs: 1000, viewCheckCacheMs: 0 });
  const { app } = await startFakeServer(t, { broadcasts, directory: studio.directory, access });
  const address = await listen(app);
  const rtmp = new RtmpServer({
    broadcasts,
    admission: new PublishAdmission({ access, wrongKeys: new AddressBudget({ perMinute: 1000 }) }),
    admitConnection: () => undefined,
    urlsFor: (host, stream) => liveStreamUrls(`http://${host}`, stream),
    onBytes: () => undefined,
    onFault: (fault) => t.fail(fault.message),
    ...{ maxMessageBytes: 1_000_000, setupTimeoutMs: 60_000, silenceTimeoutMs: 60_000 },
  });
  await rtmp.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => rtmp.close());
  return {
    ...studio,
    otherKey: async (stream) => (await access.streamKeys.create(stream, '')).key,
    impatientAbout,
    knock: {
      websocket: (stream, key, token) => knockBySocket(t, `ws://${address}${pathOf(stream, key, token)}`),
      http: (stream, key, token) => knockByRequest(t, `http://${address}${pathOf(stream, key, token)}`),
      rtmp: (stream, key) => knockByRtmp(new RtmpClient(t, rtmp.port ?? 0), `${stream}?key=${key}`),
    },
  };
}

function pathOf(stream: string, key: string, token: string | undefined): string {
  return `/live/${stream}/publish?key=${key}${token === undefined ? '' : `&resume=${token}`}`;
}

async function knockBySocket(t: Test, url: string): Promise<Guest | string> {
  const socket = new WebSocket(url).on('error', () => undefined);
  t.teardown(() => socket.terminate());
  const refusal = once(socket, 'unexpected-response').then(([, response]) => codeIn(response as IncomingMessage));
  const ready = once(socket, 'message').then(() => ({ feed: () => socket.send(recording.subarray(0, 1000)), leave: () => socket.terminate() }));
  return Promise.race([ready, refusal]);
}

async function knockByRequest(t: Test, url: string): Promise<Guest | string> {
  const asked = request(url, { method: 'PUT', agent: false, headers: { expect: '100-continue' } }).on('error', () => undefined);
  t.teardown(() => asked.destroy());
  asked.flushHeaders();
  const refusal = once(asked, 'response').then(([response]) => codeIn(response as IncomingMessage));
  refusal.catch(() => undefined);
  const wanted = once(asked, 'continue').then(() => ({ feed: () => void asked.write(recording.subarray(0, 1000)), leave: () => void asked.destroy() }));
  wanted.catch(() => undefined);
  return Promise.race([wanted, refusal]);
}

async function knockByRtmp(client: RtmpClient, name: string): Promise<Guest | string> {
  const code = (await client.publish(name)).code as string;
  if (code === 'NetStream.Publish.Start') return { feed: () => client.media(0, 1), leave: () => client.socket.resetAndDestroy() };
  return code === 'NetStream.Publish.BadName' ? 'already-live' : code;
}

async function codeIn(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return (JSON.parse(text) as { code: string }).code;
}

/** What becomes of somebody who comes as the row says. */
async function outcomeOf(house: House, { state, begunBy, comesBy, brings }: Row, stream: string): Promise<string> {
  let [token, id] = ['a-token-of-nobody', 'none'];
  if (state === 'silent') house.impatientAbout.add(stream);
  if (state !== 'free') {
    const first = await house.knock[begunBy](stream, testKey);
    if (typeof first === 'string') throw new Error(`expected the first one to be let in, got ${first}`);
    const broadcast = await until(() => house.running(stream));
    ({ id } = broadcast);
    token = broadcast.ingest.resumeToken;
    if (state !== 'abandoned') {
      first.feed();
      await until(() => broadcast.ingest.received > 0);
    }
    if (state === 'silent') await until(() => broadcast.ingest.silentMs >= 1);
    if (state === 'lost' || state === 'abandoned') {
      first.leave();
      await until(() => broadcast.state === 'waiting');
    }
    if (state === 'over') await broadcast.end();
  }
  const key = brings === 'other key' ? await house.otherKey(stream) : testKey;
  const second = await house.knock[comesBy](stream, key, brings === 'its token' ? token : brings === 'wrong token' ? 'guess' : undefined);
  if (typeof second === 'string') return second === 'not-found' ? 'over' : second;
  const outcome = house.running(stream)?.id === id ? 'goes-on' : 'begins';
  await house.running(stream)?.end();
  return outcome;
}

t.test('who goes on with a broadcast is the same by every way in, and what the one rule says', async (t) => {
  const house = await openHouse(t);
  for (const [number, row] of table.entries()) {
    const { state, begunBy, comesBy, brings, outcome } = row;
    t.equal(await outcomeOf(house, row, `stream-${number}`), outcome, `${state}, begun by ${begunBy}: comes by ${comesBy} with ${brings}`);
    await house.running(`stream-${number}`)?.end();
  }
});
