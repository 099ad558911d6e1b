import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { buildApp } from '../src/app.js';
import { loadConfig } from '../src/config.js';
import { greeting, reachableOrigins } from '../src/greeting.js';
import type { IngestMessage } from '../src/protocol/ingest-messages.js';
import { liveStreamUrls } from '../src/protocol/urls.js';
import { DemoPublisher } from './demo/demo-publisher.js';
import { startTestCard } from './demo/test-card.js';

const stream = 'demo';
const publicDir = fileURLToPath(new URL('../public', import.meta.url));

try {
  const config = loadConfig({ LOG_LEVEL: 'warn', STOP_LINGER_SECONDS: '0', ...process.env }, publicDir);
  const app = await buildApp(config, { publicDir });
  if (typeof app.ffmpeg === 'string') throw new Error(app.ffmpeg);
  await app.http.listen({ host: config.HOST, port: config.PORT, listenTextResolver: () => 'listening' });

  const { port } = app.http.server.address() as AddressInfo;
  const place = { host: config.HOST, port, secure: config.tls !== undefined, interfaces: networkInterfaces() };
  say(greeting({ ...app, ...place, publicUrl: config.PUBLIC_URL }));
  const [origin = '', ...others] = reachableOrigins(place);
  const { publish, watch, hls } = liveStreamUrls(origin, stream);
  const elsewhere = others.map((other) => `\n  watch      ${liveStreamUrls(other, stream).watch}`).join('');

  const onMessage = (message: IngestMessage): void => {
    if (message.type === 'warning') say(`  warning    ${message.message}`);
    if (message.type === 'live') say(`\nThe demo is on air: a test card with a clock, and a beep every second. Ctrl-C ends it.\n  watch      ${watch}${elsewhere}\n  VLC        ${hls}`);
  };
  const publisher = new DemoPublisher({ url: publish, key: app.publishKey, onMessage });
  const testCard = await startTestCard(app.ffmpeg.path);

  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    testCard.kill('SIGKILL');
    await publisher.close();
    await app.http.close();
  };
  closeWithGrace({ delay: 8000, logger: false }, async ({ err }) => {
    if (err) process.stderr.write(`onair demo: ${err.message}\n`);
    await stop();
  });
  const sending = publisher.send(testCard.stdout).then(() => 'the test card came to its end');
  const why = await Promise.race([sending, publisher.closed]);
  if (!stopping.signal.aborted) {
    await stop();
    throw new Error(why);
  }
} catch (error) {
  process.stderr.write(`onair demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
