import t from 'tap';
import { startFakeServer, testKey } from './fake-server.js';

const shared = { host: 'live.example' };

t.test('who shares a watch page shares what it is about, and a picture while it is live', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const page = async () => (await app.inject({ url: '/watch/cam', headers: shared })).body;
  t.match(await page(), '<title>cam · Onair</title>');
  t.notMatch(await page(), 'og:image');
  broadcasts.descriptions.change('cam', { title: 'Harbour "live" <b>', description: 'Two\ncameras & a buoy' });
  broadcasts.add('cam');
  const html = await page();
  t.match(html, '<title>Harbour &#34;live&#34; &#60;b&#62; · Onair</title>', 'text of a publisher is never markup');
  t.match(html, '<meta property="og:title" content="Harbour &#34;live&#34; &#60;b&#62;" />');
  t.match(html, '<meta property="og:description" content="Two\ncameras &#38; a buoy" />');
  t.match(html, '<meta property="og:image" content="http://live.example/live/cam/poster.jpg" />');
  t.match(html, 'type="application/json+oembed"');
  t.match(html, 'href="http://live.example/oembed?url=http%3A%2F%2Flive.example%2Fwatch%2Fcam"');
});

t.test('a title with the signs of a replacement pattern stays as it is', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  broadcasts.descriptions.change('cam', { title: "$& $' $1" });
  t.match((await app.inject('/watch/cam')).body, '<title>$&#38; $&#39; $1 · Onair</title>');
});

t.test('other sites are told how to show the player in place of an address (oEmbed 1.0)', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { publicUrl: 'https://live.example/onair' });
  broadcasts.descriptions.change('cam', { title: 'Harbour' });
  broadcasts.add('cam');
  const ask = (query: string) => app.inject(`/oembed?${query}`);
  const url = encodeURIComponent('https://live.example/onair/watch/cam');
  const answer = await ask(`url=${url}&maxwidth=320`);
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['access-control-allow-origin'], '*');
  t.match(answer.json(), { version: '1.0', type: 'video', title: 'Harbour', width: 320, height: 180, html: /^<iframe src="https:\/\/live\.example\/onair\/embed\/cam" width="320" height="180"/, thumbnail_url: 'https://live.example/onair/live/cam/poster.jpg' });
  t.equal((await ask(`url=${url}&format=xml`)).statusCode, 501);
  for (const [wrong, status] of [['https://elsewhere.example/watch/cam', 404], ['https://live.example/onair/broadcast', 404], ['https://live.example/onair/watch/a%20b', 400]] as const) {
    t.equal((await ask(`url=${encodeURIComponent(wrong)}`)).statusCode, status, wrong);
  }
  t.equal((await ask('')).statusCode, 400);
});

t.test('where links are signed, only a signed link shows a picture or is embedded elsewhere', async (t) => {
  const { app, broadcasts } = await startFakeServer(t, { viewKey: 'view-key-view-key' });
  broadcasts.add('cam');
  const made = await app.inject({ method: 'POST', url: '/api/streams/cam/links', headers: { ...shared, authorization: `Bearer ${testKey}` }, payload: { expiresInSeconds: 60 } });
  const { watch, poster } = made.json<{ urls: { watch: string; poster: string } }>().urls;
  t.notMatch((await app.inject({ url: '/watch/cam', headers: shared })).body, 'og:image');
  t.match((await app.inject({ url: new URL(watch).pathname, headers: shared })).body, `<meta property="og:image" content="${poster}" />`);
  const embed = (url: string) => app.inject({ url: `/oembed?url=${encodeURIComponent(url)}`, headers: shared });
  t.equal((await embed('http://live.example/watch/cam')).statusCode, 401);
  t.match((await embed(watch)).json<{ html: string }>().html, `src="${watch.replace('/watch/', '/embed/')}"`);
});
