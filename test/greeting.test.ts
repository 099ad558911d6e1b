import type { NetworkInterfaceInfo } from 'node:os';
import t from 'tap';
import { greeting, reachableOrigins } from '../src/greeting.js';

const address = (text: string, internal = false): NetworkInterfaceInfo => ({ address: text, netmask: '', mac: '', internal, cidr: null, family: 'IPv4' });
const interfaces = { lo: [address('127.0.0.1', true)], eth0: [address('192.168.1.7')] };
const ffmpeg = { path: '/usr/bin/ffmpeg', version: '5.1.9', major: 5, source: 'PATH' } as const;
const base = { host: '127.0.0.1', port: 8080, secure: false, publicUrl: undefined, publishKey: 'a-key-of-some-length', ffmpeg, interfaces, warnings: [] as string[] };

t.test('the start prints what to open, once, and the ffmpeg in use', (t) => {
  t.equal(
    greeting(base),
    `Onair is ready.
  broadcast  http://127.0.0.1:8080/broadcast?key=a-key-of-some-length
  watch      http://127.0.0.1:8080/
  ffmpeg     /usr/bin/ffmpeg (version 5.1.9, from PATH)`,
  );
  t.end();
});

t.test('a server on every interface prints links that work here and on the network', (t) => {
  t.strictSame(reachableOrigins({ ...base, host: '0.0.0.0' }), ['http://localhost:8080', 'http://192.168.1.7:8080']);
  t.match(greeting({ ...base, host: '::' }), /npm run dev-cert/, 'and says that cameras need HTTPS there');
  t.notMatch(greeting({ ...base, host: '::', secure: true }), /npm run dev-cert/);
  t.end();
});

t.test('links are as short as their port and as long as their address need', (t) => {
  t.strictSame(reachableOrigins({ ...base, host: '::1', port: 9 }), ['http://[::1]:9']);
  t.strictSame(reachableOrigins({ ...base, port: 80 }), ['http://127.0.0.1']);
  t.strictSame(reachableOrigins({ ...base, port: 443, secure: true }), ['https://127.0.0.1']);
  t.end();
});

t.test('PUBLIC_URL is the only address printed, and a key is escaped in it', (t) => {
  const text = greeting({ ...base, host: '0.0.0.0', publicUrl: 'https://live.example', publishKey: 'a&b#c-of-some-length' });
  t.match(text, 'https://live.example/broadcast?key=a%26b%23c-of-some-length');
  t.notMatch(text, 'localhost:8080');
  const below = greeting({ ...base, publicUrl: 'https://example.org/onair', rtmpPort: 1935 });
  t.match(below, 'https://example.org/onair/broadcast?key=');
  t.match(below, 'rtmp://example.org/live with');
  t.end();
});

t.test('what the operator should mend is said: an old ffmpeg, none at all, a short key', (t) => {
  t.match(greeting({ ...base, ffmpeg: { ...ffmpeg, source: 'bundled', note: 'a system ffmpeg is safer' } }), /from the install\)\n {2}warning {4}a system ffmpeg is safer/);
  t.match(greeting({ ...base, ffmpeg: 'expected ffmpeg 5.1' }), 'ffmpeg     none, so nobody can broadcast: expected ffmpeg 5.1');
  t.match(greeting({ ...base, publishKey: 'short' }), 'PUBLISH_KEY is short');
  t.match(greeting({ ...base, warnings: ['one', 'two'] }), /\n {2}warning {4}one\n {2}warning {4}two$/);
  t.end();
});
