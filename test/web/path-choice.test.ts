import t from 'tap';
import { choosePaths, explainFallback, type Capabilities } from '../../src/web/sdk/playback/path-choice.js';

const chromium: Capabilities = { webSocket: true, mediaSource: true, codecsSupported: true, nativeHls: true };
const names = (can: Partial<Capabilities>, mode: 'lowest-delay' | 'smooth' = 'lowest-delay'): string[] =>
  choosePaths({ mode, path: 'auto' }, { ...chromium, ...can }).map((choice) => choice.path);

t.test('the order of paths follows what the browser can and what the viewer wants', async (t) => {
  const table: [string, Partial<Capabilities>, 'lowest-delay' | 'smooth', string[]][] = [
    ['lowest delay where everything works', {}, 'lowest-delay', ['websocket', 'hls', 'native']],
    ['smooth prefers HLS', {}, 'smooth', ['hls', 'native', 'websocket']],
    ['a browser without MSE', { mediaSource: false }, 'lowest-delay', ['native']],
    ['codecs that MSE refuses', { codecsSupported: false }, 'lowest-delay', ['native']],
    ['codecs that are not known yet are tried', { codecsSupported: undefined }, 'lowest-delay', ['websocket', 'hls', 'native']],
    ['no native HLS (Firefox)', { nativeHls: false }, 'lowest-delay', ['websocket', 'hls']],
    ['nothing at all', { mediaSource: false, nativeHls: false }, 'lowest-delay', []],
  ];
  for (const [title, can, mode, expected] of table) t.same(names(can, mode), expected, title);
});

t.test('hls.js always comes before native HLS, which Chromium claims without being good at it', async (t) => {
  for (const mode of ['lowest-delay', 'smooth'] as const) {
    const order = names({}, mode);
    t.ok(order.indexOf('hls') < order.indexOf('native'));
  }
});

t.test('a path that was asked for is the only one', async (t) => {
  const choices = choosePaths({ mode: 'smooth', path: 'websocket' }, chromium);
  t.same(choices.map((choice) => choice.path), ['websocket']);
});

t.test('a fallback says what failed before it and why, in words and in codes', async (t) => {
  const failures = [{ path: 'websocket', code: 'socket-blocked' }] as const;
  const choice = explainFallback({ path: 'hls', why: 'next best' }, failures);
  t.same(choice, { path: 'hls', why: 'next best; WebSocket: the socket could not be opened', failures });
});
