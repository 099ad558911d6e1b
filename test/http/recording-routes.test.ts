import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import t, { type Test } from 'tap';
import { RecordingDownloads } from '../../src/live/recording-downloads.js';
import type { Recordings } from '../../src/live/recordings.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { LiveError } from '../../src/protocol/live-error.js';
import { keepRecording, openRecordings, recordedFacts, recordedInit, wholeSegments } from '../live/kept-recordings.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { until } from '../live/fake-studio.js';
import { startFakeServer, testKey } from './fake-server.js';

interface Listed {
  readonly recordings: { readonly id: string; readonly private: boolean }[];
  readonly next?: string;
}

const withKey = { authorization: `Bearer ${testKey}` };

async function startWithRecordings(t: Test, options: Parameters<typeof startFakeServer>[1] = {}): Promise<{ app: FastifyInstance; recordings: Recordings }> {
  const recordings = await openRecordings(t);
  const downloads = new RecordingDownloads({
    recordings,
    turns: new Semaphore(1),
    remux: async ({ directory, playlist, output }) => {
      const { segments } = readMediaPlaylist(await readFile(join(directory, playlist), 'utf8'));
      await writeFile(output, `mp4 of ${segments.map(({ durationSeconds }) => durationSeconds).join(' + ')} s`);
    },
  });
  t.teardown(() => downloads.close());
  const picture = async (id: string): Promise<Buffer> => {
    if (recordings.get(id).sums.width === undefined) throw new LiveError('not-found', 'sound only');
    return Buffer.from(`picture of ${id}`);
  };
  const { app } = await startFakeServer(t, { recordings, downloads, posters: { picture }, ...options });
  return { app, recordings };
}

const listed = (answer: LightMyRequestResponse): string => answer.json<Listed>().recordings.map(({ id }) => id).join(' ');

t.test('recordings are listed in pages, by stream and by words, newest first; a wrong question is refused in words', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const ids: string[] = [];
  for (const [index, title] of ['Harbour', 'Café', 'Harbour at night'].entries()) ids.unshift(await keepRecording(recordings, 1, { title, startedAt: `2026-01-0${index + 1}T00:00:00.000Z`, stream: index === 1 ? 'other' : 'cam' }));
  const ask = (query: string): Promise<LightMyRequestResponse> => app.inject(`/api/recordings${query}`);
  t.equal(listed(await ask('')), ids.join(' '));
  t.notOk('next' in (await ask('')).json<object>());
  t.equal(listed(await ask('?stream=other')), ids[1]);
  t.equal(listed(await ask('?q=harbour')), `${ids[0]} ${ids[2]}`);
  t.equal(listed(await ask('?q=HARBOUR%20night')), ids[0]);
  t.equal(listed(await ask('?q=cafe')), ids[1]);
  const first = await ask('?limit=2');
  t.equal(listed(first), `${ids[0]} ${ids[1]}`);
  t.equal(listed(await ask(`?limit=2&before=${first.json<Listed>().next}`)), ids[2]);
  for (const wrong of ['?limit=0', '?limit=1001', '?limit=x', '?before=x', '?stream=a%20b', `?q=${'x'.repeat(201)}`]) {
    const refused = await ask(wrong);
    t.equal(refused.statusCode, 400, wrong);
    t.match(refused.json(), { code: 'malformed', message: /expected|must/ }, wrong);
  }
});

t.test('a clip is asked for in seconds, and what is none is refused in words', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const id = await keepRecording(recordings, 5);
  const ask = (query: string): Promise<LightMyRequestResponse> => app.inject(`/recordings/${id}/download.mp4${query}`);
  const clip = await ask('?from=3&to=6.5');
  t.equal(clip.statusCode, 200);
  t.match(clip.headers, { 'content-type': 'video/mp4', 'accept-ranges': 'bytes', 'content-disposition': `attachment; filename="${id}-3-6.5.mp4"` });
  t.equal(clip.body, 'mp4 of 2 + 2 + 0.5 s', 'from the keyframe at 2 s');
  t.equal((await app.inject({ url: `/recordings/${id}/download.mp4?from=3&to=6.5`, headers: { range: 'bytes=0-2' } })).body, 'mp4');
  t.equal((await ask('?to=1')).body, 'mp4 of 1 s');
  t.equal((await ask('')).body, 'mp4 of 2 + 2 + 2 + 2 + 2 s');
  t.match((await app.inject(`/recordings/${id}/download.json?from=3&to=6.5`)).json(), { state: 'ready', byteLength: clip.rawPayload.length });
  const begun = await app.inject(`/recordings/${id}/download.json?to=5`);
  t.match([begun.statusCode, begun.headers['cache-control']], [200, /no-store/]);
  t.match(begun.json<{ state: string }>().state, /^(waiting|making)$/);
  t.equal((await app.inject(`/recordings/${id}/download.json?from=x`)).statusCode, 400);
  for (const wrong of ['?from=x', '?from=-1', '?from=1e3', '?from=', '?from=1&from=2', '?from=10', '?from=4&to=4', '?from=4&to=3', '?to=Infinity']) {
    const refused = await ask(wrong);
    t.equal(refused.statusCode, 400, wrong);
    t.match(refused.json(), { code: 'malformed', message: /expected .*got/ }, wrong);
  }
});

t.test('a player that reads one init segment only is given the next one with the first segment behind a discontinuity', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const { id, recorder } = recordings.begin(recordedFacts, {}, () => t.fail('no gap'));
  const [first, second, third] = wholeSegments(3);
  const init = Buffer.from(recordedInit.bytes);
  for (const segment of [{ ...first!, discontinuity: true }, { ...second!, discontinuity: true }, { ...third!, discontinuity: true, sameTracks: true }]) recorder.segment(segment, recordedInit);
  await recordings.finish(id);
  const ask = async (name: string, userAgent: string): Promise<LightMyRequestResponse> => app.inject({ url: `/recordings/${id}/${name}`, headers: { 'user-agent': userAgent } });
  const [vlc, other] = ['VLC/3.0.21 LibVLC/3.0.21', 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15'];
  for (const name of ['0.m4s', '1.m4s', '2.m4s']) {
    const plain = await ask(name, other);
    const given = await ask(name, vlc);
    const begins = name === '1.m4s';
    t.ok(given.rawPayload.equals(begins ? Buffer.concat([init, plain.rawPayload]) : plain.rawPayload), name);
    t.equal(given.headers['cache-control'] === 'no-store', begins, `${name}: no cache gives to others what was for it`);
  }
  const [forOther, forVlc] = await Promise.all([other, vlc].map((userAgent) => ask('media.m3u8', userAgent)));
  const discontinuities = [forOther, forVlc].map((answer) => answer?.body.split('\n').filter((line) => line === '#EXT-X-DISCONTINUITY').length);
  t.strictSame(discontinuities, [2, 1], 'and is not told of one over which the same tracks go on');
  for (const answer of [forOther, forVlc]) t.match(answer?.headers.vary, /User-Agent/);
});

t.test('who asks for a gap is given nothing, for players that know no EXT-X-GAP and stop at a 404; what never was is not found', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const { id, recorder } = recordings.begin(recordedFacts, {}, () => undefined);
  const [vlc, safari] = ['VLC/3.0.21 LibVLC/3.0.21', 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15'];
  const ask = (name: string, userAgent = safari): Promise<LightMyRequestResponse> => app.inject({ url: `/recordings/${id}/${name}`, headers: { 'user-agent': userAgent } });
  for (const [index, segment] of wholeSegments(4).entries()) recorder.segment({ ...segment, gap: index === 1 || index === 2, discontinuity: index === 2 }, recordedInit);
  // Of a rendition that came later all before is a gap.
  for (const segment of wholeSegments(4).slice(1)) recorder.segment(segment, recordedInit, '480p');
  await until(async () => (await recordings.manifest(id).catch(() => undefined))?.renditions.get('480p')?.length === 3);
  for (const state of ['recording', 'complete']) {
    t.equal(recordings.get(id).state, state);
    for (const name of ['1.m4s', '2.m4s', '480p_0.m4s']) {
      const gap = await ask(name);
      t.strictSame([gap.statusCode, gap.rawPayload.length, gap.headers['content-type'], gap.headers['cache-control']], [200, 0, 'video/mp4', 'max-age=3600'], `${name}, ${state}`);
    }
    t.equal((await ask('2.m4s', vlc)).rawPayload.length, recordedInit.bytes.length, 'what VLC needs for all that comes after it is there');
    t.ok((await ask('3.m4s')).rawPayload.length > 0);
    for (const name of ['4.m4s', '480p_4.m4s', '720p_0.m4s', '1.0.m4s']) t.equal((await ask(name)).statusCode, 404, `${name}, ${state}`);
    await recordings.finish(id);
  }
});

t.test('private recordings are listed and shown to nobody without the key, or a link that was made for them', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const [id, other] = [await keepRecording(recordings, 2), await keepRecording(recordings, 2, { stream: 'other' })];
  const wish = await app.inject({ method: 'PATCH', url: '/api/streams/cam', headers: withKey, payload: { recordings: { private: true, maxAgeDays: 3 } } });
  t.strictSame(wish.json(), { stream: 'cam', record: false, recordings: { private: true, maxAgeDays: 3, maxBytes: 0 } });
  const list = async (query = '', headers = {}): Promise<string> => listed(await app.inject({ url: `/api/recordings${query}`, headers }));
  t.equal(await list(), other);
  t.equal(await list('', withKey), `${other} ${id}`);
  t.equal(await list('?stream=cam', withKey), id);
  t.equal((await app.inject({ url: '/api/recordings', headers: { authorization: 'Bearer wrong-wrong' } })).statusCode, 401);
  const files = ['index.m3u8', 'media.m3u8', '0.m4s', 'init-0.mp4', 'download.mp4', 'download.mp4?to=1'];
  for (const file of ['chat.jsonl', 'download.json']) t.equal((await app.inject(`/recordings/${id}/${file}`)).statusCode, 401);
  for (const file of files) {
    t.equal((await app.inject(`/recordings/${id}/${file}`)).statusCode, 401, file);
    const shown = await app.inject({ url: `/recordings/${id}/${file}`, headers: withKey });
    t.equal(shown.statusCode, 200, file);
    t.match(shown.headers['cache-control'], /^private, /, 'no shared cache shows it to others');
    t.notMatch((await app.inject(`/recordings/${other}/${file}`)).headers['cache-control'], /private/);
  }
  t.equal((await app.inject(`/api/recordings/${id}`)).statusCode, 401);
  t.match((await app.inject({ url: `/api/recordings/${id}`, headers: withKey })).json(), { id, private: true });

  const sign = (of: string, headers: Record<string, string>, expiresInSeconds = 60): Promise<LightMyRequestResponse> => app.inject({ method: 'POST', url: `/api/recordings/${of}/links`, headers, payload: { expiresInSeconds } });
  t.equal((await sign(id, {})).statusCode, 401);
  const { token, urls } = (await sign(id, withKey)).json<{ token: string; urls: { hls: string } }>();
  t.match(urls.hls, new RegExp(`/recordings/${id}/~${token}/index\\.m3u8$`));
  for (const file of files) t.equal((await app.inject(`/recordings/${id}/~${token}/${file}`)).statusCode, 200, file);
  const { token: others } = (await sign(other, withKey)).json<{ token: string }>();
  for (const wrong of [others, `${token}x`, 'x']) t.equal((await app.inject(`/recordings/${id}/~${wrong}/index.m3u8`)).statusCode, 401, wrong);
});

t.test('where links are signed, one to a stream shows its recordings, but not those that are private; one to a recording shows that alone', async (t) => {
  const { app, recordings } = await startWithRecordings(t, { viewKey: 'view-key-view-key' });
  const [id, second] = [await keepRecording(recordings, 2), await keepRecording(recordings, 2)];
  const tokenOf = async (path: string): Promise<string> => (await app.inject({ method: 'POST', url: `/api/${path}/links`, headers: withKey, payload: { expiresInSeconds: 60 } })).json<{ token: string }>().token;
  const [ofStream, ofRecording] = [await tokenOf('streams/cam'), await tokenOf(`recordings/${id}`)];
  const status = async (of: string, token?: string): Promise<number> => (await app.inject(`/recordings/${of}${token === undefined ? '' : `/~${token}`}/index.m3u8`)).statusCode;
  t.strictSame([await status(id), await status(id, ofStream), await status(id, ofRecording), await status(second, ofRecording)], [401, 200, 200, 401]);
  recordings.wish('cam', { private: true });
  t.strictSame([await status(id), await status(id, ofStream), await status(id, ofRecording), await status(second, ofRecording)], [401, 401, 200, 401]);
});

t.test('the chat of a recording is a JSON object a line, shown to those who may watch; the key takes messages out of it', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const { id, recorder, chat } = recordings.begin(recordedFacts, {}, () => undefined);
  for (const segment of wholeSegments(1)) recorder.segment(segment, recordedInit);
  for (const message of [1, 2]) chat.say({ id: message, person: 'p', name: 'Ann', publisher: false, text: `<b>${message}</b>`, sentAtMs: 0, atSeconds: message });
  await recordings.finish(id);
  const read = (): Promise<LightMyRequestResponse> => app.inject(`/recordings/${id}/chat.jsonl`);
  const said = await read();
  t.match(said.headers, { 'content-type': /^application\/jsonl/, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  t.match(said.body.split('\n').slice(0, 2).map((line): unknown => JSON.parse(line)), [{ id: 1, atSeconds: 1, text: '<b>1</b>' }, { id: 2 }]);
  const remove = (message: string, headers: Record<string, string>): Promise<LightMyRequestResponse> => app.inject({ method: 'DELETE', url: `/api/recordings/${id}/chat/${message}`, headers });
  t.equal((await remove('1', {})).statusCode, 401);
  t.strictSame([(await remove('1', withKey)).statusCode, (await remove('1', withKey)).statusCode, (await remove('x', withKey)).statusCode], [204, 404, 400]);
  t.notMatch((await read()).body, /"id":1,/);
  const silent = await keepRecording(recordings, 1);
  t.match(await app.inject(`/recordings/${silent}/chat.jsonl`), { statusCode: 200, body: '' });
  t.equal((await app.inject('/recordings/nothing/chat.jsonl')).statusCode, 404);
});

t.test('a recording has a page that tells what it is about, and a picture; of a private one both tell nothing but to who has a link to it', async (t) => {
  const { app, recordings } = await startWithRecordings(t);
  const id = await keepRecording(recordings, 2, { title: 'Harbour <b>' });
  const page = await app.inject(`/recordings/${id}`);
  t.equal(page.statusCode, 200);
  t.match(page.body, '<title>Harbour &#60;b&#62; · Onair</title>');
  t.match(page.body, `property="og:image" content="http://localhost:80/recordings/${id}/poster.jpg"`);
  t.notMatch(page.body, 'oembed');
  const picture = await app.inject(`/recordings/${id}/poster.jpg`);
  t.match(picture, { statusCode: 200, body: `picture of ${id}`, headers: { 'content-type': 'image/jpeg', 'cache-control': 'max-age=3600' } });
  t.match((await app.inject(`/api/recordings/${id}`)).json(), { urls: { watch: `http://localhost:80/recordings/${id}`, poster: `http://localhost:80/recordings/${id}/poster.jpg` } });
  t.equal((await app.inject('/recordings/cam-1')).statusCode, 404);

  recordings.wish('cam', { private: true });
  const closed = await app.inject(`/recordings/${id}`);
  t.notMatch(closed.body, /Harbour|poster/);
  t.notMatch((await app.inject(`/recordings/${id}/~a.b`)).body, /Harbour|poster/, 'a token that was made up');
  t.equal((await app.inject(`/recordings/${id}/poster.jpg`)).statusCode, 401);
  const { token } = (await app.inject({ method: 'POST', url: `/api/recordings/${id}/links`, headers: withKey, payload: { expiresInSeconds: 60 } })).json<{ token: string }>();
  t.match((await app.inject(`/recordings/${id}/~${token}`)).body, /Harbour[^]*poster/);
  t.match((await app.inject(`/recordings/${id}/~${token}/poster.jpg`)).headers['cache-control'], /private/);
});
