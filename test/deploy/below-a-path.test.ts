import t from 'tap';

import { makeCertificates } from '../http/certificates.js';
import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { skipWithout } from '../helpers/programs.js';
import { chromiumPage } from '../helpers/scripted-page.js';
import { goLiveAndWatch } from '../helpers/studio-scenario.js';
import { freePort } from '../helpers/free-port.js';
import { startOnair } from './deployed-onair.js';
import { proxies } from './proxies.js';

t.setTimeout(240_000);
// The certificates of this test are signed by nobody.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const { cert, key } = makeCertificates(t);

// nginx hands the prefix on, Caddy takes it away.
for (const { name, program, start } of [proxies.nginxBelowAPath, proxies.caddyBelowAPath]) {
  const skip = skipWithout(program, name.split('/')[0] ?? name) || skipWithout(chromiumProgram, 'Chromium');
  t.test(`deploy/${name}: a person goes live and others watch, everything below the path`, { skip }, async (t) => {
    const port = await freePort();
    const base = `https://localhost:${String(port)}/onair`;
    const onair = await startOnair(t, { PUBLIC_URL: base });
    await start(t, { upstreamPort: onair.port, port, cert, key });

    const first = await fetch(`${base}?key=x`, { redirect: 'manual' });
    t.equal(first.status, 308);
    t.equal(new URL(first.headers.get('location') ?? '', base).pathname, '/onair/');

    const context = await (await launchChromium(t)).newContext({ ignoreHTTPSErrors: true });
    const [studio, watch] = [await context.newPage(), await context.newPage()];
    const outside: string[] = [];
    for (const page of [studio, watch]) {
      page.on('request', (request) => {
        const url = request.url();
        if (/^(https?|wss?):/.test(url) && !url.replace(/^ws/, 'http').startsWith(`${base}/`)) outside.push(url);
      });
    }
    const complaints = [complaintsOf(studio), complaintsOf(watch)];
    const server = { origin: base, key: onair.key, segmentsDir: '', rtmpUrl: () => '', publishUrl: () => '', hlsUrl: () => '', close: () => Promise.resolve() };
    await goLiveAndWatch(t, server, chromiumPage(studio), chromiumPage(watch), 'below');
    t.strictSame(outside, [], 'nothing is asked for outside of the path');
    t.strictSame(complaintsBeside(complaints.flat(), `404 ${new URL(base).pathname}/api/streams/below`), []);
  });
}
