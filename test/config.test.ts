import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { loadConfig } from '../src/config.js';
import { ConfigError, settingNames } from '../src/settings.js';
import { ownPathParts } from '../src/protocol/urls.js';
import { makeCertificates } from './http/certificates.js';

const publicDir = resolve('public');
const load = (env: NodeJS.ProcessEnv) => loadConfig(env, publicDir);
const messageOf = (env: NodeJS.ProcessEnv): string => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

t.test('an empty environment gives the documented defaults, frozen', (t) => {
  const config = load({});
  t.match(config, { HOST: '127.0.0.1', PORT: 8080, SEGMENTS_DIR: 'segments', RESUME_WINDOW_SECONDS: 120, ENDED_RETENTION_SECONDS: 60, SEGMENT_SECONDS: 2, corsOrigins: '*', trustedProxies: false });
  t.equal(config.PUBLISH_KEY, undefined);
  t.equal(config.tls, undefined);
  t.ok(Object.isFrozen(config));
  t.end();
});

t.test('an empty variable counts as unset', (t) => {
  t.equal(load({ PORT: '', PUBLISH_KEY: '' }).PORT, 8080);
  t.end();
});

t.test('PUBLIC_URL may have a path, and its last slash does not matter', (t) => {
  for (const url of ['https://example.org/onair', 'https://example.org/a/b-c', 'http://[::1]:81/x.y']) {
    t.equal(load({ PUBLIC_URL: url }).PUBLIC_URL, url);
    t.equal(load({ PUBLIC_URL: `${url}/` }).PUBLIC_URL, url);
  }
  t.equal(load({ PUBLIC_URL: 'https://live.example/' }).PUBLIC_URL, 'https://live.example');
  t.end();
});

t.test('numbers are read from text, and port 0 asks for any free port', (t) => {
  t.match(load({ PORT: '0', SEGMENT_SECONDS: '1.5' }), { PORT: 0, SEGMENT_SECONDS: 1.5 });
  t.end();
});

t.test('a wrong value is told in one line: the variable, what was expected, what came', (t) => {
  const table: [NodeJS.ProcessEnv, string][] = [
    [{ PORT: 'http' }, 'PORT: expected an integer from 0 to 65535, got "http"'],
    [{ RTMP_PORT: '65536' }, 'RTMP_PORT: expected an integer from 0 to 65535, got "65536"'],
    [{ PORT: '1935', RTMP_PORT: '1935' }, 'RTMP_PORT: expected another port than PORT, got the same'],
    [{ PORT: '65536' }, 'PORT: expected an integer from 0 to 65535, got "65536"'],
    [{ PORT: '80.5' }, 'PORT: expected an integer from 0 to 65535, got "80.5"'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent, got "loud"'],
    [{ RESUME_WINDOW_SECONDS: '-1' }, 'RESUME_WINDOW_SECONDS: expected a number from 0 to 3600, got "-1"'],
    [{ RECORDINGS_DIR: 'segments/recordings' }, 'RECORDINGS_DIR: expected a directory outside SEGMENTS_DIR, got "segments/recordings"'],
    [{ PART_SECONDS: '0.1' }, 'PART_SECONDS: expected a number from 0.2 to 1, got "0.1"'],
    [{ RECORD_RENDITIONS: 'some' }, 'RECORD_RENDITIONS: expected one of all, best, got "some"'],
    [{ RECORD: 'yes' }, 'RECORD: expected one of on, off, got "yes"'],
    [{ DVR_SECONDS: '21601' }, 'DVR_SECONDS: expected an integer from 0 to 21600, got "21601"'],
    [{ WINDOW_SEGMENTS: '251' }, 'WINDOW_SEGMENTS: expected an integer from 6 to 250, got "251"'],
    [{ IDLE_TIMEOUT_SECONDS: '12' }, 'IDLE_TIMEOUT_SECONDS: expected more than 12, the longest wait for a playlist where SEGMENT_SECONDS is 2, got 12'],
    [{ IDLE_TIMEOUT_SECONDS: '28', SEGMENT_SECONDS: '9.5' }, 'IDLE_TIMEOUT_SECONDS: expected more than 30, the longest wait for a playlist where SEGMENT_SECONDS is 9.5, got 28'],
    [{ MAX_STREAMS: '0' }, 'MAX_STREAMS: expected an integer from 1 to 100000, got "0"'],
    [{ PUBLIC_URL: 'live.example/x' }, 'PUBLIC_URL: expected an http or https URL such as https://live.example or https://example.org/onair, got "live.example/x"'],
    [{ PUBLIC_URL: 'https://live.example/?x' }, 'PUBLIC_URL: expected an http or https URL such as https://live.example or https://example.org/onair, got "https://live.example/?x"'],
    [
      { PUBLIC_URL: 'https://example.org/tv/live/' },
      `PUBLIC_URL: expected a path without any part that the server's own addresses begin with (${ownPathParts.join(', ')}), got "live"`,
    ],
    [{ CORS_ORIGIN: 'site.example' }, 'CORS_ORIGIN: expected "*" or a comma-separated list of origins such as https://site.example, got "site.example"'],
    [{ TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY: expected "true", "false" or a comma-separated list of proxy addresses, got "10.0.0.0/33"'],
    [{ SEGMENTS_DIR: 'public/live' }, 'SEGMENTS_DIR: expected a directory outside the web root, got "public/live"'],
    [{ SEGMENTS_DIR: '.' }, 'SEGMENTS_DIR: expected a directory of its own (it is cleared at start), got "."'],
    [{ DATA_DIR: 'segments/key' }, 'DATA_DIR: expected a directory outside SEGMENTS_DIR, got "segments/key"'],
    [{ DATA_DIR: 'public' }, 'DATA_DIR: expected a directory outside the web root, got "public"'],
    [{ VIEW_KEY: 'short' }, 'VIEW_KEY: expected 16 to 256 visible ASCII characters without spaces, got 5 characters'],
    [{ VIEW_KEY: 'a-secret-of-sixteen', PUBLISH_KEY: 'a-secret-of-sixteen' }, 'VIEW_KEY: expected another secret than PUBLISH_KEY, got the same'],
    [{ PUBLISH_CHECK_URL: 'auth.example/check' }, 'PUBLISH_CHECK_URL: expected an http or https URL, got "auth.example/check"'],
    [{ VIEW_CHECK_URL: 'https://user:secret@auth.example/' }, 'VIEW_CHECK_URL: expected an http or https URL without a user name, got another one'],
    [{ EMBED_ORIGINS: 'site.example' }, 'EMBED_ORIGINS: expected "*" or a comma-separated list of origins such as https://site.example, got "site.example"'],
    [{ PUBLISH_ORIGINS: 'https://site.example/' }, 'PUBLISH_ORIGINS: expected "*" or a comma-separated list of origins such as https://site.example, got "https://site.example/"'],
    [{ MAX_CONNECTIONS: 'many' }, 'MAX_CONNECTIONS: expected an integer from 10 to 1000000, got "many"'],
    [{ SOCKET_TIMEOUT_SECONDS: '0' }, 'SOCKET_TIMEOUT_SECONDS: expected a number from 1 to 600, got "0"'],
    [{ S3_ENDPOINT: 'https://s3.example/path' }, 'S3_ENDPOINT: expected an http or https URL without a path, such as https://s3.example, got "https://s3.example/path"'],
    [{ S3_ENDPOINT: 'https://s3.example' }, 'S3_BUCKET: expected the name of a bucket, to go with S3_ENDPOINT, got nothing'],
    [{ S3_ENDPOINT: 'https://s3.example', S3_BUCKET: 'shows', S3_ACCESS_KEY_ID: 'id' }, 'S3_SECRET_ACCESS_KEY: expected visible ASCII characters without spaces, to go with S3_ENDPOINT, got nothing'],
    [{ S3_SECRET_ACCESS_KEY: 'not one' }, 'S3_SECRET_ACCESS_KEY: expected visible ASCII characters without spaces, got 7 characters'],
    [{ S3_PREFIX: 'onair' }, 'S3_PREFIX: expected nothing, or folders that end in a slash, such as onair/, got "onair"'],
    [{ S3_SPOOL_BYTES: '1000' }, 'S3_SPOOL_BYTES: expected an integer from 16777216 to 9007199254740991, got "1000"'],
    [{ CLUSTER_URL: 'http://redis:6379' }, 'CLUSTER_URL: expected the address of a Redis: redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/NAME, got 17 characters'],
    [{ CLUSTER_URL: 'redis://redis', NODE_URL: 'http://a:1' }, 'CLUSTER_SECRET: expected 16 to 256 visible ASCII characters without spaces, to go with CLUSTER_URL, got nothing'],
    [{ NODE_URL: 'http://a:1' }, 'CLUSTER_URL: expected the address of a Redis: redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/NAME, to go with NODE_URL, got nothing'],
    [{ CLUSTER_URL: 'redis://redis', NODE_URL: 'http://a:1', CLUSTER_SECRET: 'secret-of-all-nodes' }, 'PUBLISH_KEY: expected the key that all servers of the cluster share, to go with CLUSTER_URL, got nothing'],
    [{ NODE_URL: 'http://a:1/path' }, 'NODE_URL: expected an http or https URL without a path, by which the other servers reach this one, got "http://a:1/path"'],
    [{ TLS_KEY: 'key.pem' }, 'TLS_CERT: expected a certificate to go with TLS_KEY, got nothing'],
    [{ TLS_CERT: 'cert.pem' }, 'TLS_KEY: expected a private key to go with TLS_CERT, got nothing'],
    [{ TLS_CERT: '/nonexistent', TLS_KEY: '/nonexistent' }, 'TLS_CERT: expected a readable PEM file, got "/nonexistent" (ENOENT)'],
  ];
  for (const [env, message] of table) t.equal(messageOf(env), message);
  t.end();
});

t.test('an idle timeout just above the longest wait for a playlist is taken', (t) => {
  t.equal(loadConfig({ IDLE_TIMEOUT_SECONDS: '12.5' }, publicDir).IDLE_TIMEOUT_SECONDS, 12.5);
  t.equal(loadConfig({ IDLE_TIMEOUT_SECONDS: '31', SEGMENT_SECONDS: '10' }, publicDir).IDLE_TIMEOUT_SECONDS, 31);
  t.end();
});

t.test('a wrong publish key is never repeated in the message', (t) => {
  t.equal(messageOf({ PUBLISH_KEY: 'a b c d' }), 'PUBLISH_KEY: expected 4 to 256 visible ASCII characters without spaces, got 7 characters');
  t.end();
});

t.test('TLS files are read once, and must be a certificate and the key that goes with it', (t) => {
  const { cert, key, otherKey, text } = makeCertificates(t);
  t.match(load({ TLS_CERT: cert, TLS_KEY: key }).tls?.cert.toString(), /^-----BEGIN CERTIFICATE-----/);
  t.match(messageOf({ TLS_CERT: text, TLS_KEY: key }), /^TLS_CERT: expected a PEM file with a CERTIFICATE, got ".*" without one$/);
  t.match(messageOf({ TLS_CERT: cert, TLS_KEY: otherKey }), /^TLS_CERT: expected a certificate that goes with TLS_KEY, got ".*" \(.*mismatch\)$/);
  t.end();
});

t.test('lists are split', (t) => {
  t.strictSame(load({ CORS_ORIGIN: 'https://a.example, http://b.example:8000' }).corsOrigins, ['https://a.example', 'http://b.example:8000']);
  t.strictSame(load({ PUBLISH_ORIGINS: 'https://Studio.example', EMBED_ORIGINS: 'https://a.example,https://b.example' }).embedOrigins, ['https://a.example', 'https://b.example']);
  t.strictSame(load({ PUBLISH_ORIGINS: 'https://Studio.example' }).publishOrigins, ['https://studio.example']);
  t.strictSame(load({ TRUST_PROXY: 'loopback, 10.0.0.0/8, ::1' }).trustedProxies, ['loopback', '10.0.0.0/8', '::1']);
  t.equal(load({ TRUST_PROXY: 'true' }).trustedProxies, true);
  t.end();
});

t.test('every variable stands in docs/configuration.md', (t) => {
  const text = readFileSync('docs/configuration.md', 'utf8');
  for (const name of settingNames) t.match(text, `\`${name}\``, name);
  t.end();
});
