import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { refusalError } from '../../../src/web/sdk/errors.js';
import { explainRefusal } from '../../../src/web/sdk/refusal.js';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** A server that gives these answers by path. */
async function serve(t: { teardown(release: () => void): void }, answers: Readonly<Record<string, Answer>>): Promise<string> {
  const server = createServer((request, response) => {
    const { status, body } = answers[new URL(request.url ?? '/', 'http://host').pathname] ?? { status: 404 };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/live/s/publish?key=k`;
}

t.test('the code in the server’s answer is the reason', async (t) => {
  const url = await serve(t, { '/live/s/publish': { status: 401, body: { code: 'unauthorized', message: 'the publish key is wrong' } } });
  t.equal((await explainRefusal(url))?.code, 'unauthorized');
});

t.test('where only the upgrade is missing, it is WebSockets that do not come through', async (t) => {
  const url = await serve(t, { '/live/s/publish': { status: 426, body: { code: 'malformed' } } });
  const explained = await explainRefusal(url);
  t.match(explained, { code: 'no-upgrade', retryable: true });
  if (explained !== undefined) t.match(refusalError(explained), { reason: 'unreachable', retryable: true, message: /WebSocket/ });
});

t.test('a server that does not answer, or not as Onair does, explains nothing', async (t) => {
  t.equal(await explainRefusal('ws://127.0.0.1:1/live/s/publish'), undefined);
  t.equal(await explainRefusal(await serve(t, { '/live/s/publish': { status: 502, body: 'bad gateway' } })), undefined);
});
