import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

t.test('a folder that can not be used is told as the setting that names it, with what to do', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'onair-app-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const start = (env: NodeJS.ProcessEnv) => buildApp(configIn(t, env), { publicDir, startTranscoder: neverStarted });
  const words = /expected a directory .*, got ".*file" \(E[A-Z]+\): a part of that path is a file; name another folder$/;
  await t.rejects(start({ SEGMENTS_DIR: file }), { name: 'ConfigError', message: words });
  await t.rejects(start({ SEGMENTS_DIR: file }), { message: /^SEGMENTS_DIR: / });
  await t.rejects(start({ DATA_DIR: file }), { name: 'ConfigError', message: words });
  await t.rejects(start({ DATA_DIR: file, PUBLISH_KEY: 'given-key' }), { message: /^DATA_DIR: / });
});

t.test('a data folder that takes nothing any more refuses a key of a stream in words, and what does not need it goes on', async (t) => {
  const config = configIn(t, { PUBLISH_KEY: 'given-key' });
  const { http, warnings } = await buildApp(config, { publicDir, startTranscoder: neverStarted });
  t.strictSame(warnings.filter((warning) => warning.includes('DATA_DIR')), []);
  // Stands for a folder of somebody else's, which root may write all the same.
  mkdirSync(join(config.DATA_DIR, 'stream-keys.json.new'));
  const answer = await http.inject({ method: 'POST', url: '/api/streams/cam/keys', headers: { authorization: 'Bearer given-key' } });
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { code: 'unavailable', message: /^nothing was changed, since keys can not be kept in DATA_DIR, ".*data" \(EISDIR\)/ });
  t.equal((await http.inject('/healthz')).statusCode, 200);
  await http.close();
});
