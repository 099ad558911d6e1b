import t from 'tap';
import { baseOf } from '../../src/web/ui/server-base.js';
import { recordingAddresses, streamAddresses } from '../../src/web/sdk/playback/addresses.js';

t.test('a stream is found by any of its addresses, or by a server and a name', async (t) => {
  const table: [string, string | undefined][] = [
    ['https://live.example/live/talk', undefined],
    ['https://live.example/watch/talk', undefined],
    ['https://live.example/embed/talk/', undefined],
    ['https://live.example/live/talk/index.m3u8', undefined],
    ['wss://live.example/live/talk/play', undefined],
    ['https://live.example', 'talk'],
    ['https://live.example/', 'talk'],
  ];
  for (const [url, stream] of table) {
    t.same(streamAddresses(url, stream), {
      origin: 'https://live.example',
      stream: 'talk',
      token: undefined,
      play: 'wss://live.example/live/talk/play',
      chat: 'wss://live.example/live/talk/chat',
      hls: 'https://live.example/live/talk/index.m3u8',
      facts: 'https://live.example/api/streams/talk',
    }, url);
  }
});

t.test('the token of a signed link goes into every address of what is played', async (t) => {
  for (const url of ['https://h/live/talk/~a.B-_9', 'https://h/live/talk/~a.B-_9/index.m3u8', 'https://h/watch/talk/~a.B-_9', 'https://h/embed/talk/%7Ea.B-_9/', 'wss://h/live/talk/~a.B-_9/play']) {
    t.same(streamAddresses(url, undefined), {
      origin: 'https://h',
      stream: 'talk',
      token: 'a.B-_9',
      play: 'wss://h/live/talk/~a.B-_9/play',
      chat: 'wss://h/live/talk/~a.B-_9/chat',
      hls: 'https://h/live/talk/~a.B-_9/index.m3u8',
      facts: 'https://h/api/streams/talk',
    }, url);
  }
});

t.test('a server behind a path prefix keeps its prefix', async (t) => {
  t.equal(streamAddresses('http://h:81/tv/live/a', undefined).facts, 'http://h:81/tv/api/streams/a');
  t.equal(streamAddresses('http://h:81/tv/', 'a').play, 'ws://h:81/tv/live/a/play');
});

t.test('a stream may be called like a part of an address', async (t) => {
  for (const name of ['live', 'watch', 'embed', 'play']) {
    for (const prefix of ['', '/tv']) {
      for (const url of [`/live/${name}`, `/live/${name}/play`, `/live/${name}/index.m3u8`, `/watch/${name}`, `/embed/${name}/~t.x`, `/live/${name}/b1/media.m3u8`]) {
        t.equal(streamAddresses(`https://h${prefix}${url}`, undefined).facts, `https://h${prefix}/api/streams/${name}`, prefix + url);
      }
    }
  }
});

t.test('pages know where their server begins by where their scripts came from', async (t) => {
  t.equal(baseOf('https://h/assets/watch.js', 'assets'), 'https://h');
  t.equal(baseOf('https://h:81/a/onair/assets/chunks/x-ABCDEFGH.js', 'assets'), 'https://h:81/a/onair');
  t.equal(baseOf('https://h/onair/sdk/v1/elements.js', 'sdk'), 'https://h/onair');
  t.equal(baseOf('https://site/bundle.js', 'sdk'), undefined);
});

t.test('an address without a valid name is refused in words', async (t) => {
  t.throws(() => streamAddresses('https://live.example/', undefined), /expected a live stream's address/);
  t.throws(() => streamAddresses('https://live.example/', 'a b'), TypeError);
  for (const unreadable of ['', 'http://', 'live/talk']) t.throws(() => streamAddresses(unreadable, undefined), /expected a live stream's address .* got/, unreadable);
});

t.test('a recording is found by the address of its page or of its playlist, with the token of a link; a stream by no such address', async (t) => {
  for (const url of ['https://h/on/recordings/cam-1', 'https://h/on/recordings/cam-1/index.m3u8']) t.match(recordingAddresses(url), { origin: 'https://h/on', recording: 'cam-1', token: undefined, hls: 'https://h/on/recordings/cam-1/index.m3u8' }, url);
  t.match(recordingAddresses('https://h/recordings/cam-1/~a.b'), { token: 'a.b', hls: 'https://h/recordings/cam-1/~a.b/index.m3u8' });
  for (const url of ['https://h/live/recordings', 'https://h/watch/recordings/~a.b', 'https://h/live/recordings/play', 'https://h/recordings', 'https://h/recordings/a.b', 'https://h/']) t.equal(recordingAddresses(url), undefined, url);
  t.throws(() => streamAddresses('https://h/recordings/cam-1', undefined), TypeError);
  t.equal(streamAddresses('https://h/live/recordings/play', undefined).stream, 'recordings');
});
