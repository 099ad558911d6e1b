import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram, temporaryDirectory, type Teardown } from '../helpers/programs.js';
import { freePort } from '../helpers/free-port.js';
import { configured, startAndWait } from './proxies.js';

export interface FrontOptions {
  /** Where the two nodes listen. */
  readonly ports: readonly [number, number];
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
  /** Where the proxy is to listen without TLS, too. */
  readonly plainPort?: number;
}

/** Varnish and a proxy of `deploy/` before two nodes. */
export interface Front {
  readonly name: string;
  readonly program: string | undefined;
  /** @returns the origin that clients reach */
  readonly start: (t: Teardown, options: FrontOptions) => Promise<string>;
}

// It compiles its configuration.
export const varnishProgram = findProgram('gcc', 'cc') && findProgram('varnishd', '/usr/sbin/varnishd');

const onOnePort = (port: number): string => `127.0.0.1:${String(port)}`;

export const haproxyFront: Front = {
  name: 'haproxy/cluster.cfg',
  program: findProgram('haproxy', '/usr/sbin/haproxy'),
  start: async (t, options) => {
    const [one, two] = options.ports;
    const directory = await temporaryDirectory(t, 'onair-haproxy');
    const pem = join(directory, 'both.pem');
    await writeFile(pem, `${await readFile(options.cert, 'utf8')}${await readFile(options.key, 'utf8')}`);
    const [port, cache] = [await freePort(), await startCache(t, options)];
    const text = await configured('haproxy/cluster.cfg', {
      'bind :443 ssl crt /etc/haproxy/live.example.pem': `${options.plainPort === undefined ? '' : `bind ${onOnePort(options.plainPort)}\n    `}bind ${onOnePort(port)} ssl crt ${pem}`,
      'bind :1935': `bind ${onOnePort(await freePort())}`,
      'onair-1:8080': onOnePort(one),
      'onair-2:8080': onOnePort(two),
      'onair-1:1935': onOnePort(one),
      'onair-2:1935': onOnePort(two),
      'check port 8080': 'check',
      'varnish:8080': onOnePort(cache),
    });
    await writeFile(join(directory, 'haproxy.cfg'), text);
    const base = `https://localhost:${String(port)}`;
    await startAndWait(t, 'haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], base);
    return base;
  },
};

export const nginxFront: Front = {
  name: 'nginx/onair-cluster.conf',
  program: findProgram('nginx', '/usr/sbin/nginx'),
  start: async (t, options) => {
    const [one, two] = options.ports;
    const directory = await temporaryDirectory(t, 'onair-nginx');
    const [port, cache] = [await freePort(), await startCache(t, options)];
    const text = await configured('nginx/onair-cluster.conf', {
      'listen 443 ssl http2;': `listen ${onOnePort(port)} ssl http2;`,
      '/etc/letsencrypt/live/live.example/fullchain.pem': options.cert,
      '/etc/letsencrypt/live/live.example/privkey.pem': options.key,
      '10.0.0.11:8080': onOnePort(one),
      '10.0.0.12:8080': onOnePort(two),
      '10.0.0.10:6081': onOnePort(cache),
    });
    await writeFile(join(directory, 'onair.conf'), text);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory};`).join(' ');
    await writeFile(join(directory, 'nginx.conf'), `daemon off; master_process off; pid ${directory}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${temp} include ${directory}/onair.conf; }\n`);
    const base = `https://localhost:${String(port)}`;
    await startAndWait(t, 'nginx', ['-c', join(directory, 'nginx.conf'), '-e', 'stderr'], base);
    return base;
  },
};

/** @returns Varnish's port */
async function startCache(t: Teardown, { ports: [one, two] }: FrontOptions): Promise<number> {
  const directory = await temporaryDirectory(t, 'onair-varnish');
  const port = await freePort();
  const text = await configured('varnish/cluster.vcl', {
    '.host = "onair-1";\n    .port = "8080";': `.host = "127.0.0.1";\n    .port = "${String(one)}";`,
    '.host = "onair-2";\n    .port = "8080";': `.host = "127.0.0.1";\n    .port = "${String(two)}";`,
  });
  await writeFile(join(directory, 'cluster.vcl'), text);
  const work = join(directory, 'work');
  await mkdir(work);
  const options = ['-F', '-j', 'none', '-n', work, '-s', 'malloc,64m', '-a', onOnePort(port), '-p', 'pipe_timeout=90', '-f', join(directory, 'cluster.vcl')];
  await startAndWait(t, 'varnishd', options, `http://localhost:${String(port)}`);
  return port;
}
