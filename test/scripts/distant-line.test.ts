import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { distantOrigin } from '../../scripts/bench/distant-line.js';

t.test('a server from afar answers a round trip later, with the very same bytes in their order', async (t) => {
  const body = Buffer.from(Array.from({ length: 500_000 }, (_, index) => index % 251));
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      for (let at = 0; at < body.length; at += 50_000) response.write(body.subarray(at, at + 50_000));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const origin = await distantOrigin(t, `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, 80);
  const began = performance.now();
  const answer = await fetch(origin, { method: 'POST', body: 'a question' });
  const firstMs = performance.now() - began;
  t.ok(Buffer.from(await answer.arrayBuffer()).equals(body));
  // Timers may be a millisecond early, each.
  t.ok(firstMs >= 77, `${firstMs.toFixed(1)} ms`);
});
