import t from 'tap';
import { streamAddresses } from '../../src/web/sdk/playback/addresses.js';

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

t.test('an address without a valid name is refused in words', async (t) => {
  t.throws(() => streamAddresses('https://live.example/', undefined), /expected a live stream's address/);
  t.throws(() => streamAddresses('https://live.example/', 'a b'), TypeError);
});
