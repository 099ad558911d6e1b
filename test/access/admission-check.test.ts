import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { AdmissionCheck } from '../../src/access/admission-check.js';

async function startService(t: Test, answer: (response: ServerResponse, body: Record<string, unknown>) => void): Promise<{ url: string; asked: Record<string, unknown>[] }> {
  const asked: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += String(chunk)));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      asked.push(body);
      answer(response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`, asked };
}

const viewer = { action: 'view', stream: 'cam', address: '192.0.2.1', token: 'ticket' } as const;

t.test('2xx lets pass, 4xx refuses in the words of the service, all else refuses for now', async (t) => {
  const table: [number, string, { code: string; message?: string } | undefined][] = [
    [200, '', undefined],
    [204, '', undefined],
    [403, '{"message":"members only"}', { code: 'unauthorized', message: 'members only' }],
    [404, 'not json', { code: 'unauthorized', message: 'watching "cam" is not allowed' }],
    [403, `{"message":"${'x'.repeat(100_000)}"}`, { code: 'unauthorized', message: 'watching "cam" is not allowed' }],
    [500, '', { code: 'unavailable' }],
    [302, '', { code: 'unavailable' }],
  ];
  for (const [status, body, refusal] of table) {
    const { url, asked } = await startService(t, (response) => response.writeHead(status, { location: '/elsewhere' }).end(status === 204 ? undefined : body));
    const check = new AdmissionCheck({ url, timeoutMs: 5000, cacheMs: 0 });
    if (refusal) await t.rejects(check.require(viewer), refusal, String(status));
    else await t.resolves(check.require(viewer), String(status));
    t.strictSame(asked, [viewer]);
  }
});

t.test('no answer is a no, and soon', async (t) => {
  const silent = await startService(t, () => undefined);
  await t.rejects(new AdmissionCheck({ url: silent.url, timeoutMs: 50, cacheMs: 0 }).require(viewer), { code: 'unavailable' });
  const halting = await startService(t, (response) => response.writeHead(200).write('{'));
  await t.rejects(new AdmissionCheck({ url: halting.url, timeoutMs: 50, cacheMs: 0 }).require(viewer), { code: 'unavailable' });
  await t.rejects(new AdmissionCheck({ url: 'http://127.0.0.1:1/', timeoutMs: 1000, cacheMs: 1000 }).require(viewer), { code: 'unavailable' });
});

t.test('an answer counts for a moment, for the same question only; failures do not count', async (t) => {
  let nowMs = 0;
  let status = 500;
  const { url, asked } = await startService(t, (response) => response.writeHead(status).end());
  const check = new AdmissionCheck({ url, timeoutMs: 5000, cacheMs: 1000, now: () => nowMs });
  await t.rejects(check.require(viewer));
  status = 200;
  await Promise.all([1, 2, 3].map(() => check.require(viewer)));
  await check.require(viewer);
  t.equal(asked.length, 2, 'asked together, answered together');
  for (const other of [{ ...viewer, stream: 'other' }, { ...viewer, address: '192.0.2.2' }, { ...viewer, token: 'stolen' }]) await check.require(other);
  t.equal(asked.length, 5);
  status = 403;
  nowMs = 999;
  await check.require(viewer);
  nowMs = 1000;
  await t.rejects(check.require(viewer), { code: 'unauthorized' });
});
