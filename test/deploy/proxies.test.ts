import t from 'tap';

import { makeCertificates } from '../http/certificates.js';
import { findProgram, skipWithout } from '../helpers/programs.js';
import { freePort } from '../helpers/free-port.js';
import { startOnair } from './deployed-onair.js';
import { proxies } from './proxies.js';
import { broadcasts, largeRecording, pushes } from './through-proxy.js';

t.setTimeout(300_000);
// They wait more than they work.
t.jobs = 4;
// The certificates of this test are signed by nobody.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const silenceSeconds = 4;
const { cert, key } = makeCertificates(t);
const recording = findProgram('ffmpeg') === undefined ? '' : await largeRecording(t);

for (const { name, program, start } of [proxies.nginx, proxies.caddy, proxies.haproxy, proxies.varnish]) {
  const skip = skipWithout(program, name.split('/')[0] ?? name) || skipWithout(findProgram('ffmpeg'), 'ffmpeg') || skipWithout(findProgram('curl'), 'curl');
  t.test(`deploy/${name} lets everything through that Onair does`, { skip }, async (t) => {
    const onair = await startOnair(t);
    const port = await freePort();
    await start(t, { upstreamPort: onair.port, port, cert, key, silenceSeconds });
    const base = `${name.startsWith('varnish') ? 'http' : 'https'}://localhost:${String(port)}`;
    await t.test('programs push more than 10 MB in one request, for longer than silence may last', (t) => pushes(t, { base, onair, silenceSeconds }, recording));
    await t.test('sockets, held playlists and endless bodies', (t) => broadcasts(t, { base, onair, silenceSeconds }));
  });
}
