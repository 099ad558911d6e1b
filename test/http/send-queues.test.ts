import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { endianness } from 'node:os';
import t from 'tap';
import { SendQueues, type ReadTable } from '../../src/http/send-queues.js';

/** Rows as proc_pid_net(5) shows them, from a machine of little-endian words. */
const tables = {
  tcp: [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 648 1 0000000023f2d3a0 100 0 0 10 0',
    '   1: 0201A8C0:1F90 070200C0:C001 01 0001E240:00000000 01:00000014 00000000     0        0 649 2 0000000023f2d3a1 20 4 30 10 -1',
    '10002: 0201A8C0:1F90 070200C0:C002 01 00000007:00000000 01:00000014 00000000     0        0 649 2 0000000023f2d3a1 20 4 30 10 -1',
  ],
  tcp6: [
    '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0000000000000000FFFF00000201A8C0:1F90 0000000000000000FFFF0000070200C0:C001 01 00000011:00000000 01:00000014 00000000     0        0 649 2 0000000023f2d3a1 20 4 30 10 -1',
    '   1: B80D01200000000000000000010000FE:1F90 B80D0120000034120000000078560000:C001 01 00000022:00000000 01:00000014 00000000     0        0 649 2 0000000023f2d3a1 20 4 30 10 -1',
    '   2: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:C001 01 00000033:00000000 01:00000014 00000000     0        0 649 2 0000000023f2d3a1 20 4 30 10 -1',
  ],
};

/** In pieces that end anywhere, as reads do. */
const readTable: ReadTable = async function* (name) {
  const text = tables[name].join('\n') + '\n';
  for (let at = 0; at < text.length; at += 100) yield text.slice(at, at + 100);
};

// What is watched keeps no process alive.
const awake = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(awake));

/** What one that is watched is told next. */
function told(queues: SendQueues, [localAddress, remoteAddress]: readonly [string, string], remotePort = 0xc001): Promise<number> {
  return new Promise((resolve) => {
    const stop = queues.watch({ localAddress, localPort: 0x1f90, remoteAddress, remotePort }, (bytes) => {
      stop();
      resolve(bytes);
    });
  });
}

t.test('a connection is found by both of its ends, in every way that Node writes them', { skip: endianness() === 'BE' && 'the rows are those of a little-endian machine' }, async (t) => {
  const queues = new SendQueues({ readTable, intervalMs: 5 });
  const each = (local: string, remote: string, port?: number): Promise<number> => told(queues, [local, remote], port);
  t.equal(await each('192.168.1.2', '192.0.2.7'), 123_456);
  t.equal(await each('192.168.1.2', '192.0.2.7', 0xc002), 7, 'however far down it is');
  t.equal(await each('::ffff:192.168.1.2', '::ffff:192.0.2.7'), 0x11, 'IPv4 on a socket of IPv6');
  t.equal(await each('2001:db8::fe00:1', '2001:db8:1234::5678'), 0x22);
  t.equal(await each('::1', '::1'), 0x33);
  t.equal(await each('::1%lo', '::1%lo'), 0x33, 'with a zone');
  t.equal(await each('192.168.1.2', '192.0.2.8'), 0, 'nothing is known of one that is not there');
});

t.test('nobody is asked for longer than it is watched, and nothing is read when nobody is', async (t) => {
  let reads = 0;
  const counting: ReadTable = (name) => {
    reads++;
    return readTable(name);
  };
  const queues = new SendQueues({ readTable: counting, intervalMs: 5 });
  await told(queues, ['192.168.1.2', '192.0.2.7']);
  await told(queues, ['192.168.1.2', '192.0.2.7']);
  const before = reads;
  const another = new SendQueues({ readTable, intervalMs: 5 });
  for (let time = 0; time < 4; time++) await told(another, ['192.168.1.2', '192.0.2.7']);
  t.equal(reads, before);
});

t.test('where it can not be read, not in time, or is too long, nothing is said to be held', async (t) => {
  const ends = ['192.168.1.2', '192.0.2.7'] as const;
  const refused: ReadTable = () => {
    throw new Error('EACCES');
  };
  t.equal(await told(new SendQueues({ readTable: refused, intervalMs: 5 }), ends), 0);
  const hanging: ReadTable = async function* (name) {
    yield* readTable(name);
    await new Promise(() => undefined);
  };
  t.equal(await told(new SendQueues({ readTable: hanging, intervalMs: 5 }), ends), 0);
  let given = 0;
  const endless: ReadTable = async function* () {
    for (;;) {
      given += 100;
      yield `${tables.tcp[1] ?? ''}\n`.repeat(100);
    }
  };
  t.equal(await told(new SendQueues({ readTable: endless, intervalMs: 5 }), ends), 0);
  t.ok(given < 30_000, `${given} rows were read`);
});

t.test('what a client does not read is held here, and nothing when it has read it', { skip: process.platform !== 'linux' && 'only Linux tells' }, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen(0, host);
    const couldListen = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    if (!couldListen) {
      t.comment(`there is no ${host} here`);
      continue;
    }
    const client = connect((server.address() as AddressInfo).port, host).pause();
    const [near] = (await once(server, 'connection')) as [Socket];
    t.teardown(() => {
      client.destroy();
      near.destroy();
      server.close();
    });
    const queues = new SendQueues({ intervalMs: 20 });
    t.teardown(() => queues.close());
    const until = (isSo: (bytes: number) => boolean): Promise<number> =>
      new Promise((resolve) => {
        const stop = queues.watch(near, (bytes) => {
          if (!isSo(bytes)) return;
          stop();
          resolve(bytes);
        });
      });
    near.write(Buffer.alloc(20_000_000));
    await until((bytes) => bytes > 0);
    // All that Node does not hold is either here or with the client.
    const held = await until((bytes) => bytes > 50_000);
    t.ok(held < 20_000_000, `${held} bytes are held`);
    client.resume();
    t.equal(await until((bytes) => bytes === 0), 0);
  }
});
