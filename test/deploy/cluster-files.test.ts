import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { parse } from 'yaml';

import { settingNames } from '../../src/settings.js';
import { makeCertificates } from '../http/certificates.js';
import { freePort } from '../helpers/free-port.js';
import { findProgram, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { redisServer, startRedis } from '../helpers/redis.js';
import { sendTestCard } from '../helpers/test-card.js';
import { follow, mediaUrl } from './behind-varnish.js';
import { haproxyFront, nginxFront, varnishProgram } from './cluster-front.js';
import { startOnair, type DeployedOnair } from './deployed-onair.js';

t.setTimeout(240_000);
// The certificates of this test are signed by nobody.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const { services, volumes } = parse(read('compose.cluster.yaml'), { merge: true }) as Compose;
const mountsOf = (service: Service | undefined): string[][] => (service?.volumes ?? []).map((each) => each.replace(/^\$\{[^}]*\}/, '$').split(':'));
const readiness = /readinessProbe:\s+httpGet:\s+path: (\S+)/.exec(read('deploy/helm/onair/templates/statefulset.yaml'))?.[1] ?? 'none';
const nodes = Object.entries(services).filter(([, { environment }]) => environment !== undefined);

t.test('Compose: the nodes differ by their address alone, and set only what the server reads', async (t) => {
  t.equal(nodes.length, 2);
  const [one = {}, two = {}] = nodes.map(([, { environment }]) => environment ?? {});
  const known: readonly string[] = settingNames;
  t.strictSame(Object.keys(one).filter((name) => !known.includes(name)), []);
  t.strictSame(Object.keys(one).filter((name) => one[name] !== two[name]), ['NODE_URL']);
  for (const [name, { environment }] of nodes) t.equal(environment?.NODE_URL, `http://${name}:8080`);
  t.equal(one.CLUSTER_URL, 'redis://redis:6379');
  t.ok('redis' in services);
});

t.test('Compose: what is mounted is there, read where the program looks for it, and has a volume if it is to last', async (t) => {
  for (const [name, service] of Object.entries(services)) {
    for (const each of service.depends_on ?? []) t.ok(each in services, `${name} waits for ${each}`);
    for (const [from = '', to = ''] of mountsOf(service)) {
      if (from.startsWith('./')) {
        t.ok(existsSync(join(root, from)), from);
        t.ok(service.command?.includes(to), `${name} is told of ${to}`);
      } else if (from !== '$') t.ok(from in volumes, from);
    }
  }
  const pem = mountsOf(services.proxy).find(([from]) => from === '$')?.[1] ?? 'none';
  t.match(read('deploy/haproxy/cluster.cfg'), `ssl crt ${pem} `, 'the certificate is where the proxy reads it');
});

t.test('proxy and cache ask the nodes by the names and ports that Compose gives them', async (t) => {
  const names = nodes.map(([name]) => name);
  const proxy = read('deploy/haproxy/cluster.cfg');
  const cache = read('deploy/varnish/cluster.vcl');
  t.strictSame(new Set([...proxy.matchAll(/^ {4}server (\S+) \1:(?:8080|1935)$/gm)].map(([, name = '']) => name)), new Set([...names, 'varnish']));
  t.strictSame([...cache.matchAll(/\.host = "(.*)";\n {4}\.port = "8080"/g)].map(([, name = '']) => name), names);
  t.ok(services.varnish?.command?.includes(':8080'));
  t.match(proxy, /http-error status 503 .* hdr Retry-After \d/, 'whom no node answers is told when to come again');
  for (const backend of ['nodes', 'rtmp_nodes']) {
    const serversOf = (name: string): string[] => new RegExp(`^backend ${name}\\n((?:    .*\\n|\\n)*)`, 'm').exec(proxy)?.[1]?.match(/^ {4}(balance|hash-type|server) .*$/gm) ?? [];
    t.equal(serversOf(backend).length, names.length + 2);
    t.strictSame(serversOf(`${backend}_anyway`), serversOf(backend), 'where none is ready all are asked, each for what it was asked for before');
    t.match(proxy, new RegExp(`_backend ${backend}_anyway if \\{ nbsrv\\(${backend}\\) eq 0 \\}`));
  }
  for (const port of services.proxy?.ports ?? []) t.match(proxy, new RegExp(`bind :${port.split(':')[1] ?? ''}\\b`));
});

t.test('what the cache keeps, and for how long, is the same for one server and for several', async (t) => {
  const rulesOf = (name: string): string => read(name).slice(read(name).indexOf('sub vcl_recv {\n    # Sockets'));
  t.ok(rulesOf('deploy/varnish/default.vcl').length > 1000);
  t.equal(rulesOf('deploy/varnish/cluster.vcl'), rulesOf('deploy/varnish/default.vcl'));
});

const fronts = [haproxyFront, nginxFront];
const programs = [[redisServer, 'redis-server'], [varnishProgram, 'varnish'], [findProgram('ffmpeg'), 'ffmpeg'], ...fronts.map(({ name, program }) => [program, name])] as const;
const skip = programs.map(([program, name]) => skipWithout(program, name ?? '')).find((each) => each !== false) ?? false;

t.test('two nodes behind these files', { skip }, async (t) => {
  const redis = await startRedis(t);
  const node = async (): Promise<DeployedOnair> => {
    const port = await freePort();
    return startOnair(t, { PORT: String(port), CLUSTER_URL: redis.url, CLUSTER_SECRET: 'a-secret-of-all-nodes', NODE_URL: `http://127.0.0.1:${String(port)}` });
  };
  const nodes = await Promise.all([node(), node()]);
  const certificates = makeCertificates(t);
  const bases = await Promise.all(fronts.map(({ start }) => start(t, { ports: [nodes[0].port, nodes[1].port], ...certificates })));
  const ask = async (url: string, init?: RequestInit): Promise<number> => {
    const response = await fetch(url, init);
    await response.arrayBuffer();
    return response.status;
  };

  // By way of each front a stream whose requests go to the first node, while it is published at the second.
  const elsewhere: { readonly name: string; readonly base: string; readonly stream: string }[] = [];
  for (const [index, base] of bases.entries()) {
    const name = fronts[index]?.name ?? '';
    await t.test(`${name}: whatever is asked of a stream is asked of one node`, async (t) => {
      const streams = Array.from({ length: 16 }, (_, count) => `front-${String(index)}-${String(count)}`);
      const pathsOf = (stream: string): string[] => [`/embed/${stream}`, `/watch/${stream}`, `/live/${stream}/poster.jpg`];
      const askedOf = ({ requests }: DeployedOnair, stream: string): number => requests.filter(({ url }) => pathsOf(stream).includes(url)).length;
      for (const stream of streams) for (const path of pathsOf(stream)) await ask(base + path);
      await waitUntil('the log of all requests', () => streams.every((stream) => askedOf(nodes[0], stream) + askedOf(nodes[1], stream) === 3));
      t.strictSame(streams.filter((stream) => ![0, 3].includes(askedOf(nodes[0], stream))), []);
      for (const each of nodes) t.ok(streams.some((stream) => askedOf(each, stream) === 3), 'and each node has some');
      elsewhere.push({ name, base, stream: streams.find((stream) => askedOf(nodes[0], stream) === 3) ?? 'none' });
      for (const [path, isCached] of [['/api/streams/none', true], ['/api/streams', false], ['/api/streams/none/ingest', false], ['/watch/none', false]] as const) {
        const answer = await fetch(base + path);
        await answer.arrayBuffer();
        t.equal(answer.headers.has('x-varnish'), isCached, path);
      }
    });
  }

  for (const { name, base, stream } of elsewhere) {
    await t.test(`${name}: a viewer at one node sees what is published at the other, by socket and by way of the cache`, async (now) => {
      // Both are watched on in the next test.
      const publisher = new TestPublisher(t, `${nodes[1].origin.replace('http', 'ws')}/live/${stream}/publish?key=${nodes[1].key}`);
      sendTestCard(t, publisher, { seconds: 120 }).catch(() => undefined); // it is cut off when the test is done
      await publisher.message('live');
      // The other node may have learned a moment ago that the stream is nowhere.
      await waitUntil('the playlist', async () => (await ask(`${base}/live/${stream}/index.m3u8`)) === 200);
      now.strictSame((await follow(await mediaUrl(base, stream), 6)).failed, [], 'held playlists and the parts in them');
      now.ok((await fetch(`${base}/live/${stream}/index.m3u8`)).headers.has('x-varnish'));
      now.ok((await fragments(now, base, stream)) > 20_000);
    });
  }

  await t.test('without Redis no node says that it is ready, and what runs is watched by way of each front all the same; what is refused is no reason to pass a node over', async (t) => {
    const areReady = async (): Promise<boolean[]> => Promise.all(nodes.map(async ({ origin }) => (await ask(`${origin}/readyz`)) === 200));
    await redis.stop();
    await waitUntil('it is noticed', async () => !(await areReady()).includes(true));
    for (const { origin } of nodes) t.equal(await ask(`${origin}${readiness}`), 200, 'a Service of Kubernetes keeps its pods');
    // Proxies and caches look twice, a second apart.
    const untilMs = performance.now() + 4000;
    while (performance.now() < untilMs) {
      for (const { name, base, stream } of elsewhere) {
        t.equal(await ask(`${base}/live/another-${stream}/publish?key=${nodes[0].key}`, { method: 'POST', body: 'x' }), 503, `${name}: nothing begins`);
        t.equal(await ask(`${base}/watch/${stream}`), 200, `${name}: pages`);
        t.equal(await ask(`${base}/live/${stream}/index.m3u8`), 200, `${name}: playlists`);
        t.ok((await fragments(t, base, stream)) > 20_000, `${name}: sockets`);
      }
    }
    await redis.start();
    await waitUntil('all is told again', async () => !(await areReady()).includes(false));
  });

  await t.test('without the node that they came to, viewers are served by the one that is left', async (t) => {
    await nodes[0].kill();
    for (const { name, base, stream } of elsewhere) {
      await waitUntil(`a socket by ${name}`, async () => (await fragments(t, base, stream)) > 20_000);
      await waitUntil(`the playlist by ${name}`, async () => (await ask(`${base}/live/${stream}/index.m3u8`)) === 200);
      t.strictSame((await follow(await mediaUrl(base, stream), 3)).failed, [], name);
    }
  });

  await t.test('without any node each front says when to come again', async (t) => {
    await nodes[1].kill();
    for (const { name, base } of elsewhere) {
      for (const path of ['/watch/none', '/live/none/index.m3u8']) {
        const answer = await fetch(base + path);
        await answer.arrayBuffer();
        t.equal(answer.status, 503, `${name}: ${path}`);
        t.match(answer.headers.get('retry-after'), /^\d+$/, `${name}: ${path}`);
      }
    }
  });
});

/** @returns how many bytes of media a viewer by socket has after enough of them, or before it is cut off */
async function fragments(t: Test, base: string, stream: string): Promise<number> {
  const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/live/${stream}/play`, { rejectUnauthorized: false });
  t.teardown(() => socket.terminate());
  let bytes = 0;
  await new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) bytes += data.length;
      if (bytes > 20_000) resolve();
    });
    socket.on('error', () => undefined).on('close', () => resolve());
  });
  socket.terminate();
  return bytes;
}
