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

t.test('whatever the service is sent makes another question of it', async (t) => {
  const { url, asked } = await startService(t, (response) => response.writeHead(200).end());
  const check = new AdmissionCheck({ url, timeoutMs: 5000, cacheMs: 60_000, now: () => 0 });
  const whole = { ...viewer, userAgent: 'one', key: 'server', query: { ticket: '7' } };
  const others = [{ action: 'publish' }, { stream: 'other' }, { address: '192.0.2.2' }, { userAgent: 'two' }, { key: 'another' }, { query: { ticket: '8' } }, { token: 'other' }] as const;
  await check.require(whole);
  for (const other of others) await check.require({ ...whole, ...other });
  t.equal(asked.length, others.length + 1);
  for (const other of others) await check.require({ ...whole, ...other });
  t.equal(asked.length, others.length + 1);
});

t.test('so many questions wait for the service and no more, of one address and in all; then there is room again', async (t) => {
  const waiting: ServerResponse[] = [];
  const { url } = await startService(t, (response) => void waiting.push(response));
  const check = new AdmissionCheck({ url, timeoutMs: 60_000, cacheMs: 1000 });
  const ask = (address: string, token: number): Promise<void> => check.require({ ...viewer, address, token: String(token) });
  const one = Array.from({ length: 32 }, (_, token) => ask('192.0.2.1', token));
  await t.rejects(ask('192.0.2.1', 32), { code: 'unavailable', retryAfterSeconds: 1 });
  const all = Array.from({ length: 224 }, (_, index) => ask(`198.51.100.${index}`, 0));
  await t.rejects(ask('203.0.113.1', 0), { code: 'unavailable' });
  t.equal(check.underWay, 256);
  const open = setInterval(() => waiting.splice(0).forEach((response) => response.writeHead(200).end()), 5);
  t.teardown(() => clearInterval(open));
  await Promise.all([...one, ...all]);
  t.equal(check.underWay, 0);
  await t.resolves(ask('192.0.2.1', 32));
});

t.test('made-up tokens use up what an address may ask; who was let pass from there before goes on watching', async (t) => {
  let nowMs = 0;
  const { url, asked } = await startService(t, (response, { token }) => response.writeHead(token === 'ticket' ? 200 : 403).end());
  const check = new AdmissionCheck({ url, timeoutMs: 5000, cacheMs: 100, now: () => nowMs });
  await check.require(viewer);
  for (let index = 0; index < 120; index++) await t.rejects(check.require({ ...viewer, token: `made-up-${index}` }), { code: 'unauthorized' });
  t.equal(asked.length, 121);
  await t.rejects(check.require({ ...viewer, token: 'one-more' }), { code: 'unavailable' });
  t.equal(asked.length, 121, 'the service is not asked');
  nowMs = 200;
  await t.resolves(check.require(viewer));
  t.equal(asked.length, 122, 'it was asked anew');
  await t.resolves(check.require({ ...viewer, address: '192.0.2.2' }), 'and other addresses are');
  nowMs = 2000;
  await t.rejects(check.require({ ...viewer, token: 'later' }), { code: 'unauthorized' });
});

t.test('refusals push out no answer that let somebody pass', async (t) => {
  const { url, asked } = await startService(t, (response, { token }) => response.writeHead(token === 'ticket' ? 200 : 403).end());
  const check = new AdmissionCheck({ url, timeoutMs: 5000, cacheMs: 1000, now: () => 0 });
  await check.require(viewer);
  for (let index = 0; index < 1100; index += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, more) => t.rejects(check.require({ ...viewer, address: `10.0.${index >> 8}.${(index + more) & 255}`, token: `made-up-${index + more}` }))));
  }
  const before = asked.length;
  await check.require(viewer);
  t.equal(asked.length, before);
});
