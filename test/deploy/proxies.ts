import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram, startOwned, temporaryDirectory, waitUntil, type Teardown } from '../helpers/programs.js';

const deploy = join(import.meta.dirname, '../../deploy');

/** A proxy of `deploy/` in front of a server. */
export interface Proxy {
  readonly name: string;
  readonly program: string | undefined;
  readonly start: (t: Teardown, options: ProxyOptions) => Promise<void>;
}

export interface ProxyOptions {
  /** Where Onair listens. */
  readonly upstreamPort: number;
  /** Where the proxy is to listen. */
  readonly port: number;
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
  /** In place of the silence that the file allows. */
  readonly silenceSeconds?: number | undefined;
}

/** The very file of `deploy/` with the lines changed that it says are to be changed; one that has no such line fails. */
export async function configured(name: string, changes: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(join(deploy, name), 'utf8');
  for (const [line, ours] of Object.entries(changes)) {
    if (!text.includes(line)) throw new Error(`expected "${line}" in deploy/${name}`);
    text = text.replaceAll(line, ours);
  }
  return text;
}

/** nginx in the foreground, with the file where a distribution includes it. */
const nginx = (file: string): Proxy => ({
  name: file,
  program: findProgram('nginx', '/usr/sbin/nginx'),
  start: async (t, { upstreamPort, port, cert, key, silenceSeconds = 90 }) => {
    const directory = await temporaryDirectory(t, 'onair-nginx');
    const host = file.includes('path') ? 'example.org' : 'live.example';
    const text = await configured(file, {
      'server 127.0.0.1:8080;': `server 127.0.0.1:${String(upstreamPort)};`,
      'listen 443 ssl http2;': `listen 127.0.0.1:${String(port)} ssl http2;`,
      [`/etc/letsencrypt/live/${host}/fullchain.pem`]: cert,
      [`/etc/letsencrypt/live/${host}/privkey.pem`]: key,
      '90s;': `${String(silenceSeconds)}s;`,
    });
    await writeFile(join(directory, 'onair.conf'), text);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory};`).join(' ');
    const around = `daemon off; master_process off; pid ${directory}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${temp} include ${directory}/onair.conf; }\n`;
    await writeFile(join(directory, 'nginx.conf'), around);
    await startAndWait(t, 'nginx', ['-c', join(directory, 'nginx.conf'), '-e', 'stderr'], `https://localhost:${String(port)}`);
  },
});

/** Caddy takes what is to be changed from its environment; it must neither ask an authority nor change this machine. */
const caddy = (file: string): Proxy => ({
  name: file,
  program: findProgram('caddy'),
  start: async (t, { upstreamPort, port }) => {
    const directory = await temporaryDirectory(t, 'onair-caddy');
    await writeFile(join(directory, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\nimport ${join(deploy, file)}\n`);
    await startAndWait(t, 'caddy', ['run', '--config', join(directory, 'Caddyfile')], `https://localhost:${String(port)}`, {
      ...{ SITE: `https://localhost:${String(port)}`, UPSTREAM: `127.0.0.1:${String(upstreamPort)}` },
      ...{ HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
    });
  },
});

const haproxy: Proxy = {
  name: 'haproxy/haproxy.cfg',
  program: findProgram('haproxy', '/usr/sbin/haproxy'),
  start: async (t, { upstreamPort, port, cert, key, silenceSeconds = 90 }) => {
    const directory = await temporaryDirectory(t, 'onair-haproxy');
    const pem = join(directory, 'both.pem');
    await writeFile(pem, `${await readFile(cert, 'utf8')}${await readFile(key, 'utf8')}`);
    const text = await configured('haproxy/haproxy.cfg', {
      'bind :443 ssl crt /etc/haproxy/live.example.pem': `bind 127.0.0.1:${String(port)} ssl crt ${pem}`,
      'server onair 127.0.0.1:8080': `server onair 127.0.0.1:${String(upstreamPort)}`,
      ' 90s': ` ${String(silenceSeconds)}s`,
    });
    await writeFile(join(directory, 'haproxy.cfg'), text);
    await startAndWait(t, 'haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], `https://localhost:${String(port)}`);
  },
};

/** Without TLS, as Varnish has none. */
const varnish: Proxy = {
  name: 'varnish/default.vcl',
  // It compiles its configuration.
  program: findProgram('gcc', 'cc') && findProgram('varnishd', '/usr/sbin/varnishd'),
  start: async (t, { upstreamPort, port, silenceSeconds = 90 }) => {
    const directory = await temporaryDirectory(t, 'onair-varnish');
    await writeFile(join(directory, 'default.vcl'), await configured('varnish/default.vcl', { '.port = "8080";': `.port = "${String(upstreamPort)}";` }));
    const work = join(directory, 'work');
    await mkdir(work);
    const options = ['-F', '-j', 'none', '-n', work, '-s', 'malloc,64m', '-a', `127.0.0.1:${String(port)}`, '-f', join(directory, 'default.vcl')];
    await startAndWait(t, 'varnishd', [...options, '-p', `pipe_timeout=${String(silenceSeconds)}`], `http://localhost:${String(port)}`);
  },
};

export const proxies = {
  nginx: nginx('nginx/onair.conf'),
  nginxBelowAPath: nginx('nginx/onair-below-a-path.conf'),
  caddy: caddy('caddy/Caddyfile'),
  caddyBelowAPath: caddy('caddy/Caddyfile.below-a-path'),
  haproxy,
  varnish,
};

/** Starts a program of a test's own, and waits until it answers at this origin. */
export async function startAndWait(t: Teardown, program: string, args: readonly string[], origin: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const path = findProgram(program, `/usr/sbin/${program}`) ?? program;
  const child = startOwned(t, path, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => (said = (said + String(bytes)).slice(-4000)));
  await waitUntil(`${program} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${String(child.exitCode)}: ${said}`);
    return fetch(`${origin}/healthz`).then(({ status }) => status > 0, () => false);
  });
}
