import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { buildApp } from '../src/app.js';
import { loadConfig } from '../src/config.js';
import type { StartTranscoder } from '../src/live/transcoder.js';

const publicDir = resolve('public');
const neverStarted: StartTranscoder = () => {
  throw new Error('expected no transcoder to be started');
};

function configIn(t: Test, env: NodeJS.ProcessEnv = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'onair-app-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return loadConfig({ DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments'), LOG_LEVEL: 'silent', ...env }, publicDir);
}

t.test('the app answers on every floor, and is unwell once it is closing', async (t) => {
  const { http } = await buildApp(configIn(t), { publicDir, startTranscoder: neverStarted });
  t.equal((await http.inject('/healthz')).statusCode, 200);
  t.strictSame((await http.inject('/api/streams')).json(), { streams: [] });
  t.equal((await http.inject('/live/cam/index.m3u8')).statusCode, 404);
  t.equal((await http.inject('/styles.css')).statusCode, 200);
  await http.close();
});

t.test('the key that was made at the first start is used at the next, a given one comes first', async (t) => {
  const config = configIn(t);
  const first = await buildApp(config, { publicDir, startTranscoder: neverStarted });
  await first.http.close();
  const second = await buildApp(config, { publicDir, startTranscoder: neverStarted });
  await second.http.close();
  t.equal(second.publishKey, first.publishKey);
  const given = await buildApp(configIn(t, { PUBLISH_KEY: 'given-key' }), { publicDir, startTranscoder: neverStarted });
  await given.http.close();
  t.equal(given.publishKey, 'given-key');
});

t.test('a wrong FFMPEG_PATH stops the start in the words of a wrong setting', async (t) => {
  await t.rejects(buildApp(configIn(t, { FFMPEG_PATH: '/nonexistent/ffmpeg' }), { publicDir }), { message: /^FFMPEG_PATH: expected .*, got \/nonexistent\/ffmpeg/ });
});
