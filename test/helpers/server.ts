import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { temporaryDirectory, type Teardown } from './programs.js';

export interface TestServer {
  readonly origin: string;
  readonly key: string;
  /** With a setting of RTMP_PORT. */
  rtmpUrl(stream: string, key?: string): string;
  readonly segmentsDir: string;
  publishUrl(stream: string): string;
  hlsUrl(stream: string): string;
  close(): Promise<void>;
}

const publicDir = join(import.meta.dirname, '../../public');

/** The whole server with its real ffmpeg, in this process, on a port and in directories of its own. */
export async function startServer(t: Teardown, settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const directory = await temporaryDirectory(t);
  const segmentsDir = join(directory, 'segments');
  await mkdir(segmentsDir);
  const key = 'test-key-of-sixteen-characters-or-more';
  const defaults = { PUBLISH_KEY: key, PORT: '0', SEGMENTS_DIR: segmentsDir, DATA_DIR: join(directory, 'data'), STOP_LINGER_SECONDS: '0', LADDER: 'off' };
  const config = loadConfig({ ...defaults, LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent', ...settings }, publicDir);
  const { http, rtmp } = await buildApp(config, { publicDir });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= Promise.resolve(http.close()));
  t.teardown(close);
  await http.listen({ host: config.HOST, port: config.PORT });
  if (config.RTMP_PORT !== undefined) await rtmp?.listen({ host: config.HOST, port: config.RTMP_PORT });
  const address = `127.0.0.1:${String((http.server.address() as AddressInfo).port)}`;
  const secure = config.tls === undefined ? '' : 's';
  return {
    origin: `http${secure}://${address}`,
    key,
    segmentsDir,
    rtmpUrl: (stream, given = key) => `rtmp://127.0.0.1:${String(rtmp?.port)}/live/${stream}?key=${given}`,
    publishUrl: (stream) => `ws${secure}://${address}/live/${stream}/publish?key=${key}`,
    hlsUrl: (stream) => `http${secure}://${address}/live/${stream}/index.m3u8`,
    close,
  };
}
