import { connect } from 'node:net';
import t from 'tap';
import { listen, startFakeServer, testKey } from './fake-server.js';

const authorization = `Bearer ${testKey}`;

t.test('what a publisher sends to measure its uplink is counted, and begins no broadcast', async (t) => {
  const { app, broadcasts } = await startFakeServer(t);
  const address = await listen(app);
  for (const size of [0, 1, 2 * 1024 * 1024]) {
    const answer = await fetch(`http://${address}/live/cam/uplink-test`, { method: 'POST', headers: { authorization }, body: new Uint8Array(size) });
    t.equal(answer.status, 200);
    t.match(await answer.json(), { bytes: size, milliseconds: Number });
  }
  t.equal(broadcasts.get('cam'), undefined);
});

t.test('nobody without the key measures anything, nor more than four megabytes', async (t) => {
  const { app } = await startFakeServer(t);
  const address = await listen(app);
  const ask = async (headers: Record<string, string>, size: number): Promise<number> =>
    (await fetch(`http://${address}/live/cam/uplink-test`, { method: 'POST', headers, body: new Uint8Array(size) })).status;
  t.equal(await ask({}, 10), 401);
  t.equal(await ask({ authorization: 'Bearer wrong' }, 10), 401);
  t.equal(await ask({ authorization }, 4 * 1024 * 1024), 200, 'so much may come');
  t.equal(await ask({ authorization }, 4 * 1024 * 1024 + 1), 413);
});

t.test('a few measure at the same time, and the place of one that goes away is free again', async (t) => {
  const { app } = await startFakeServer(t);
  const address = await listen(app);
  const [host, port] = address.split(':');
  const slow = Array.from({ length: 4 }, () => {
    const socket = connect({ host: host ?? '', port: Number(port) });
    socket.on('error', () => undefined);
    socket.write(`POST /live/cam/uplink-test HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-length: 100\r\n\r\nbeginning`);
    t.teardown(() => socket.destroy());
    return socket;
  });
  const measure = async (): Promise<number> => (await fetch(`http://${address}/live/cam/uplink-test`, { method: 'POST', headers: { authorization }, body: 'x' })).status;
  while ((await measure()) !== 503) await new Promise(setImmediate);
  t.pass('a fifth is told to wait');
  for (const socket of slow) socket.destroy();
  while ((await measure()) !== 200) await new Promise(setImmediate);
  t.pass('until the others are gone');
});
